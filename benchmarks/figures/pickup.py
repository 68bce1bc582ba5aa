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
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, quantiles

from benchmarks.figure import Figure, Setup
from benchmarks.stage import Stage, stage
from benchmarks.turns import Round, Target
from benchmarks.workers import generated, service

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
    with stage(worker, service) as on:
        on.done.touch()
        on.start(workers)
        on.wait_until_ready(workers)
        said = send(on, workers, times)
        started = on.stamps()[-len(said["sent"]) :]
    waits = [1000 * (start - send) for start, send in zip(started, said["sent"], strict=True)]
    percents = quantiles(waits, n=100, method="inclusive")
    return {MEDIAN: percents[49], MOST: percents[98], WOKEN: mean(said["woken"])}


def send(on: Stage, warm_up: int, times: int) -> dict[str, list[float]]:
    """Send tasks one at a time, and return what the sender says.

    Args:
        on: where the workers are.
        warm_up: how many tasks each queue gets before.
        times: how many it gets then.
    """
    numbers = map(str, (warm_up, times, *on.pids))
    said: dict[str, list[float]] = json.loads(on.send("send_singly.py", *numbers))
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
