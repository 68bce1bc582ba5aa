"""Runs coroutines from tasks, on one event loop for each thread of a worker process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

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
        BaseException: whatever the coroutine raises.
    """
    loop = _loop.runner.get_loop()
    work = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(work)
    except BaseException:
        _cancel(loop, work)
        raise


def _cancel(loop: asyncio.AbstractEventLoop, work: asyncio.Task[Any]) -> None:
    if not work.done():
        work.cancel()
        loop.run_until_complete(asyncio.gather(work, return_exceptions=True))
