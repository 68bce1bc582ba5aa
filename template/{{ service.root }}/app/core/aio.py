"""Runs coroutines from tasks, on one event loop for each thread of a worker process."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded

from app.core.errors import PermanentError

Result = TypeVar("Result")


class _Loop(threading.local):
    """The event loop of a thread. It lives as long as the thread, so pools of connections last."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()


_loop = _Loop()


def run_async(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end and return its result.

    When the task is interrupted, by its soft time limit for example, the coroutine is cancelled
    and may clean up before the interruption goes on.

    Raises:
        PermanentError: in a worker with `WORKER_POOL=gevent`, whose greenlets share one thread.
        BaseException: whatever the coroutine raises.
    """
    if _shares_its_thread():
        coroutine.close()
        raise PermanentError(
            "run_async does not work with WORKER_POOL=gevent: a thread runs one event loop at a "
            "time. Let workers with prefork or threads read the queue of this task"
        )
    loop = _loop.runner.get_loop()
    work = loop.create_task(coroutine)
    limits: list[SoftTimeLimitExceeded] = []

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # A limit can strike in the code of the loop itself, which takes it for an error of its own.
        error = context.get("exception")
        if isinstance(error, SoftTimeLimitExceeded):
            limits.append(error)
            work.cancel()
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        return loop.run_until_complete(work)
    except BaseException:
        _cancel(loop, work)
        if limits:
            raise limits[0] from None
        raise


def _shares_its_thread() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return bool(monkey) and monkey.is_module_patched("threading")


def _cancel(loop: asyncio.AbstractEventLoop, work: asyncio.Task[Any]) -> None:
    if not work.done():
        work.cancel()
        loop.run_until_complete(asyncio.gather(work, return_exceptions=True))
