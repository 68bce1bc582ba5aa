"""Errors, as `application/problem+json` (RFC 9457): what was wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core import correlation
from app.core.errors import PayloadTooLarge, PermanentError

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = 5
"""After how many seconds a caller may try again when a server is away."""


class Fault(BaseModel):
    """One of several things that are wrong."""

    place: str = Field(examples=["path.task_id"])
    message: str


class Problem(BaseModel):
    """Why a request was refused or failed."""

    type: str = "about:blank"
    title: str = Field(examples=["Service Unavailable"])
    status: int = Field(examples=[503])
    detail: str = Field("", examples=["The broker is away. Nothing was sent."])
    correlation_id: str | None = Field(None, description="What the log has it under.")
    faults: list[Fault] = []


class Unavailable(HTTPException):
    """A server of the service is away, or all who could talk to it are waiting.

    Args:
        detail: what is to be said of it.
        faults: which one it is, if that is known.
    """

    def __init__(self, detail: str, faults: list[Fault] | None = None) -> None:
        headers = {"Retry-After": str(RETRY_AFTER)}
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers)
        self.faults = faults or []


def add_to(api: FastAPI) -> None:
    """Answer every error with a problem."""
    api.add_exception_handler(HTTPException, _on_http_error)
    api.add_exception_handler(RequestValidationError, _on_invalid)
    api.add_exception_handler(PermanentError, _on_refused)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI page says of errors. Add `Problem` to the components of the page."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        int(status): {"description": status.phrase, "content": content}
        for status in (*statuses, HTTPStatus.UNPROCESSABLE_ENTITY)
    }


def response(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    faults: list[Fault] | None = None,
) -> Response:
    """Return a problem as an answer."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        correlation_id=correlation.current(),
        faults=faults or [],
    )
    return Response(problem.model_dump_json(), status, headers, MEDIA_TYPE)


async def _on_http_error(_: Request, error: Any) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    detail = "" if error.detail == phrase else str(error.detail)
    return response(error.status_code, detail, error.headers, getattr(error, "faults", None))


async def _on_invalid(_: Request, error: Any) -> Response:
    """Say what is wrong where, without repeating the values: they may be personal data."""
    faults = [
        Fault(place=".".join(map(str, fault["loc"])), message=fault["msg"])
        for fault in error.errors()
    ]
    detail = "The request is not as the OpenAPI page describes it."
    return response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults=faults)


async def _on_refused(_: Request, error: Any) -> Response:
    too_large = isinstance(error, PayloadTooLarge)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.UNPROCESSABLE_ENTITY
    return response(status, str(error))
