"""Sends the task `nothing` of a service in one way, and says what that took: bulk.py WAY TASKS"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from app.core.bulk import send_many
from order import ORDER
from service_task import nothing

WARM_UP = 200
"""Tasks that are sent before: they find modules, connections and queues."""


def one_by_one(tasks: int) -> None:
    """Send each by itself."""
    for _ in range(tasks):
        nothing.delay(ORDER)


def many(tasks: int) -> None:
    """Send all in one call."""
    send_many(nothing, ({"order": ORDER} for _ in range(tasks)))


def in_chunks(tasks: int) -> None:
    """Send messages that each are a hundred tasks."""
    nothing.chunks([(ORDER,)] * tasks, 100).apply_async()


WAYS: dict[str, Callable[[int], None]] = {
    "delay": one_by_one,
    "send_many": many,
    "chunks of 100": in_chunks,
}

send, tasks = WAYS[sys.argv[1]], int(sys.argv[2])
send(WARM_UP)
began, cpu = time.perf_counter(), time.process_time()
send(tasks)
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
print(json.dumps({"tasks/s": tasks / seconds, "CPU ms/task": 1000 * cpu / tasks}))
