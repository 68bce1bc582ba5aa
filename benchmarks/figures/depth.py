"""Whether a worker is slower when very many messages wait.

A worker is started several times, and each time the same part of its first thousand tasks is
measured. What it has done is sent again, so about as many wait each time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import servers
from benchmarks.drain import count, read, running, wait_until
from benchmarks.drain import prepare as variables
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import APPS, Worker, generated, service

RATE = "tasks/s"
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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found = variables(stack.enter_context(servers.running(service)), worker, folder / "done")
        fill(worker, found, depth)
        for start in range(starts):
            done = folder / f"done-{start}"
            with running(worker, {**found, "BENCH_DONE": str(done)}, folder):
                wait_until(lambda: count(done) >= TASKS, f"{TASKS} tasks", folder)  # noqa: B023
            stamps = read(done)
            first, last = PART
            seconds += stamps[last - 1] - stamps[first - 1]
            if start < starts - 1:
                fill(worker, found, len(stamps))
    return {RATE: starts * (last - first) / seconds}


def fill(worker: Worker, environment: Mapping[str, str], tasks: int) -> None:
    """Let so many messages more wait for a worker."""
    command = [sys.executable, str(APPS / "fill.py"), "service_task", str(tasks)]
    subprocess.run(command, cwd=worker.folder, env=environment, check=True)


FIGURE = Figure(
    "depth",
    "The rate at which a queue is emptied, by its depth",
    prepare,
    (Target(RATE, DEEP, SHALLOW, at_least=0.9),),
)
