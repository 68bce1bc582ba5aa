"""Streams how a task is, until its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from threading import Event

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from app.core.http_api.problems import Unavailable, documented
from app.core.http_api.states import KnownTask, known_task

MOST = 500
"""How many streams a process has at a time."""

PAUSE = 0.5
"""Seconds between two looks at a task, when something has just changed."""

LONGEST_PAUSE = 5.0
"""Seconds between two looks when nothing has changed for long."""

GROWTH = 1.2
"""How much longer each pause is than the one before, while nothing changes."""

stopping = Event()
"""Tells that this process is about to end, and that no stream may hold it."""

router = APIRouter(tags=["tasks"])


class _Streams:
    """Counts the streams of this process."""

    def __init__(self) -> None:
        self._open = 0

    async def one_more(self) -> AsyncIterator[None]:
        """Let a stream be there until its end.

        Raises:
            Unavailable: when there are too many.
        """
        if self._open >= MOST:
            raise Unavailable("Too many streams are open. Ask for the state itself, or later.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


@router.get(
    "/tasks/{task_id}/events",
    operation_id="events",
    summary="Stream how a task is",
    response_class=EventSourceResponse,
    responses=documented(HTTPStatus.NOT_FOUND),
    dependencies=[Depends(_Streams().one_more)],
)
async def events(task: KnownTask) -> AsyncIterator[ServerSentEvent]:
    """Send an event `state` with each change, and `end` with the last one. Then it is over.

    The data is what `GET /tasks/{task_id}` returns. A comment now and then keeps proxies from
    closing the connection.
    """
    last, pause = None, PAUSE
    while not stopping.is_set():
        if task != last:
            yield ServerSentEvent(event="end" if task.is_last else "state", data=task)
            pause = PAUSE
        if task.is_last:
            return
        last = task
        await _rest(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
        try:
            task = await known_task(task.id)
        except Unavailable:
            # The stream is there, and goes on with the server.
            continue
        except HTTPException:
            return


async def _rest(seconds: float) -> None:
    """Wait, unless this process is about to end."""
    end = time.monotonic() + seconds
    while not stopping.is_set() and (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, PAUSE))
