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
    # It answers before it has done so.
    worker.wait_until(lambda: _rests(worker, queue), "rest")
    try:
        yield
    finally:
        app.control.add_consumer(queue, destination=[worker.name], reply=True)


def _rests(worker: Worker, queue: str) -> bool:
    """Tell whether a worker has said that it takes no tasks of a queue."""
    answers = app.control.inspect([worker.name], limit=1).active_queues() or {}
    queues = answers.get(worker.name)
    return queues is not None and all(each["name"] != queue for each in queues)
