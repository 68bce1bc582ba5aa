"""What the HTTP API counts, for Prometheus."""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# It says where all metrics are kept.
from app.core import metrics
from app.core.http_api.middleware import route

DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""The limits of the histogram, in seconds."""

REQUESTS = Counter(
    "http_requests_total",
    "Requests that were answered.",
    ("method", "route", "status"),
    registry=None,
)
DURATION = Histogram(
    "http_request_duration_seconds",
    "How long a request took until its answer began.",
    ("method", "route"),
    buckets=DURATIONS,
    registry=None,
)

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""Those that are counted by name. Others could be of any number."""


class Counting:
    """Counts requests, and the tasks that they send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        metrics.count_published()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in METHODS else "other"
                REQUESTS.labels(method, route(scope), message["status"]).inc()
                DURATION.labels(method, route(scope)).observe(time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)
