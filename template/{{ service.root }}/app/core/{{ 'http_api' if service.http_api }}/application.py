"""The HTTP API itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from app.celery_app import app
from app.config import Config
from app.core import tracing
from app.core.http_api import (
    cancel,
    events,
    health,
    middleware,
    problems,
    queues,
    servers,
    states,
    tasks,
)
from app.core.http_api.access import admitted
from app.core.http_api.bodies import BodyLimit
from app.core.http_api.settings import HttpSettings


def create_api() -> FastAPI:
    """Return the API of this service. Routes of your own can be added to it.

    Raises:
        SystemExit: when `HTTP_KEYS` is empty.
    """
    servers.prepare()
    if tracing.ON:
        from app.core import spans

        # Spans of requests begin with the first one: they need it to be there.
        spans.tracer()
    api = FastAPIOffline(
        title=app.main,
        description="Sends tasks and tells how they are.",
        redoc_url=None,
        lifespan=health.signs,
        dependencies=[Depends(middleware.correlation_id)],
        telemetry={"logs": False, "metrics": False, "operation_spans": False},
    )
    api.include_router(health.router)
    guarded = problems.documented(
        HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE
    )
    for router in (tasks.router(), states.router, events.router, cancel.router, queues.router):
        api.include_router(router, dependencies=[Depends(admitted)], responses=guarded)
    problems.add_to(api)
    _add_middleware(api, HttpSettings.load())
    api.openapi = lambda: _openapi(api)  # type: ignore[method-assign]
    return api


def _add_middleware(api: FastAPI, settings: HttpSettings) -> None:
    """Add what every request goes through. What is added last comes first."""
    api.add_middleware(BodyLimit, limit=settings.http_max_body_kib * 1024)
    if settings.http_cors_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.http_cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Idempotency-Key", middleware.HEADER],
            expose_headers=["Location", "Retry-After", middleware.HEADER],
        )
    api.add_middleware(middleware.Requests)
    if Config.load().metrics_port:
        from app.core.http_api.metrics import Counting

        # Before all else: it counts what fails, too.
        api.add_middleware(Counting)


def _openapi(api: FastAPI) -> dict[str, Any]:
    """Return what the API is like, with the schemas that are not those of routes."""
    if not api.openapi_schema:
        page = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
        )
        problem = problems.Problem.model_json_schema(ref_template=f"{tasks.SCHEMAS}{{model}}")
        parts = problem.pop("$defs")
        page["components"]["schemas"] |= {"Problem": problem, **parts, **tasks.schemas()}
        api.openapi_schema = page
    return api.openapi_schema
