"""A stand-in for the server of a cluster: it keeps what kubectl sends, and does nothing with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]

KINDS = {
    "v1": ("ConfigMap", "PersistentVolumeClaim", "Secret", "Service", "ServiceAccount"),
    "apps/v1": ("Deployment",),
    "batch/v1": ("Job",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
}
"""What it knows, by version."""

STATUSES: dict[str, Object] = {
    "Job": {"conditions": [{"type": "Complete", "status": "True"}]},
    "Deployment": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
}
"""How objects are as soon as they are there: done, with as many pods as any Deployment wants."""

MISSING = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound"}


class Server(ThreadingHTTPServer):
    """The server, on a free port of this machine.

    Args:
        statuses: how objects of a kind are, where that is not as in `STATUSES`.
    """

    def __init__(self, statuses: dict[str, Object]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = STATUSES | statuses
        self.objects: dict[str, Object] = {}
        self.log: list[str] = []
        """What was made and deleted, in order: `+ Deployment name`, `- Job name`."""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running(**statuses: Object) -> Iterator[Server]:
    """Run one, with these statuses."""
    with Server(statuses) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        found = _discovery(path) or self.server.objects.get(path) or self._list(path, query)
        self._answer(found)

    def do_POST(self) -> None:
        made = self._body()
        name = made["metadata"]["name"]
        made["status"] = self.server.statuses.get(made["kind"], {})
        self.server.objects[f"{urlsplit(self.path).path}/{name}"] = made
        self.server.log.append(f"+ {made['kind']} {name}")
        self._answer(made)

    def do_PATCH(self) -> None:
        self._body()
        self._answer(self.server.objects[urlsplit(self.path).path])

    def do_DELETE(self) -> None:
        self._body()
        gone = self.server.objects.pop(urlsplit(self.path).path, None)
        if gone:
            self.server.log.append(f"- {gone['kind']} {gone['metadata']['name']}")
        self._answer(gone)

    def _list(self, path: str, query: dict[str, list[str]]) -> Object | None:
        """Return the objects of a kind, or nothing where the path is of one that is not there."""
        items = [
            each
            for place, each in self.server.objects.items()
            if place.startswith(f"{path}/") and _is_chosen(each["metadata"], query)
        ]
        if not items:
            return None
        first = items[0]
        return {"kind": f"{first['kind']}List", "apiVersion": first["apiVersion"], "items": items}

    def _body(self) -> Object:
        found: Object = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return found

    def _answer(self, found: Object | None) -> None:
        body = json.dumps(found or MISSING).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _is_chosen(metadata: Object, query: dict[str, list[str]]) -> bool:
    """Tell whether the selectors of a query, such as `queue=shop.email`, match an object."""
    labels = dict(each.split("=") for each in query.get("labelSelector", []))
    name = f"metadata.name={metadata['name']}"
    is_named = query.get("fieldSelector", [name]) == [name]
    return is_named and labels.items() <= metadata.get("labels", {}).items()


def _discovery(path: str) -> Object | None:
    """Return what the server can do, where that is asked for."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(_groups())}
    for version, kinds in KINDS.items():
        if path in (f"/api/{version}", f"/apis/{version}"):
            resources = [_resource(kind) for kind in kinds]
            return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
    return None


def _groups() -> Iterator[Object]:
    for each in KINDS:
        name, slash, number = each.partition("/")
        if slash:
            version = {"groupVersion": each, "version": number}
            yield {"name": name, "versions": [version], "preferredVersion": version}


def _resource(kind: str) -> Object:
    name = kind.lower()
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    verbs = ["create", "delete", "get", "list", "patch", "watch"]
    return {
        "name": plural,
        "singularName": name,
        "namespaced": True,
        "kind": kind,
        "verbs": verbs,
    }
