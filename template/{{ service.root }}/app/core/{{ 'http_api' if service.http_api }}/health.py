"""Tells whether this process is well: balancers by HTTP, `scripts/probe.sh` by a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from app.celery_app import app
from app.core import health
from app.core.http_api.problems import Unavailable, documented
from app.core.http_api.servers import in_turn

NEWS = 1.0
"""For how many seconds it is known whether the broker answers, however often somebody asks."""

router = APIRouter(tags=["health"])


class Well(BaseModel):
    """It is well."""

    status: Literal["ok"] = "ok"


@router.get(
    "/health/live",
    operation_id="live",
    summary="Tell whether it works",
    responses=documented(),
)
async def live() -> Well:
    """Answer, which is all there is to tell."""
    return Well()


@router.get(
    "/health/ready",
    operation_id="ready",
    summary="Tell whether it can send tasks",
    responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
)
async def ready() -> Well:
    """Answer if the broker does."""
    await _broker.look()
    return Well()


class _Broker:
    """Asks the broker now and then."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._asked = -NEWS
        self._fault = ""

    async def look(self) -> None:
        """Return if the broker answers.

        Raises:
            Unavailable: when it does not.
        """
        async with self._lock:
            if time.monotonic() - self._asked > NEWS:
                self._fault = await self._ask()
                self._asked = time.monotonic()
        if self._fault:
            raise Unavailable(self._fault)

    async def _ask(self) -> str:
        try:
            await in_turn(_ask_broker)
        except Unavailable as error:
            return error.detail
        return ""


_broker = _Broker()


def _ask_broker() -> None:
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)


@asynccontextmanager
async def signs(_: FastAPI) -> AsyncIterator[None]:
    """Give signs of life as long as this process works."""
    pulse = asyncio.create_task(_pulse())
    yield
    pulse.cancel()


async def _pulse() -> None:
    sign = health.alive("api")
    while True:
        sign.give()
        await asyncio.sleep(health.PULSE)
