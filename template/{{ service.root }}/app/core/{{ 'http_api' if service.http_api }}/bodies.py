"""What comes in: JSON objects, up to a size."""

from __future__ import annotations

import json
import time
from email.message import Message
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from app.core.http_api import problems, servers


class BodyLimit:
    """Refuses larger bodies, whether they say so at their beginning or not.

    Args:
        app: what is behind it.
        limit: how many bytes a body may have.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, as far as it is not too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Event:
            nonlocal received
            event = await receive()
            received += len(event.get("body", b""))
            if received > self._limit:
                raise self._too_large()
            return event

        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if int(announced) > self._limit:
            error = self._too_large()
            await problems.response(error.status_code, error.detail)(scope, receive, send)
        else:
            await self._app(scope, limited, send)

    def _too_large(self) -> HTTPException:
        detail = f"The body is larger than {self._limit} bytes."
        return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


async def _json_object(request: Request) -> dict[str, Any]:
    content_type = Message()
    content_type["content-type"] = request.headers.get("content-type", "")
    if content_type.get_content_type() != "application/json":
        detail = "The arguments of a task are JSON: Content-Type: application/json"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    began = time.monotonic()
    body = await request.body()
    servers.extend_deadline(time.monotonic() - began)
    try:
        found = from_json(body, allow_inf_nan=False)
        # A number such as 1e999 has become an infinite one.
        json.dumps(found, allow_nan=False)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"The body is no JSON: {error}") from None
    if not isinstance(found, dict):
        detail = 'An object is needed, with the arguments by name: {"name": "value"}'
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return found


JsonObject = Annotated[dict[str, Any], Depends(_json_object)]
"""The body of a request."""
