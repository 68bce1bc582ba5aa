"""Whether a worker is slower when very many messages wait.

A worker is started several times, and each time the same part of its first thousand tasks is
measured. What it has done is sent again, so about as many wait each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.drain import RATE
from benchmarks.figure import Figure, Setup
from benchmarks.stage import Stage, stage
from benchmarks.turns import Round, Target
from benchmarks.workers import Worker, generated, service

SHALLOW, MIDDLE, DEEP = "1,000 wait", "10,000 wait", "100,000 wait"

PART = 0.1, 0.9
"""Between which parts of its tasks after a start the rate is measured."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks, starts = setup.amount(1000, 100), setup.amount(3, 1)

    def measuring(depth: int) -> Callable[[], Round]:
        return lambda: rate(generated(folder), folder, depth, tasks, starts)

    variants = {
        SHALLOW: measuring(tasks),
        MIDDLE: measuring(10_000),
        DEEP: measuring(setup.amount(100_000, 3_000)),
    }
    return setup.chosen(variants, SHALLOW, DEEP)


def rate(worker: Worker, service: Path, depth: int, tasks: int, starts: int) -> Round:
    """Start a worker on a queue several times, and measure how fast it begins to empty it.

    Args:
        worker: the worker.
        service: the folder of the service whose servers are used.
        depth: how many messages wait, about.
        tasks: how many are done at least before the worker is stopped.
        starts: how many times.
    """
    seconds = 0.0
    first, last = (int(part * tasks) for part in PART)
    with stage(worker, service) as on:
        fill(on, depth)
        for start in range(starts):
            on.start()
            on.wait_for_tasks(tasks)
            on.stop()
            stamps = on.stamps()
            seconds += stamps[last - 1] - stamps[first - 1]
            if start < starts - 1:
                on.done.unlink()
                fill(on, len(stamps))
    return {RATE: starts * (last - first) / seconds}


def fill(on: Stage, tasks: int) -> None:
    """Let so many messages more wait for a worker."""
    on.send("fill.py", "service_task", str(tasks))


FIGURE = Figure(
    "depth",
    "The rate at which a queue is emptied, by its depth",
    prepare,
    (Target(RATE, DEEP, SHALLOW, at_least=0.9),),
)
