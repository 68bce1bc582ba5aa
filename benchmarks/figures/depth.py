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

PART = 100, 900
"""Between which tasks after a start the rate is measured."""

TASKS = 1000
"""How many tasks are done at least before the worker is stopped."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    middle, deep = setup.amount(10_000, 2_000), setup.amount(100_000, 3_000)
    starts = setup.amount(3, 1)
    return {
        SHALLOW: lambda: rate(generated(folder), folder, TASKS, starts),
        MIDDLE: lambda: rate(generated(folder), folder, middle, starts),
        DEEP: lambda: rate(generated(folder), folder, deep, starts),
    }


def rate(worker: Worker, service: Path, depth: int, starts: int) -> Round:
    """Start a worker on a queue several times, and measure how fast it begins to empty it.

    Args:
        worker: the worker.
        service: the folder of the service whose servers are used.
        depth: how many messages wait, about.
        starts: how many times.
    """
    seconds = 0.0
    first, last = PART
    with stage(worker, service) as on:
        fill(on, depth)
        for start in range(starts):
            on.start()
            on.wait_for_tasks(TASKS)
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
