"""Sends tasks of `queues_task` to idle workers, one at a time: send_singly.py WARM_UP TIMES PID...

All of them are sent so many times, in an order that is new each time, after a warm-up without
pauses. The numbers are those of the main processes of all workers. Prints when each task was sent,
in seconds of the clock of `done`, and how many workers each has woken.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

import psutil
from queues_task import TASKS

DONE = Path(os.environ["BENCH_DONE"])
PAUSES = 0.05, 0.15
"""The least and the most seconds for which workers are idle before a task."""

WINDOW = 0.01
"""For how many seconds we look who wakes, right before a task and then from it on."""

PATIENCE = 30
"""Seconds after which a task is lost."""


def send(task: object) -> float:
    """Send a task, wait until it is done, and return when it was sent."""
    before = DONE.stat().st_size
    sent = time.monotonic()
    task.delay()
    while DONE.stat().st_size == before:
        if time.monotonic() > sent + PATIENCE:
            raise SystemExit(f"a task was not done in {PATIENCE} s")
        time.sleep(0.002)
    return sent


def seen() -> list[int]:
    """Return how often each worker has waited for something, as the operating system counts."""
    return [worker.num_ctx_switches().voluntary for worker in WORKERS]


def woken(before: list[int], after: list[int]) -> int:
    """Return how many workers have done something in between."""
    return sum(one != other for one, other in zip(before, after, strict=True))


warm_up, times, *pids = map(int, sys.argv[1:])
WORKERS = [psutil.Process(pid) for pid in pids]
for task in warm_up * TASKS:
    send(task)
sent, more = [], []
for _ in range(times):
    for task in random.sample(TASKS, len(TASKS)):
        time.sleep(random.uniform(*PAUSES))
        first = seen()
        time.sleep(WINDOW)
        second = seen()
        sent.append(send(task))
        time.sleep(max(0.0, sent[-1] + WINDOW - time.monotonic()))
        # Workers also wake when nothing is sent.
        more.append(woken(second, seen()) - woken(first, second))
print(json.dumps({"sent": sent, "woken": more}))
