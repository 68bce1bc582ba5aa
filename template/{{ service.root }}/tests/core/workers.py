"""A second worker beside that of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.celery_app import app
from tests.conftest import Worker
from tests.core.probes import double

PROBES = ("--include", "tests.core.probes")
"""Lets a worker know the tasks that only tests send."""


@contextmanager
def resting(worker: Worker) -> Iterator[None]:
    """Let a worker take no tasks meanwhile."""
    queue = double.name.rpartition(".")[0]
    app.control.cancel_consumer(queue, destination=[worker.name], reply=True)
    yield
    app.control.add_consumer(queue, destination=[worker.name], reply=True)
