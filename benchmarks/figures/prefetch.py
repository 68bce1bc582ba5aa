"""How many messages a worker has for each process: whether more than one gains anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round
from benchmarks.workers import generated, service

MULTIPLIERS = {"1 for each": 1, "2 for each": 2, "4 for each": 4}


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks = setup.amount(4000, 300)

    def measuring(multiplier: int) -> Callable[[], Round]:
        worker = generated(folder, WORKER_PREFETCH_MULTIPLIER=str(multiplier))
        return lambda: drain(worker, folder, tasks)

    multipliers = setup.chosen(MULTIPLIERS, "4 for each")
    return {name: measuring(multiplier) for name, multiplier in multipliers.items()}


FIGURE = Figure("prefetch", "Messages that a worker has for each process", prepare, ())
