"""How soon an idle service begins a task: eight queues, workers with one process each. Many are 20.

A message at a time is sent to any of the queues. What is measured lasts from right before `delay`
to the body of the task, by one clock. On Redis, a worker waits for each queue on a connection, and
the server answers one of them with the message that it takes out of the queue, or each of them
when a second is over. How often messages are taken out is what the server tells us of: it cannot
tell how many processes look at one, but it answers only who gets it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from redis import Redis

from benchmarks import servers
from benchmarks.drain import prepare as variables
from benchmarks.drain import read, running, wait_until
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import APPS, Worker, generated, service

ONE, MANY = "1 worker", "many workers"
MEDIAN, MOST, WAKES = "ms, median", "ms, 99 %", "times taken/task"

QUEUES = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service with eight queues."""
    folder = service(
        setup.folder / "service", setup.broker, task_types=", ".join(QUEUES), flower=False
    )
    times = setup.amount(40, 1)
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
        wait_until(
            lambda: len([*folder.glob("health-*/*.ready")]) == workers, "ready workers", folder
        )
        with counting(environment["CELERY_BROKER_URL"]) as taken:
            sent = send(worker, environment, workers + times)
        started = read(done)
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    waits = [1000 * (start - send) for start, send in zip(started, sent, strict=True)]
    percents = quantiles(waits[workers * len(QUEUES) :], n=100, method="inclusive")
    wakes = {WAKES: sum(taken) / len(sent)} if taken else {}
    return {MEDIAN: percents[49], MOST: percents[98], **wakes}


def send(worker: Worker, environment: Mapping[str, str], times: int) -> list[float]:
    """Send tasks one at a time, and return when, in seconds."""
    command = [sys.executable, str(APPS / "send_singly.py"), str(times)]
    output = subprocess.check_output(command, cwd=worker.folder, env=environment)
    stamps: list[float] = json.loads(output)
    return stamps


@contextmanager
def counting(broker: str) -> Iterator[list[int]]:
    """Yield a list which holds at the end, for Redis, how often each queue was taken from."""
    taken: list[int] = []
    if not broker.startswith("redis"):
        yield taken
        return
    redis: Any = Redis.from_url(broker, decode_responses=True)
    redis.config_set("notify-keyspace-events", "El")
    with redis.pubsub() as notices:
        notices.psubscribe("__keyevent@*__:rpop")
        yield taken
        queues = []
        while notice := notices.get_message(timeout=0.5):
            queues.append(notice["data"])
    taken.extend(queues.count(f"bench.{queue}") for queue in QUEUES)


FIGURE = Figure(
    "pickup",
    "A message for an idle service with 8 queues",
    prepare,
    (
        Target(MOST, ONE, at_most=50),
        Target(MOST, MANY, at_most=50),
        Target(WAKES, ONE, at_most=1, broker="redis"),
        Target(WAKES, MANY, at_most=1, broker="redis"),
    ),
)
