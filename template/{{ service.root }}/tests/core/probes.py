"""Tasks that only tests send. The worker of the tests imports this module."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import structlog
from celery import shared_task
from celery.exceptions import Reject
from pydantic import BaseModel

from app import hooks
from app.celery_app import app
from app.core.aio import run_async
from app.core.aliases import register_aliases
from app.core.discovery import queue_names
from app.core.errors import PermanentError, TransientError
from app.core.events import TaskEvent
from app.core.progress import report_progress
from app.core.types import BoundTask

QUEUE = queue_names()[0]
"""The queue that a task gets whose name begins like this."""


logger = logging.getLogger(__name__)


class Point(BaseModel):
    """An input of more than one field."""

    x: int
    y: int = 0


class Place(BaseModel):
    """Another model, with the same fields."""

    x: int
    y: int


def wait_for(file: str) -> None:
    """Wait until there is a file."""
    while not Path(file).exists():
        time.sleep(0.02)


def report(name: str, event: TaskEvent) -> None:
    """Say that a hook of the owners was called. It cannot bear everything."""
    if isinstance(event.exception, ArithmeticError):
        raise ConnectionError("the chat is away")
    if isinstance(event.exception, BufferError):
        wait_for(str(event.exception))
    frames = event.traceback.count("File ")
    about = {**vars(event), "exception": repr(event.exception), "traceback": f"{frames} frames"}
    fields = " ".join(f"{field}={value}" for field, value in about.items())
    # In one piece: the log goes to the same file.
    print(f"hook {name}: {fields}\n", end="", flush=True)


for name in ("on_failure", "on_retry", "on_dead_letter"):
    setattr(hooks, name, partial(report, name))


@shared_task(name=f"{QUEUE}.probe_add", ignore_result=False)
def add(point: Point, more: int = 0) -> int:
    """Add up."""
    return point.x + point.y + more


@shared_task(name=f"{QUEUE}.probe_move", ignore_result=False)
def move(point: Point, by: int) -> Point:
    """Return another model."""
    return Point(x=point.x + by, y=point.y + by)


@shared_task(name=f"{QUEUE}.probe_label", ignore_result=False)
def label(place: Place) -> str:
    """Name a place."""
    return f"{place.x}, {place.y}"


@shared_task(name=f"{QUEUE}.probe_oldest", ignore_result=False)
def oldest(ages: dict[str, int]) -> int:
    """Return the largest number."""
    return max(ages.values())


@shared_task(name=f"{QUEUE}.probe_total", ignore_result=False)
def total(numbers: list[int]) -> int:
    """Add up what a group has returned."""
    return sum(numbers)


@shared_task(name=f"{QUEUE}.probe_say")
def say(text: str) -> None:
    """Write a line."""
    print(f"said: {text}", flush=True)


@shared_task(name=f"{QUEUE}.probe_note")
def note(order: str, text: str) -> None:
    """Write a line of the log that has a field more, as all have that follow."""
    with structlog.contextvars.bound_contextvars(order=order):
        structlog.get_logger().warning(text, attempts_left=2)
        logger.warning(text)


@shared_task(name=f"{QUEUE}.probe_bind")
def bind(field: str, value: str) -> None:
    """Let all lines that follow have a field, and leave it so."""
    structlog.contextvars.bind_contextvars(**{field: value})


@shared_task(name=f"{QUEUE}.probe_flaky", bind=True, max_retries=1)
def flaky(self: BoundTask, failures: int, retry_after: float | None = None) -> None:
    """Fail some times, then work."""
    if self.request.retries < failures:
        raise TransientError("the other side is busy", retry_after=retry_after)


@shared_task(name=f"{QUEUE}.probe_refuse")
def refuse() -> None:
    """Fail for good."""
    raise PermanentError("no such account")


@shared_task(name=f"{QUEUE}.probe_crash")
def crash() -> None:
    """Fail in a way that nobody thought of."""
    raise KeyError("surprise")


@shared_task(name=f"{QUEUE}.probe_reject")
def reject() -> None:
    """Say that the message is no good."""
    raise Reject("not for me", requeue=False)


@shared_task(name=f"{QUEUE}.probe_leak")
def leak(url: str, secret: str) -> None:
    """Have a secret in a variable, in the log and in a call of an API, and fail."""
    address = f"{url}?{secret}"
    logger.error("asking %s", address)
    try:
        urlopen(address).close()
    except HTTPError:
        raise PermanentError("the API refused") from None


@shared_task(name=f"{QUEUE}.probe_exhaust")
def exhaust() -> None:
    """Need more memory than there is."""
    raise MemoryError("no more")


@shared_task(name=f"{QUEUE}.probe_early", acks_late=False)
def early() -> None:
    """Fail after its message is acknowledged."""
    raise PermanentError("too late")


@shared_task(name=f"{QUEUE}.probe_mended")
def mended(file: str, name: str) -> None:
    """Fail until there is a file, then write into it."""
    if not Path(file).exists():
        raise PermanentError("the file is missing")
    with Path(file).open("a") as lines:
        lines.write(f"{name}\n")


@shared_task(name=f"{QUEUE}.probe_die", max_retries=1)
def die() -> None:
    """Take the process down, as the kernel does that is out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name=f"{QUEUE}.probe_trip")
def trip() -> None:
    """Fail in a way that the owners' hook cannot bear."""
    raise ArithmeticError("the task's own error")


@shared_task(name=f"{QUEUE}.probe_bore")
def bore(until: str) -> None:
    """Fail in a way that takes the owners' hook long to tell: until there is a file."""
    raise BufferError(until)


@shared_task(name=f"{QUEUE}.probe_slow", soft_time_limit=1, time_limit=60)
def slow(name: str) -> None:
    """Run until the soft limit, then clean up."""
    try:
        time.sleep(60)
    finally:
        print(f"cleaned up: {name}", flush=True)


@shared_task(name=f"{QUEUE}.probe_stuck", soft_time_limit=1, time_limit=2)
def stuck() -> None:
    """Run on after the soft limit."""
    while True:
        try:
            time.sleep(60)
        except Exception as error:
            print(f"ignored: {error!r}", flush=True)


@shared_task(name=f"{QUEUE}.probe_double", ignore_result=False)
def double(number: int) -> int:
    """Wait for a coroutine."""
    return run_async(_double(number))


@shared_task(name=f"{QUEUE}.probe_hang", soft_time_limit=1, time_limit=60)
def hang(name: str) -> None:
    """Wait for a coroutine that does not end."""
    run_async(_hang(name))


@shared_task(name=f"{QUEUE}.probe_meet", ignore_result=False)
def meet(folder: str, name: str, amount: int) -> None:
    """Wait until so many others are here, too."""
    Path(folder, name).touch()
    while len(list(Path(folder).iterdir())) < amount:
        time.sleep(0.02)


@shared_task(name=f"{QUEUE}.probe_progress", bind=True, ignore_result=False)
def progress(self: BoundTask, go_on: str) -> None:
    """Say how far it is, then wait for a file."""
    report_progress(self, 1, 3, "read")
    wait_for(go_on)


register_aliases(app, {f"{QUEUE}.probe_sum": add.name, f"{QUEUE}.probe_shaky": flaky.name})


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def _hang(name: str) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        print(f"coroutine cleaned up: {name}", flush=True)
