"""Tells what waits in the queues."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.celery_app import app
from app.core.broker_state import queue_states
from app.core.http_api.problems import documented
from app.core.http_api.servers import in_turn

router = APIRouter(tags=["queues"])


class Queue(BaseModel):
    """A queue, as the broker sees it."""

    name: str
    depth: int = Field(description="How many messages wait.")
    oldest: float | None = Field(
        description="For how many seconds the next one has been due. Not every broker tells."
    )
    dead: int = Field(description="How many dead letters there are.")
    workers: int | None = Field(description="How many workers read it. Not every broker tells.")


@router.get(
    "/queues",
    operation_id="queues",
    summary="Tell what waits in the queues",
    responses=documented(),
)
async def queues() -> list[Queue]:
    """Return all queues of this service."""
    return await in_turn(_queues)


def _queues() -> list[Queue]:
    with app.connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        return [Queue(**state._asdict()) for state in queue_states(connection)]
