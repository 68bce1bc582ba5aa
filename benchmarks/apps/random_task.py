"""A task that notes how long it has waited, and then takes as long as its sender says."""

from __future__ import annotations

import os
import struct
import time

import app.celery_app  # noqa: F401 (the app that sends it)
from app.core.discovery import queue_names
from celery import shared_task

FILE = os.open(os.environ["BENCH_DONE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@shared_task(name=f"{queue_names()[0]}.nothing", ignore_result=True)
def nothing(sent: float, seconds: float) -> None:
    """Note the seconds since it was sent, by a clock that all processes share."""
    os.write(FILE, struct.pack("d", time.monotonic() - sent))
    time.sleep(seconds)
