"""How soon an idle service begins a task: eight queues, workers with one process each. Many are 20.

A message at a time is sent to any of the queues. What is measured lasts from right before `delay`
to the body of the task, by one clock.

A worker is woken by a message if its main process does something in the 10 ms from it on: the
operating system counts how often it has waited. Workers wake when nothing is sent, too, so those
that do something in the 10 ms right before a message are taken off. That is why the number of
workers is not a whole one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import mean, quantiles
from tempfile import TemporaryDirectory

from benchmarks import servers
from benchmarks.drain import prepare as variables
from benchmarks.drain import read, ready, running, wait_until
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import APPS, Worker, generated, service

ONE, MANY = "1 worker", "many workers"
MEDIAN, MOST, WOKEN = "ms, median", "ms, 99 %", "workers woken/message"

QUEUES = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service with eight queues."""
    folder = service(
        setup.folder / "service", setup.broker, task_types=", ".join(QUEUES), flower=False
    )
    times = setup.amount(15, 1)
    return {
        ONE: lambda: pick_up(folder, 1, times),
        MANY: lambda: pick_up(folder, setup.amount(20, 2), times),
    }


def pick_up(service: Path, workers: int, times: int) -> Round:
    """Send tasks to idle workers, one at a time.

    Args:
        service: the folder of their service.
        workers: how many workers there are.
        times: how many tasks each queue gets. Each worker gets eight before that do not count.
    """
    worker = generated(service, "queues_task", WORKER_CONCURRENCY="1")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        done = folder / "done"
        done.touch()
        environment = variables(stack.enter_context(servers.running(service)), worker, done)
        pids = [
            stack.enter_context(running(worker, environment, folder, number))
            for number in range(workers)
        ]
        wait_until(lambda: ready(folder) == workers, f"{workers} ready workers", folder)
        said = send(worker, environment, workers, times, pids)
        started = read(done)[-len(said["sent"]) :]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    waits = [1000 * (start - send) for start, send in zip(started, said["sent"], strict=True)]
    percents = quantiles(waits, n=100, method="inclusive")
    return {MEDIAN: percents[49], MOST: percents[98], WOKEN: mean(said["woken"])}


def send(
    worker: Worker, environment: Mapping[str, str], warm_up: int, times: int, pids: list[int]
) -> dict[str, list[float]]:
    """Send tasks one at a time, and return what the sender says.

    Args:
        worker: who does them.
        environment: all variables of the worker.
        warm_up: how many tasks each queue gets before.
        times: how many it gets then.
        pids: the main processes of all workers.
    """
    numbers = map(str, (warm_up, times, *pids))
    command = [sys.executable, str(APPS / "send_singly.py"), *numbers]
    output = subprocess.check_output(command, cwd=worker.folder, env=environment)
    said: dict[str, list[float]] = json.loads(output)
    return said


FIGURE = Figure(
    "pickup",
    "A message for an idle service with 8 queues",
    prepare,
    (
        Target(MOST, ONE, at_most=50),
        Target(MOST, MANY, at_most=50),
        # One, but for chance: two would be more than that.
        Target(WOKEN, ONE, at_most=1.5),
        Target(WOKEN, MANY, at_most=1.5),
    ),
)
