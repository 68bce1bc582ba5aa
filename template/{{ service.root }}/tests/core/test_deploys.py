"""Messages outlive deploys: older code sends to newer workers, and newer code to older ones."""

from __future__ import annotations

from typing import Any

import pytest
from celery.signals import before_task_publish

from app import settings
from app.celery_app import app
from app.core.aliases import register_aliases
from app.core.discovery import queue_names
from app.core.errors import InvalidTask
from tests.conftest import Worker
from tests.core.probes import QUEUE, Point, add, flaky


def test_what_an_older_sender_does_not_know_has_its_default(worker: Worker) -> None:
    sent = app.send_task(add.name, kwargs={"point": {"x": 1}})

    worker.wait_for_line(f"[{sent.id}] succeeded", ": 1 ")


def test_a_field_of_a_newer_sender_is_ignored(worker: Worker) -> None:
    sent = app.send_task(add.name, kwargs={"point": {"x": 1, "y": 1, "z": 1}})

    worker.wait_for_line(f"[{sent.id}] succeeded", ": 2 ")


def test_an_argument_of_a_newer_sender_is_refused(worker: Worker) -> None:
    sent = app.send_task(add.name, kwargs={"point": {"x": 1}, "colour": "red"})

    assert "unexpected keyword argument 'colour'" in worker.wait_for_failure(sent.id)
    assert not worker.lines(sent.id, "retry")


def test_only_arguments_that_are_given_are_sent() -> None:
    bodies: list[Any] = []

    def note(body: Any, **_: Any) -> None:
        bodies.append(body)

    before_task_publish.connect(note)
    add.delay(Point(x=1))
    before_task_publish.disconnect(note)

    [(_, arguments, _)] = bodies
    assert arguments == {"point": {"x": 1, "y": 0}}


def test_a_task_answers_to_a_further_name(worker: Worker) -> None:
    name = f"{QUEUE}.probe_sum"

    from_older_code = app.send_task(name, kwargs={"point": {"x": 1}})
    from_beat = app.tasks[name].apply_async(kwargs={"point": {"x": 2}})

    worker.wait_for_line(f"[{from_older_code.id}] succeeded", ": 1 ")
    worker.wait_for_line(f"[{from_beat.id}] succeeded", ": 2 ")


def test_a_further_name_is_retried_like_the_task(worker: Worker) -> None:
    sent = app.send_task(f"{QUEUE}.probe_shaky", kwargs={"failures": 1})

    worker.wait_for_line(sent.id, "retry: Retry in")
    worker.wait_for_success(sent.id)


def test_the_queue_of_a_further_name_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    aliases = {f"{QUEUE}.old": add.name, "elsewhere.mail.send": add.name, "send": add.name}
    monkeypatch.setattr(settings, "ALIASES", {}, raising=False)
    before = queue_names()
    monkeypatch.setattr(settings, "ALIASES", aliases)

    assert set(queue_names()) == {*before, "elsewhere.mail"}


@pytest.mark.parametrize(
    ("alias", "name", "fault"),
    [
        (f"{QUEUE}.old", f"{QUEUE}.gone", "which is no task"),
        (flaky.name, add.name, "is a task itself"),
    ],
)
def test_a_further_name_that_cannot_work_is_refused(alias: str, name: str, fault: str) -> None:
    with pytest.raises(InvalidTask, match=fault):
        register_aliases(app, {alias: name})
