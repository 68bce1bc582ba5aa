"""How a task is, as the API tells it."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.core.http_api import servers, state_store
from app.core.http_api.problems import documented
from app.core.http_api.servers import Threads

router = APIRouter(tags=["tasks"])


class State(StrEnum):
    """How far a task is."""

    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


class Failure(BaseModel):
    """Why a run of a task failed."""

    type: str = Field(examples=["PermanentError"])
    message: str


class TaskState(BaseModel):
    """A task that was sent."""

    id: str
    state: State
    detail: str = Field("", description="What else there is to know.")
    progress: Any = Field(
        None,
        description="How far it is, as it says itself.",
        examples=[{"done": 1, "total": 3, "message": "read"}],
    )
    result: Any = Field(None, description="What it has returned.")
    error: Failure | None = Field(None, description="Why it, or its last try, has failed.")

    @property
    def is_last(self) -> bool:
        """Whether nothing is to come, or nobody would tell."""
        return self.state in (*ENDED, State.UNKNOWN)


TaskId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,155}$")]


async def look(task_id: str, threads: Threads) -> TaskState:
    """Return how a task is.

    Raises:
        HTTPException: when nothing is known of it.
    """
    found = await threads.ask(partial(state_store.look, task_id))
    if found is None:
        detail = "No such task was sent here, or it was so long ago that its result is gone."
        raise HTTPException(HTTPStatus.NOT_FOUND, detail)
    return TaskState(id=task_id, **found)


async def known_task(task_id: TaskId) -> TaskState:
    """Return how a task is."""
    return await look(task_id, servers.threads)


KnownTask = Annotated[TaskState, Depends(known_task)]


@router.get(
    "/tasks/{task_id}",
    operation_id="state",
    summary="Tell how a task is",
    responses=documented(HTTPStatus.NOT_FOUND),
)
async def state(task: KnownTask) -> TaskState:
    """Return the state of a task, its progress, and its result or its error."""
    return task
