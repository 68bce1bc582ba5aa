"""Tasks that do nothing, two processes: a generated service against taskiq and dramatiq.

Each has its own defaults, and a peer writes no line about a task. All acknowledge a task when it is
done, so all of them run one twice at times. They differ in what becomes of the tasks of a worker
that is killed:

- A generated service puts them back after 20 s without a sign of life, and bounds how often. A task
  whose process alone is killed runs again at once.
- taskiq gives what has been pending for 10 minutes to another worker, with the next new message. A
  task that runs for longer is run twice, too. The stream keeps all messages unless it is bounded.
- dramatiq puts them back after 60 s without a sign of life, when one command of a thousand looks.

A service runs a task in a process of its own, which a time limit ends; taskiq runs 100 tasks at a
time in each process and dramatiq 8, and both fetch as many beforehand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec

from benchmarks.drain import drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round
from benchmarks.workers import APPS, BLIND, CHILDREN, Worker, generated, service

RESULTS = "service with results"

WITH_RESULTS = {"BENCH_TASK": "with results"}
WITHOUT_RESULTS = {"BENCH_RESULTS": ""}

TASKIQ_OPTIONS = ("--workers", str(CHILDREN), "--log-level", "WARNING")
DRAMATIQ_OPTIONS = ("--processes", str(CHILDREN))


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    ours = generated(folder)
    services = {
        "service": ours,
        RESULTS: ours.where(**WITH_RESULTS),
        "service without logs and metrics": ours.where(**BLIND),
        "the same with results": ours.where(**BLIND, **WITH_RESULTS),
    }

    def measuring(workers: dict[str, Worker], tasks: int) -> dict[str, Callable[[], Round]]:
        return {name: partial(drain, worker, folder, tasks) for name, worker in workers.items()}

    # Some peers have done a few hundred before we look.
    few, many = setup.amount(4000, 300), setup.amount(10_000, 2000)
    return measuring(setup.chosen(services, RESULTS), few) | measuring(peers(), many)


def peers() -> dict[str, Worker]:
    """Return the peers that are installed, and say how to install those that are not."""
    if not (find_spec("taskiq_redis") and find_spec("dramatiq")):
        print("taskiq and dramatiq are not installed: uv pip install --group peers")
        return {}
    dramatiq = peer("dramatiq", "dramatiq_app", *DRAMATIQ_OPTIONS)
    return {
        "taskiq with results": peer("taskiq", "worker", "taskiq_app:broker", *TASKIQ_OPTIONS),
        "dramatiq with results": dramatiq,
        "dramatiq": dramatiq.where(**WITHOUT_RESULTS),
    }


def peer(library: str, *arguments: str) -> Worker:
    """Return the worker of a library, of whose task `apps/` has a module."""
    publish = (sys.executable, "publish_peer.py", f"{library}_app")
    return Worker(APPS, ("python", "-m", library, *arguments), publish)


FIGURE = Figure(
    "peers",
    "Tasks that do nothing, two processes, beside other libraries",
    prepare,
    # As near to them as it gets.
    targets=(),
    brokers=("redis",),
)
