"""Runs in a generated service: drain.py TASKS

Publishes tasks that do nothing, lets one worker with two processes do them, and prints what that
took as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path.cwd()))

import psutil
from dev.processes import Process
from dev.servers import Servers
from redis import Redis

WARM_UP = 0.1
"""The part of the tasks that is done before measuring begins."""

TASK = """
from celery import shared_task
from app.core.discovery import queue_names

@shared_task(name=f"{queue_names()[0]}.nothing")
def nothing() -> None: ...
"""


def main() -> None:
    """Measure one round."""
    tasks = int(sys.argv[1])
    servers = Servers()
    os.environ |= servers.environment
    os.environ |= {"ENV_FILE": ""}
    os.environ |= {"WORKER_CONCURRENCY": "2", "HEALTH_DIR": "var/health"}
    with servers.running(), TemporaryDirectory() as folder:
        Path(folder, "bench_task.py").write_text(TASK)
        os.environ["PYTHONPATH"] = sys.path[0] + os.pathsep + folder
        sys.path.insert(0, folder)
        print(json.dumps(measure(tasks, Path(folder))))


def measure(tasks: int, folder: Path) -> dict[str, float]:
    """Return tasks a second, and milliseconds of CPU and round trips to Redis for each task."""
    import app.celery_app  # noqa: F401
    from app.core.discovery import queue_names
    from bench_task import nothing

    for _ in range(tasks):
        nothing.delay()
    redis: Any = Redis.from_url(os.environ["CELERY_BROKER_URL"])
    queue = queue_names()[0]
    command = ["scripts/start_worker.sh", "--include", "bench_task"]
    with Process(command, folder / "log") as worker:
        worker.wait_until(lambda: redis.llen(queue) < tasks * (1 - WARM_UP), "start", 60)
        before = snapshot(redis, worker.pid)
        left = redis.llen(queue)
        worker.wait_until(lambda: redis.llen(queue) == 0, "end", 300)
        after = snapshot(redis, worker.pid)
    seconds, cpu, reads = (new - old for new, old in zip(after, before, strict=True))
    # The few looks whether it is done are among the round trips, in every round.
    return {"rate": left / seconds, "cpu": 1000 * cpu / left, "trips": reads / left}


def snapshot(redis: Any, pid: int) -> tuple[float, float, float]:
    """Return the time, the CPU seconds of a worker with its processes, and reads of the server."""
    worker = psutil.Process(pid)
    spent = [each.cpu_times() for each in (worker, *worker.children(recursive=True))]
    cpu = sum(times.user + times.system for times in spent)
    return time.monotonic(), cpu, redis.info("stats")["total_reads_processed"]


if __name__ == "__main__":
    main()
