"""Cancels tasks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.celery_app import app
from app.core.http_api.problems import Unavailable, documented
from app.core.http_api.servers import check_deadline, in_turn
from app.core.http_api.states import ENDED, KnownTask, State

LISTEN = 1.0
"""Seconds that workers get to answer."""

ENDLESS = "threads"
"""The pool whose tasks nobody can end."""

router = APIRouter(tags=["tasks"])


class _Worker(NamedTuple):
    """Where a worker runs its tasks, and which it runs now."""

    pool: str
    runs: frozenset[str]


class Cancelled(BaseModel):
    """What the workers were told."""

    id: str
    detail: str


@router.delete(
    "/tasks/{task_id}",
    operation_id="cancel",
    summary="Cancel a task",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def cancel(
    task: KnownTask,
    terminate: Annotated[bool, Query(description="End it, too, if it runs.")] = False,
) -> Cancelled:
    """Have all workers drop a task when its turn comes. It is `cancelled` from then on.

    Workers that are started later know nothing of it.
    """
    if task.state in ENDED:
        detail = f"It has ended, as {task.state}: there is nothing to cancel."
        raise HTTPException(HTTPStatus.CONFLICT, detail)
    detail = await in_turn(_cancel, task.id, terminate)
    if task.state is State.UNKNOWN:
        detail += " Whether there is such a task, or it has ended, nobody here can tell."
    return Cancelled(id=task.id, detail=detail)


def _cancel(task_id: str, terminate: bool) -> str:
    workers = _workers()
    if not workers:
        raise Unavailable("No worker answers, so none can be told to drop it.")
    pool = next((worker.pool for worker in workers if task_id in worker.runs), None)
    if pool and not terminate:
        detail = "It runs. Add ?terminate=true to end it where it is."
        raise HTTPException(HTTPStatus.CONFLICT, detail)
    if pool == ENDLESS:
        detail = "It runs in a thread, and nothing can end one (WORKER_POOL=threads)."
        raise HTTPException(HTTPStatus.CONFLICT, detail)
    check_deadline()
    # It goes to those, too, that were too busy to answer.
    app.control.revoke(task_id, terminate=terminate)
    if pool:
        return "It is being ended."
    number = f"{len(workers)} worker{'' if len(workers) == 1 else 's'}"
    return f"{number} will drop it when its turn comes, unless it has just begun."


def _workers() -> list[_Worker]:
    """Return the workers of this service that answer in time."""
    found: list[_Worker] = []

    def hear(body: dict[str, Any]) -> None:
        for answer in body.values():
            # Workers of other services on this broker hear the question, too.
            if answer.get("service") == app.main:
                runs = frozenset(running["id"] for running in answer["running"])
                found.append(_Worker(answer["pool"], runs))

    app.control.broadcast("snapshot", reply=True, timeout=LISTEN, callback=hear)
    return found
