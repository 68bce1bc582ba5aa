"""After how many seconds the tasks of killed workers run again elsewhere.

Some workers get a task each, which does not end. Then one more worker starts, and they are killed
with all their processes at once. The recipe is measured on RabbitMQ only: on Redis, its tasks run
again after the visibility timeout, which is an hour. Celery as it comes loses them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import servers
from benchmarks.drain import count, publish, read, running, wait_until
from benchmarks.drain import prepare as variables
from benchmarks.figure import Figure, Setup
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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        done = folder / "done"
        environment = variables(stack.enter_context(servers.running(service)), heir, done)
        alone = {**environment, **victim.environment, "BENCH_HOLD": HOLD}
        publish(victim, environment, victims)
        pids = [
            stack.enter_context(running(victim, alone, folder, number)) for number in range(victims)
        ]
        wait_until(lambda: count(done) == victims, "tasks begun", folder)
        stack.enter_context(running(heir, environment, folder, victims))
        publish(heir, environment, 1)
        wait_until(lambda: count(done) == victims + 1, "work of the heir", folder)
        doomed = [each for pid in pids for each in with_children(pid)]
        killed = time.monotonic()
        for each in doomed:
            each.kill()
        wait_until(lambda: count(done) == 2 * victims + 1, "tasks begun again", folder)
        again = read(done)[victims + 1 :]
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
