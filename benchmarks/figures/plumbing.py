"""What logs, metrics, the base class of tasks and the check of arguments cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import CPU, drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import BLIND, generated, service

NOTHING, EVERYTHING = "no plumbing", "all plumbing"

VARIANTS: dict[str, dict[str, str]] = {
    NOTHING: {**BLIND, "BENCH_TASK": "plain"},
    "base class and check of arguments": BLIND,
    "logs as text": {**BLIND, "LOG_LEVEL": "INFO", "LOG_FORMAT": "text"},
    "logs as JSON": {**BLIND, "LOG_LEVEL": "INFO"},
    "metrics": {"LOG_LEVEL": "WARNING"},
    # A port that is closed.
    "traces, to nobody": {**BLIND, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
    EVERYTHING: {},
}


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks = setup.amount(4000, 300)

    def measuring(settings: dict[str, str]) -> Callable[[], Round]:
        return lambda: drain(generated(folder, **settings), folder, tasks)

    variants = setup.chosen(VARIANTS, NOTHING, EVERYTHING)
    return {name: measuring(settings) for name, settings in variants.items()}


FIGURE = Figure(
    "plumbing",
    "What a service adds to a task",
    prepare,
    (Target(CPU, EVERYTHING, NOTHING, at_most=1.3),),
    brokers=("redis",),
)
