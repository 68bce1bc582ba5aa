"""Tasks that do nothing: a generated service against Celery as it comes, and the common recipe.

The recipe keeps the result of each task, and the service none unless a task asks for it: a variant
has them, too. On RabbitMQ, bare Celery and the recipe are also measured with quorum queues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import CPU, RATE, drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import BLIND, celery, generated, service

BARE, RECIPE = "bare Celery", "the recipe"
ALL, QUIET = "service with Flower", "service without Flower"
BLINDFOLD = "service with Flower, without logs and metrics"
SILENT = "service without Flower, logs and metrics"
RESULTS = "service with Flower, with results"
QUORUM = ", quorum queues"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render the services."""
    with_flower = service(setup.folder / "all", setup.broker, flower=True)
    plain = service(setup.folder / "plain", setup.broker, flower=False)
    tasks = setup.amount(4000, 300)
    keeping_results = generated(with_flower, BENCH_TASK="with results")
    quorum = {
        BARE + QUORUM: lambda: drain(celery("bare").where(BENCH_QUEUES="quorum"), plain, tasks),
        RECIPE + QUORUM: lambda: drain(celery("recipe").where(BENCH_QUEUES="quorum"), plain, tasks),
    }
    variants = {
        BARE: lambda: drain(celery("bare"), plain, tasks),
        RECIPE: lambda: drain(celery("recipe"), plain, tasks),
        **(quorum if setup.broker == "rabbitmq" else {}),
        ALL: lambda: drain(generated(with_flower), with_flower, tasks),
        QUIET: lambda: drain(generated(plain), plain, tasks),
        RESULTS: lambda: drain(keeping_results, with_flower, tasks),
        BLINDFOLD: lambda: drain(generated(with_flower, **BLIND), with_flower, tasks),
        SILENT: lambda: drain(generated(plain, **BLIND), plain, tasks),
    }
    # The figure `peers` has results, too.
    return setup.chosen(variants, BARE, RECIPE, BARE + QUORUM, ALL, BLINDFOLD)


FIGURE = Figure(
    "throughput",
    "Tasks that do nothing, two processes",
    prepare,
    (
        Target(RATE, ALL, BARE, at_least=1.0),
        Target(CPU, ALL, BARE, at_most=1.0),
        Target(RATE, ALL, RECIPE, at_least=1.6),
        Target(RATE, BLINDFOLD, BARE, at_least=1.3),
        Target(RATE, BLINDFOLD, RECIPE, at_least=2.0),
    ),
)
