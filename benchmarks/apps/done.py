"""Notes that a task is done: one write of eight bytes, the same for whoever runs it.

With BENCH_WAIT, a task first waits for so many seconds, as for the answer of an API. With
BENCH_HOLD, it goes on for so many seconds after that, so it can be killed.
"""

from __future__ import annotations

import os
import struct
import time

FILE = os.open(os.environ["BENCH_DONE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
WAIT = float(os.environ.get("BENCH_WAIT", "0"))
HOLD = float(os.environ.get("BENCH_HOLD", "0"))


def done() -> None:
    """Note when a task is done, in seconds of a clock that all processes share."""
    if WAIT:
        time.sleep(WAIT)
    os.write(FILE, struct.pack("d", time.monotonic()))
    if HOLD:
        time.sleep(HOLD)
