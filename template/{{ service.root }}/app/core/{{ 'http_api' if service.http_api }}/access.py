"""Who may call, and how often."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from math import ceil
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from structlog.contextvars import bind_contextvars

from app.core import rate_store
from app.core.http_api.settings import HttpSettings

ANYBODY = "anybody"
"""The name of who calls where there are no keys."""

AT_ONCE = 4
"""How many threads ask where the rates are kept. Each may have a connection of its own."""

PATIENCE = 1.0
"""Seconds that a request waits for where the rates are kept."""

settings = HttpSettings.load()
if settings.http_keys is None:
    raise SystemExit(
        "HTTP_KEYS is empty, so nobody could call. Give each caller a name and a long random key: "
        "HTTP_KEYS=shop=KEY,crm=KEY. HTTP_KEYS=none lets everybody call."
    )
keys = settings.http_keys
threads = ThreadPoolExecutor(AT_ONCE, "rates")
logger = logging.getLogger(__name__)

bearer = HTTPBearer(auto_error=False, description="A key of HTTP_KEYS.")


async def authenticated(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> str:
    """Return the name of who calls, by the key of the request.

    Raises:
        HTTPException: when there is none, or a wrong one.
    """
    if not keys.keys:
        return ANYBODY
    name = keys.caller(given.credentials) if given else None
    if name is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "Send a key of this service: Authorization: Bearer KEY",
            {"WWW-Authenticate": "Bearer"},
        )
    return name


async def admitted(name: Annotated[str, Depends(authenticated)]) -> str:
    """Return the name of who calls, unless it calls too often.

    Raises:
        HTTPException: when it does.
    """
    bind_contextvars(caller=name)
    wait = await _seconds_to_wait(name)
    if wait > 0:
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"No more than {settings.http_rate}. Try again later.",
            {"Retry-After": str(ceil(wait))},
        )
    return name


Caller = Annotated[str, Depends(admitted)]
"""The name of who calls."""


async def _seconds_to_wait(name: str) -> float:
    """Return after how long `name` may call again. A store that is away lets everybody call."""
    if not settings.http_rate:
        return 0.0
    take = partial(rate_store.take_turn, f"http.{name}", settings.http_rate, 0)
    taken = asyncio.get_running_loop().run_in_executor(threads, copy_context().run, take)
    try:
        return await asyncio.wait_for(taken, PATIENCE)
    except (TimeoutError, *rate_store.ERRORS) as error:
        logger.warning("HTTP_RATE is not looked after: %r", error)
        return 0.0
