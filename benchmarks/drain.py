"""Lets workers do what waits for them, and measures what that takes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from benchmarks.stage import Stage, stage
from benchmarks.turns import Round
from benchmarks.workers import Worker

RATE, CPU, MAIN_CPU = "tasks/s", "CPU ms/task", "main CPU ms/task"
BROKER_CPU, ROUND_TRIPS = "broker CPU ms/task", "round trips/task"
"""What is measured."""

EDGE = 0.1
"""The part of the tasks at either end that is left out: workers start and stop there."""


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
    begin, end = int(tasks * EDGE), int(tasks * (1 - EDGE))
    with stage(worker, service) as on:
        on.publish(tasks)
        on.start(nodes)
        on.wait_for_tasks(begin)
        if nodes > 1:
            on.wait_until_ready(nodes)
        before, first = spent(on), on.count()
        if first >= end:
            raise RuntimeError(f"{tasks} tasks are too few for {nodes} workers")
        on.wait_for_tasks(end)
        after, last = spent(on), on.count()
        stamps = on.stamps()
    part = last - first
    rate = part / (stamps[last - 1] - stamps[first - 1])
    return {RATE: rate, **{unit: (after[unit] - before[unit]) / part for unit in before}}


def spent(on: Stage) -> dict[str, float]:
    """Return what workers have cost up to now, by the unit of what that is for one task."""
    workers = [psutil.Process(pid) for pid in on.pids]
    costs = {
        CPU: 1000 * sum(map(cpu_seconds, workers)),
        MAIN_CPU: 1000 * sum(map(own_cpu_seconds, workers)),
        BROKER_CPU: 1000 * own_cpu_seconds(on.broker),
    }
    if on.broker_url.startswith("redis"):
        redis: Any = Redis.from_url(on.broker_url)
        costs[ROUND_TRIPS] = redis.info("stats")["total_reads_processed"]
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
