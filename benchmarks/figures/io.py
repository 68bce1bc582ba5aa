"""Tasks that wait 100 ms, 100 at a time: threads and gevent against Celery and the recipe.

The recipe in gevent has too few connections to its broker: of 10 at most, it needs one for each
task that ends. On Redis, acknowledgements fail then, the worker connects anew, and tasks run twice.
A second run counts as a task here, so the recipe's rate is rather too good. A variant has as many
connections as it needs. On RabbitMQ, Celery 5.7 acknowledges in this pool when the next message
comes, and the next one comes once the last was acknowledged: one task after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import RATE, drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import Worker, celery, generated, service

BARE, RECIPE = "bare Celery, threads", "the recipe, gevent"
MENDED = "the recipe, gevent, enough connections"
THREADS, GEVENT = "service, threads", "service, gevent"

AT_A_TIME = "100"
WAIT = "0.1"
"""How long a task waits, in seconds."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    many, few = setup.amount(3000, 150), setup.amount(500, 150)

    def measuring(worker: Worker, tasks: int = many) -> Callable[[], Round]:
        return lambda: drain(worker.where(BENCH_WAIT=WAIT), folder, tasks)

    def pool(name: str, limits: str) -> Worker:
        worker = generated(folder, WORKER_POOL=name, WORKER_IGNORE_LIMITS=limits)
        return worker.where(WORKER_CONCURRENCY=AT_A_TIME)

    recipe = celery("recipe", "--pool=gevent", f"-c{AT_A_TIME}")
    mended = {MENDED: measuring(recipe.where(BENCH_CONNECTIONS="200"))}
    return {
        BARE: measuring(celery("bare", "--pool=threads", f"-c{AT_A_TIME}")),
        # Of this one, more would take minutes.
        RECIPE: measuring(recipe, few),
        **(mended if setup.broker == "redis" else {}),
        THREADS: measuring(pool("threads", "all")),
        GEVENT: measuring(pool("gevent", "soft")),
    }


FIGURE = Figure(
    "io",
    "Tasks that wait 100 ms, 100 at a time in one process",
    prepare,
    (
        Target(RATE, THREADS, BARE, at_least=1.0),
        Target(RATE, THREADS, RECIPE, at_least=4.0),
    ),
)
