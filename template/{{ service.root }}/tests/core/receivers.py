"""Servers that take what a service tells of itself, and what it tells."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import ROOT

ERROR = 2
"""The status of a span that has ended with an error."""


class Receiver(ThreadingHTTPServer):
    """Keeps the bodies that are sent to it.

    Attributes:
        address: its host and port.
        bodies: what has come, unpacked.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"127.0.0.1:{self.server_port}"
        self.bodies: list[bytes] = []

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        """Keep the body."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") == "gzip"
        self.server.bodies.append(gzip.decompress(body) if packed else body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Span(NamedTuple):
    """A span, as a collector gets it."""

    name: str
    id: bytes
    parent: bytes
    trace: bytes
    status: int
    attributes: Mapping[str, Any]
    events: list[str]


def run_python(code: str, *arguments: str, **environment: str) -> str:
    """Run code in a process of its own, and return what it prints."""
    return subprocess.check_output(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        text=True,
        timeout=60,
    )


def spans_in(bodies: Sequence[bytes]) -> list[Span]:
    """Return all spans, in the order of their beginnings."""
    found = [
        span
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return [
        Span(
            span.name,
            span.span_id,
            span.parent_span_id,
            span.trace_id,
            span.status.code,
            {each.key: each.value.string_value or each.value.int_value for each in span.attributes},
            [event.name for event in span.events],
        )
        for span in sorted(found, key=lambda span: span.start_time_unix_nano)
    ]
