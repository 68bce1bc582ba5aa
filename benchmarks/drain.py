"""Lets workers do what waits for them, and measures what that takes."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from redis import Redis

from benchmarks import servers
from benchmarks.turns import Round
from benchmarks.workers import Worker
from tests.harness import clean_environment

EDGE = 0.1
"""The part of the tasks at either end that is left out: workers start and stop there."""

PATIENCE = 600.0
"""Seconds after which we take it that something stands still."""


def drain(worker: Worker, service: Path, tasks: int, nodes: int = 1) -> Round:
    """Send tasks, start workers, and measure until almost all are done.

    Args:
        worker: who does them.
        service: the folder of the service whose servers are used.
        tasks: how many.
        nodes: how many such workers. Several must be of a generated service, and are measured
            once all are ready.

    Raises:
        subprocess.CalledProcessError: when the tasks cannot be sent.
        RuntimeError: when the workers stand still, or are done before all are ready.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        done = folder / "done"
        environment = prepare(stack.enter_context(servers.running(service)), worker, done)
        publish(worker, environment, tasks)
        pids = [
            stack.enter_context(running(worker, environment, folder, number))
            for number in range(nodes)
        ]
        broker = environment["CELERY_BROKER_URL"]
        server = servers.process(broker)
        begin, end = int(tasks * EDGE), int(tasks * (1 - EDGE))
        wait_until(lambda: count(done) >= begin, f"{begin} tasks of {worker.command}", folder)
        if nodes > 1:
            wait_until(lambda: ready(folder) == nodes, f"{nodes} ready workers", folder)
        before, first = spent(pids, server, broker), count(done)
        if first >= end:
            raise RuntimeError(f"{tasks} tasks are too few for {nodes} workers")
        wait_until(lambda: count(done) >= end, f"{end} tasks of {worker.command}", folder)
        after, last = spent(pids, server, broker), count(done)
        stamps = read(done)
    part = last - first
    rate = part / (stamps[last - 1] - stamps[first - 1])
    return {"tasks/s": rate, **{unit: (after[unit] - before[unit]) / part for unit in before}}


def prepare(found: Mapping[str, str], worker: Worker, done: Path) -> dict[str, str]:
    """Return the variables of a worker and of who sends it tasks.

    Args:
        found: those that lead to the servers.
        worker: the worker.
        done: the file in which tasks note that they are done.
    """
    return {
        **clean_environment(),
        **found,
        "BENCH_RESULTS": found.get("CELERY_RESULT_BACKEND", ""),
        "BENCH_DONE": str(done),
        "METRICS_DIR": str(done.parent / "metrics"),
        **worker.environment,
    }


def publish(worker: Worker, environment: Mapping[str, str], tasks: int) -> None:
    """Send tasks to a worker."""
    command = [*worker.publish, str(tasks)]
    subprocess.run(command, cwd=worker.folder, env=environment, check=True)


@contextmanager
def running(
    worker: Worker, environment: Mapping[str, str], folder: Path, number: int = 0
) -> Iterator[int]:
    """Run a worker, and yield the number of its process.

    Args:
        worker: the worker.
        environment: all its variables.
        folder: where its log is.
        number: of several such workers.
    """
    name = f"worker-{number}"
    own = {"HEALTH_DIR": str(folder / f"health-{number}"), "WORKER_NAME": name}
    with (folder / f"log-{number}").open("wb") as log:
        process = subprocess.Popen(
            [part.format(name=name) for part in worker.command],
            cwd=worker.folder,
            env={**environment, **own},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def wait_until(condition: Callable[[], bool], what: str, folder: Path) -> None:
    """Wait for a condition.

    Args:
        condition: it.
        what: what it is called in the error.
        folder: where the logs are that the error shows.

    Raises:
        RuntimeError: when it does not come.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            logs = "\n".join(log.read_text()[-2000:] for log in sorted(folder.glob("log-*")))
            raise RuntimeError(f"no {what} in {PATIENCE:.0f} s\n{logs}")
        time.sleep(0.005)


def ready(folder: Path) -> int:
    """Return how many workers of a generated service are ready."""
    return len([*folder.glob("health-*/*.ready")])


def count(done: Path) -> int:
    """Return how many tasks are done."""
    return done.stat().st_size // 8 if done.exists() else 0


def read(done: Path) -> list[float]:
    """Return when each task was done, in order, in seconds."""
    content = done.read_bytes()
    return sorted(stamp for (stamp,) in struct.iter_unpack("d", content[: len(content) // 8 * 8]))


def spent(pids: list[int], server: psutil.Process, broker: str) -> dict[str, float]:
    """Return what workers have cost up to now, by the unit of what that is for one task.

    Args:
        pids: the main processes of the workers.
        server: the process of the broker.
        broker: its URL.
    """
    workers = [psutil.Process(pid) for pid in pids]
    costs = {
        "CPU ms/task": 1000 * sum(map(cpu_seconds, workers)),
        "main CPU ms/task": 1000 * sum(map(own_cpu_seconds, workers)),
        "broker CPU ms/task": 1000 * own_cpu_seconds(server),
    }
    if broker.startswith("redis"):
        redis: Any = Redis.from_url(broker)
        costs["round trips/task"] = redis.info("stats")["total_reads_processed"]
    return costs


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, of those that it runs, and of those that have ended."""
    times = process.cpu_times()
    ended = float(times.children_user + times.children_system)
    running = 0.0
    for child in process.children(recursive=True):
        # One that ends meanwhile is among those that have ended, the next time.
        with suppress(psutil.NoSuchProcess):
            running += own_cpu_seconds(child)
    return own_cpu_seconds(process) + ended + running


def own_cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process alone."""
    times = process.cpu_times()
    return float(times.user + times.system)
