"""Canaries tell whether a queue is read."""

from __future__ import annotations

from app.celery_app import app
from app.core import canary
from app.core.discovery import queue_names
from tests.conftest import Worker, probe

TASK = app.tasks[canary.NAME]


def is_seen(queue: str) -> bool:
    """Tell what the probe of a queue says."""
    return probe("canary", queue, "60").returncode == 0


def test_every_queue_gets_a_canary_that_expires_before_the_next() -> None:
    entries = canary.schedule().values()

    assert [entry["options"]["queue"] for entry in entries] == queue_names()
    assert [entry["kwargs"]["queue"] for entry in entries] == queue_names()
    assert all(entry["options"]["expires"] <= entry["schedule"] for entry in entries)


def test_a_canary_is_seen_when_it_comes_through_its_queue(worker: Worker) -> None:
    for queue in queue_names():
        TASK.apply_async(kwargs={"queue": queue}, queue=queue)

    worker.wait_until(lambda: all(map(is_seen, queue_names())), "canary of every queue")
    assert not worker.lines(canary.NAME, "started")
    assert not worker.lines(canary.NAME, "succeeded")


def test_a_queue_that_is_not_read_has_no_canary() -> None:
    done = probe("canary", "unread", "60")

    assert done.returncode == 1
    assert "nobody reads the queue here: there is no" in done.stderr


def test_a_canary_of_an_unknown_queue_is_a_failure(worker: Worker) -> None:
    sent = TASK.delay(queue="../elsewhere")

    assert "this service has no queue" in worker.wait_for_failure(sent.id)
