"""Cancels tasks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.celery_app import app
from app.core.http_api.problems import Unavailable, documented
from app.core.http_api.servers import in_turn
from app.core.http_api.states import ENDED, KnownTask

LISTEN = 1.0
"""Seconds that workers get to answer."""

router = APIRouter(tags=["tasks"])


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
    return Cancelled(id=task.id, detail=await in_turn(_cancel, task.id, terminate))


def _cancel(task_id: str, terminate: bool) -> str:
    workers = _workers()
    if not workers:
        raise Unavailable("No worker answers, so none can be told to drop it.")
    runs = any(task_id in ids for ids in workers.values())
    if runs and not terminate:
        detail = "It runs. Add ?terminate=true to end it where it is."
        raise HTTPException(HTTPStatus.CONFLICT, detail)
    app.control.revoke(task_id, destination=list(workers), terminate=terminate)
    if runs:
        return "It is being ended."
    number = f"{len(workers)} worker{'' if len(workers) == 1 else 's'}"
    return f"{number} will drop it when its turn comes, unless it has just begun."


def _workers() -> dict[str, set[str]]:
    """Return the workers of this service, and which tasks each of them runs."""
    found: dict[str, set[str]] = {}

    def hear(body: dict[str, Any]) -> None:
        for name, answer in body.items():
            # Workers of other services on this broker hear the question, too.
            if answer.get("service") == app.main:
                found[name] = {running["id"] for running in answer["running"]}

    app.control.broadcast("snapshot", reply=True, timeout=LISTEN, callback=hear)
    return found
