"""Sends the task of `random_task` at given times: send_at.py < [[SECOND, RUN TIME], ...]"""

from __future__ import annotations

import json
import sys
import time

from random_task import nothing

ORDERS = json.load(sys.stdin)
began = time.monotonic()
for second, run_time in ORDERS:
    time.sleep(max(0.0, began + second - time.monotonic()))
    nothing.delay(time.monotonic(), run_time)
