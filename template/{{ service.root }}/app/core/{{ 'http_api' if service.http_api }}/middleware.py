"""What every request gets: a correlation id, a line in the log, an answer."""

from __future__ import annotations

import logging
import re
import time
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.core import correlation, sentry
from app.core.http_api import problems

HEADER = "X-Correlation-ID"

FORM = r"^[A-Za-z0-9._:-]{1,128}$"
"""What a correlation id may be: it goes into logs."""

QUIET = "/health/"
"""How the routes begin that are asked every few seconds."""

logger = logging.getLogger(__name__)


async def correlation_id(
    value: Annotated[
        str | None,
        Header(alias=HEADER, pattern=FORM, description="Of what it belongs to, for the logs."),
    ] = None,
) -> None:
    """Refuse a request whose correlation id is none."""


class Requests:
    """Looks after every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        given = Headers(scope=scope).get(HEADER, "")
        known_as = given if re.fullmatch(FORM, given) else uuid4().hex
        status = 0

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = known_as
            await send(message)

        with correlation.correlated(known_as), bound_contextvars(correlation_id=known_as):
            try:
                await self._app(scope, receive, respond)
            except Exception as error:
                doing = f"{scope['method']} {route(scope)}"
                logger.exception("%s failed", doing)
                sentry.report(error, doing, correlation_id=known_as)
                if not status:
                    detail = "It is not your fault. The log has more under the correlation id."
                    failed = problems.response(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
                    await failed(scope, receive, respond)
            _tell(scope, status, time.monotonic() - began)


def route(scope: Scope) -> str:
    """Return which route a request has taken. Of paths, there could be any number."""
    path: Any = getattr(scope.get("route"), "path", None)
    return str(path or "unknown")


def _tell(scope: Scope, status: int, seconds: float) -> None:
    taken = route(scope)
    level = logging.DEBUG if taken.startswith(QUIET) else logging.INFO
    given: dict[str, Any] = scope.get("path_params", {})
    about = {name: value for name, value in given.items() if re.fullmatch(FORM, str(value))}
    with bound_contextvars(run_time=round(seconds, 4), **about):
        logger.log(level, "%s %s %s", scope["method"], taken, status)
