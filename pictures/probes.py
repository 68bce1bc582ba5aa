"""Runs in a worker of a generated service: tasks that end as one likes."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import app.celery_app  # noqa: F401
from app.core.discovery import queue_names
from app.core.errors import PermanentError, TransientError
from celery import shared_task

QUEUE = queue_names()[0]
"""The queue of all of them, unless the call names another one."""

MUCH = 600_000_000
"""Bytes that a task takes which is held."""


@shared_task(name=f"{QUEUE}.work")
def work(seconds: float, failing: float = 0.0, flaky: float = 0.0) -> None:
    """Work for about so many seconds; some of the runs fail, others have to be tried again.

    Args:
        seconds: on average.
        failing: which part of the runs fails for good.
        flaky: which part ends in a retry.

    Raises:
        PermanentError: in those that fail.
        TransientError: in those that are tried again.
    """
    time.sleep(random.expovariate(1 / seconds))
    fate = random.random()
    if fate < failing:
        raise PermanentError("bad luck")
    if fate < failing + flaky:
        raise TransientError("not now")


@shared_task(name=f"{QUEUE}.relay")
def relay(seconds: float, times: int = 1) -> None:
    """Send some tasks that work for about so many seconds."""
    for _ in range(times):
        work.delay(seconds)


@shared_task(name=f"{QUEUE}.again", max_retries=None, default_retry_delay=0, bind=True)
def again(self: object, until: str) -> None:
    """Be tried again, at once, until a file exists."""
    if not Path(until).exists():
        raise self.retry(countdown=0)


@shared_task(name=f"{QUEUE}.hold")
def hold(until: str) -> None:
    """Take much memory until a file exists."""
    memory = bytearray(os.urandom(1)) * MUCH
    while memory and not Path(until).exists():
        time.sleep(0.05)


@shared_task(name=f"{QUEUE}.crash", max_retries=1, default_retry_delay=0)
def crash() -> None:
    """Take the process down, as the kernel does that is out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
