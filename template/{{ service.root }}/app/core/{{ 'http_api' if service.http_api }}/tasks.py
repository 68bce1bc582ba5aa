"""Sends tasks: each has a route of its own, made from what `python -m app.catalog` lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from structlog.contextvars import bind_contextvars

from app.catalog import catalog
from app.celery_app import app
from app.core.arguments import Arguments
from app.core.http_api import state_store
from app.core.http_api.access import Caller
from app.core.http_api.bodies import JsonObject
from app.core.http_api.idempotency import Call
from app.core.http_api.problems import documented
from app.core.http_api.servers import check_deadline, in_turn

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="The same in every try of a request: its task is sent once.",
    ),
]

LINKS = {
    name: {"operationId": name, "parameters": {"task_id": "$response.body#/id"}}
    for name in ("state", "events", "cancel")
}
"""What can be done with a task that was sent."""

SCHEMAS = "#/components/schemas/"
"""Where the OpenAPI page has its schemas."""


class Sent(BaseModel):
    """A task that the broker has taken."""

    id: str
    task: str
    state_url: str
    events_url: str


def router() -> APIRouter:
    """Return a route for each task."""
    routes = APIRouter(tags=["tasks"])
    for name, entry in catalog()["tasks"].items():
        _add(routes, name, entry)
    routes.add_api_route(
        "/tasks/{name}", _unknown, methods=["POST"], include_in_schema=False, status_code=404
    )
    return routes


def schemas() -> dict[str, Any]:
    """Return the schemas of all tasks, for the OpenAPI page."""
    return {
        name: _within(entry["input"], f"{SCHEMAS}{name}")
        for name, entry in catalog()["tasks"].items()
    }


def _add(routes: APIRouter, name: str, entry: Mapping[str, Any]) -> None:
    async def send(
        request: Request,
        response: Response,
        caller: Caller,
        arguments: JsonObject,
        idempotency_key: IdempotencyKey = None,
    ) -> Sent:
        # Before anything is asked of a server.
        _arguments(name).check((), arguments)
        call = Call(caller, name, arguments, idempotency_key)
        bind_contextvars(task_id=call.task_id, task=name)
        await in_turn(_send, call, name, arguments)
        url = f"{request.scope.get('root_path', '')}/tasks/{call.task_id}"
        response.headers["Location"] = url
        return Sent(id=call.task_id, task=name, state_url=url, events_url=f"{url}/events")

    schema = {"$ref": f"{SCHEMAS}{name}"}
    content = {"application/json": {"schema": schema}}
    routes.add_api_route(
        f"/tasks/{name}",
        send,
        methods=["POST"],
        operation_id=name,
        summary=name,
        description=entry["description"],
        status_code=HTTPStatus.ACCEPTED,
        response_description="The broker has taken it.",
        responses={
            HTTPStatus.ACCEPTED: {"links": LINKS},
            **documented(
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.CONFLICT,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            ),
        },
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )


async def _unknown(name: str, caller: Caller) -> None:
    raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such task: GET /openapi.json lists all.")


@cache
def _arguments(name: str) -> Arguments:
    return Arguments(name, app.tasks[name].run)


def _send(call: Call, name: str, arguments: dict[str, Any]) -> None:
    """Send a task, unless an earlier try of the same request has."""
    with call.first_time() as first:
        if not first:
            return
        with state_store.noted(call.task_id):
            check_deadline()
            app.tasks[name].apply_async(
                kwargs=arguments, task_id=call.task_id, **state_store.KEEPING
            )


def _within(schema: Any, place: str) -> Any:
    """Return a schema whose references hold at another place than that of a whole document."""
    if isinstance(schema, list):
        return [_within(each, place) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"{place}{value.removeprefix('#')}"
        if key == "$ref" and isinstance(value, str)
        else _within(value, place)
        for key, value in schema.items()
    }
