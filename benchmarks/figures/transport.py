"""The service's own transport for Redis against the stock one, and both parsers of redis-py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import RATE, ROUND_TRIPS, drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import APPS, BLIND, generated, service

OURS, STOCK = "reliable", "stock"
PLAIN = "reliable, without hiredis"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks = setup.amount(4000, 300)

    def measuring(**environment: str) -> Callable[[], Round]:
        return lambda: drain(generated(folder, **environment, **BLIND), folder, tasks)

    # There, `import hiredis` fails.
    hidden = f"{folder}:{APPS}:{APPS / 'without_hiredis'}"
    return {
        STOCK: measuring(REDIS_TRANSPORT="stock"),
        OURS: measuring(REDIS_TRANSPORT="reliable"),
        PLAIN: measuring(REDIS_TRANSPORT="reliable", PYTHONPATH=hidden),
    }


FIGURE = Figure(
    "transport",
    "The transport for Redis",
    prepare,
    (
        Target(RATE, OURS, STOCK, at_least=1.2),
        Target(ROUND_TRIPS, OURS, STOCK, at_most=1.0),
    ),
    brokers=("redis",),
)
