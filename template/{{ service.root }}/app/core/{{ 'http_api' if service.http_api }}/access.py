"""Who may call, and how often."""

from __future__ import annotations

import logging
import time
from collections import deque
from functools import partial
from http import HTTPStatus
from math import ceil
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from structlog.contextvars import bind_contextvars

from app.core import rate_store
from app.core.http_api import servers
from app.core.http_api.settings import HttpSettings
from app.core.rate import Rate

ANYBODY = "anybody"
"""The name of who calls where there are no keys."""

AT_ONCE = 4
"""How many threads ask where the rates are kept."""

PATIENCE = 1.0
"""Seconds that a request waits for where the rates are kept."""

settings = HttpSettings.load()
if settings.http_keys is None:
    raise SystemExit(
        "HTTP_KEYS is empty, so nobody could call. Give each caller a name and a long random key: "
        "HTTP_KEYS=shop=KEY,crm=KEY. HTTP_KEYS=none lets everybody call."
    )
keys = settings.http_keys
threads = servers.Threads(AT_ONCE)
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
    servers.start_clock()
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


class _Calls:
    """The latest calls of one caller that this process has let in.

    Args:
        rate: how many it may let in while nobody knows of the others.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._times: deque[float] = deque(maxlen=rate.calls)

    def note(self) -> None:
        """Note that one is let in."""
        self._times.append(time.monotonic())

    def take_turn(self) -> float:
        """Let one in, unless there were too many. Return the seconds until it may come again."""
        if len(self._times) == self._rate.calls:
            wait = self._times[0] + self._rate.seconds - time.monotonic()
            if wait > 0:
                return wait
        self.note()
        return 0.0


_calls: dict[str, _Calls] = {}


async def _seconds_to_wait(name: str) -> float:
    """Return after how long `name` may call again.

    While the rates cannot be asked for, this process keeps to the limit on its own.
    """
    rate = settings.http_rate
    if not rate:
        return 0.0
    here = _calls.setdefault(name, _Calls(rate))
    try:
        wait = await threads.do(partial(rate_store.take_turn, f"http.{name}", rate, 0), PATIENCE)
    except (TimeoutError, *rate_store.ERRORS) as error:
        logger.warning("HTTP_RATE holds for this process alone: %r", error)
        return here.take_turn()
    if not wait:
        here.note()
    return wait
