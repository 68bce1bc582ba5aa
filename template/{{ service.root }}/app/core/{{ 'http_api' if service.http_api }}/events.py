"""Streams how a task is, until its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from threading import Event

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from app.core.http_api.problems import Unavailable, documented
from app.core.http_api.states import KnownTask, known_task

PAUSE = 0.5
"""Seconds between two looks at a task."""

stopping = Event()
"""Tells that this process is about to end, and that no stream may hold it."""

router = APIRouter(tags=["tasks"])


@router.get(
    "/tasks/{task_id}/events",
    operation_id="events",
    summary="Stream how a task is",
    response_class=EventSourceResponse,
    responses=documented(HTTPStatus.NOT_FOUND),
)
async def events(task: KnownTask) -> AsyncIterator[ServerSentEvent]:
    """Send an event `state` with each change, and `end` with the last one. Then it is over.

    The data is what `GET /tasks/{task_id}` returns. A comment now and then keeps proxies from
    closing the connection.
    """
    last = None
    while not stopping.is_set():
        if task != last:
            yield ServerSentEvent(event="end" if task.is_last else "state", data=task)
        if task.is_last:
            return
        last = task
        await asyncio.sleep(PAUSE)
        try:
            task = await known_task(task.id)
        except Unavailable:
            # The stream is there, and goes on with the server.
            continue
        except HTTPException:
            return
