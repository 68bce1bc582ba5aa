"""The service's own transport for Redis against the stock one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import BLIND, generated, service

OURS, STOCK = "reliable", "stock"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks = setup.amount(4000, 300)

    def measure(transport: str) -> Round:
        return drain(generated(folder, REDIS_TRANSPORT=transport, **BLIND), folder, tasks)

    return {STOCK: lambda: measure("stock"), OURS: lambda: measure("reliable")}


FIGURE = Figure(
    "transport",
    "The transport for Redis",
    prepare,
    (
        Target("tasks/s", OURS, STOCK, at_least=1.2),
        Target("round trips/task", OURS, STOCK, at_most=1.0),
    ),
    brokers=("redis",),
)
