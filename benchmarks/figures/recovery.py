"""After how many seconds the tasks of killed workers run again elsewhere.

Some workers get a task each, which does not end. Then one more worker starts, and they are killed
with all their processes at once. The recipe is measured on RabbitMQ only: on Redis, its tasks run
again after the visibility timeout, which is an hour. Celery as it comes loses them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from benchmarks.figure import Figure, Setup
from benchmarks.stage import stage
from benchmarks.turns import Round, Target
from benchmarks.workers import Worker, celery, generated, service

RECIPE, OURS = "the recipe", "service"
FIRST, LAST = "s, first task", "s, last task"

HOLD = "600"
"""How long a task takes that is going to be killed, in seconds."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    workers = setup.amount(4, 2)
    ours = generated(folder)
    variants = {OURS: lambda: recover(ours.where(WORKER_CONCURRENCY="1"), ours, folder, workers)}
    if setup.broker == "rabbitmq":
        recipe = celery("recipe", "--without-mingle")
        one = celery("recipe", "--without-mingle", "-c1")
        variants[RECIPE] = lambda: recover(one, recipe, folder, workers)
    return variants


def recover(victim: Worker, heir: Worker, service: Path, victims: int) -> Round:
    """Kill workers, and measure until another one has begun all their tasks.

    Args:
        victim: a worker that does one task at a time.
        heir: a worker that does at least two.
        service: the folder of the service whose servers are used.
        victims: how many are killed.
    """
    with stage(heir, service) as on:
        on.publish(victims)
        on.start(victims, victim, BENCH_HOLD=HOLD)
        on.wait_for_tasks(victims)
        doomed = [each for pid in on.pids for each in with_children(pid)]
        on.start()
        on.publish(1)
        on.wait_for_tasks(victims + 1)
        killed = time.monotonic()
        for each in doomed:
            each.kill()
        on.wait_for_tasks(2 * victims + 1)
        again = on.stamps()[victims + 1 :]
    return {FIRST: again[0] - killed, LAST: again[-1] - killed}


def with_children(pid: int) -> list[psutil.Process]:
    """Return a process and all that it runs."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


FIGURE = Figure(
    "recovery",
    "The tasks of killed workers run again",
    prepare,
    (
        Target(LAST, OURS, at_most=30, broker="redis"),
        Target(LAST, OURS, at_most=10, broker="rabbitmq"),
    ),
)
