"""Streams how a task is, until its end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from http import HTTPStatus
from threading import Event
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from app.core.http_api import servers
from app.core.http_api.access import Caller
from app.core.http_api.problems import RETRY_AFTER, Unavailable, documented
from app.core.http_api.states import TaskId, TaskState, look

MOST = 500
"""How many streams a process has at a time."""

MOST_OF_ONE = 100
"""How many of them one caller has."""

AT_ONCE = 4
"""How many threads look at the tasks of streams. Whoever sends a task waits for none of them."""

PAUSE = 0.5
"""Seconds between two looks at a task, when something has just changed."""

LONGEST_PAUSE = 5.0
"""Seconds between two looks when nothing has changed for long."""

GROWTH = 1.2
"""How much longer each pause is than the one before, while nothing changes."""

stopping = Event()
"""Tells that this process is about to end, and that no stream may hold it."""

router = APIRouter(tags=["tasks"])
threads = servers.Threads(AT_ONCE)


class _Streams:
    """Counts the streams of this process, by their callers."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    async def one_more(self, caller: Caller) -> AsyncIterator[None]:
        """Let a stream be there until its end.

        Raises:
            HTTPException: when the caller has too many.
            Unavailable: when there are too many.
        """
        if self._open[caller] >= MOST_OF_ONE:
            detail = f"You have {MOST_OF_ONE} streams here. Close one, or ask for the state itself."
            headers = {"Retry-After": str(RETRY_AFTER)}
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, detail, headers)
        if self._open.total() >= MOST:
            raise Unavailable("Too many streams are open. Ask for the state itself, or later.")
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1


async def _streamed_task(task_id: TaskId) -> TaskState:
    return await look(task_id, threads)


@router.get(
    "/tasks/{task_id}/events",
    operation_id="events",
    summary="Stream how a task is",
    response_class=EventSourceResponse,
    responses=documented(HTTPStatus.NOT_FOUND),
    dependencies=[Depends(_Streams().one_more)],
)
async def events(
    task: Annotated[TaskState, Depends(_streamed_task)],
) -> AsyncIterator[ServerSentEvent]:
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
        # Each look is like a request of its own.
        servers.start_clock()
        try:
            task = await look(task.id, threads)
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
