"""Sends the tasks of `queues_task` to idle workers, one at a time: send_singly.py TIMES

All of them are sent so many times, in an order that is new each time.
Prints when each was sent, in seconds of the clock of `done`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

from queues_task import TASKS

DONE = Path(os.environ["BENCH_DONE"])
PAUSES = 0.05, 0.15
"""The least and the most seconds for which workers are idle before a task."""

PATIENCE = 30
"""Seconds after which a task is lost."""


def wait_for_another(before: int) -> None:
    """Wait until a task is done."""
    deadline = time.monotonic() + PATIENCE
    while DONE.stat().st_size == before:
        if time.monotonic() > deadline:
            raise SystemExit(f"a task was not done in {PATIENCE} s")
        time.sleep(0.005)


sent = []
for _ in range(int(sys.argv[1])):
    for task in random.sample(TASKS, len(TASKS)):
        time.sleep(random.uniform(*PAUSES))
        size = DONE.stat().st_size
        sent.append(time.monotonic())
        task.delay()
        wait_for_another(size)
print(json.dumps(sent))
