"""The hooks in `app/hooks.py` are told of each failure, retry and dead letter, once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from app import hooks
from app.core import failures
from app.core.correlation import correlated
from app.core.dead_letters import DeadLetter, Reason, StoredMessage
from app.core.errors import PermanentError, TransientError
from app.core.failures import Caller
from app.core.types import BoundTask
from tests.conftest import Worker
from tests.core.letters import body, headers, publish
from tests.core.probes import QUEUE, bore, flaky, refuse, reject, say, trip
from tests.core.told import events

DEATH = DeadLetter(queue=QUEUE, reason=Reason.MALFORMED, message=StoredMessage(body=""))


def test_a_failure_is_told_once_and_with_what_is_known(worker: Worker) -> None:
    with correlated("request-7"):
        sent = refuse.delay()

    failure, letter = events(worker, sent.id, "on_failure", "on_dead_letter")

    assert failure == letter
    assert failure["task"] == refuse.name
    assert failure["queue"] == QUEUE
    assert failure["attempt"] == "1"
    assert failure["worker"] == worker.name
    assert failure["correlation_id"] == "request-7"
    assert failure["reason"] == "failed"
    assert failure["exception"] == "PermanentError('no such account')"
    assert failure["traceback"].endswith(" frames")
    assert failure["traceback"] != "0 frames"


def test_a_retry_is_told_and_is_no_failure(worker: Worker) -> None:
    sent = flaky.delay(failures=1)
    worker.wait_for_success(sent.id)

    (retry,) = events(worker, sent.id, "on_retry")

    assert (retry["attempt"], retry["reason"]) == ("1", "None")
    assert retry["exception"] == "TransientError('the other side is busy')"


def test_a_message_that_a_task_rejects_is_told(worker: Worker) -> None:
    failure, _ = events(worker, reject.delay().id, "on_failure", "on_dead_letter")

    assert failure["reason"] == "rejected"


@pytest.mark.parametrize(
    ("changes", "reason"), [({"retries": "many"}, "malformed"), ({"task": "gone"}, "unknown task")]
)
def test_a_message_of_no_task_is_a_dead_letter_only(
    worker: Worker, changes: dict[str, str], reason: str
) -> None:
    task_id = uuid4().hex
    publish(body(), headers(id=task_id, **changes))

    (letter,) = events(worker, task_id, "on_dead_letter")

    assert letter["reason"] == reason
    assert letter["task"] == changes.get("task", say.name)


def test_a_hook_that_fails_is_logged_and_others_are_called(worker: Worker) -> None:
    sent = trip.delay()

    worker.wait_for_line(f"{trip.name}: on_failure of app/hooks.py failed")
    worker.wait_for_line(f"{trip.name}: on_dead_letter of app/hooks.py failed")
    assert events(worker, sent.id) == []


def test_a_slow_hook_holds_up_no_task(worker: Worker, tmp_path: Path) -> None:
    slow = bore.delay(str(tmp_path / "go on"))
    worker.wait_for_line(slow.id, "raised")
    quick = say.delay("meanwhile")
    worker.wait_for_success(quick.id)

    assert not worker.lines("hook on_failure", slow.id)
    (tmp_path / "go on").touch()
    events(worker, slow.id, "on_failure", "on_dead_letter")


def test_hooks_of_before_release_0_6_get_the_task_and_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[str, str]] = []

    def on_failure(task: BoundTask, error: BaseException) -> None:
        told.append((task.name, repr(error)))

    monkeypatch.setattr(hooks, "on_failure", on_failure)
    monkeypatch.delattr(hooks, "on_retry")
    refuse.apply()
    flaky.apply(kwargs={"failures": 9})

    assert told == [
        (refuse.name, repr(PermanentError("no such account"))),
        (flaky.name, repr(TransientError("the other side is busy"))),
    ]


def test_a_hook_that_is_not_there_is_not_missed(
    monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    monkeypatch.delattr(hooks, "on_dead_letter")

    failures.buried(DEATH, None)

    assert calls == []


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the hooks that were called."""
    names: list[str] = []

    def note(_: Caller, name: str, call: Callable[[], None]) -> None:
        names.append(name)

    monkeypatch.setattr(Caller, "call_soon", note)
    return names


def test_what_hooks_leave_undone_does_not_keep_a_worker_from_its_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(failures, "MOST_WAITING", 2)
    monkeypatch.setattr(failures, "END_TIMEOUT", 0.1)
    caller, entered, done = Caller(), Event(), Event()
    called: list[int] = []

    def hang() -> None:
        entered.set()
        done.wait()

    caller.call_soon("on_retry", hang)
    entered.wait()
    for number in range(3):
        caller.call_soon("on_failure", partial(called.append, number))
    caller.end()

    assert called == []
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "on_failure of app/hooks.py is left out: 2 calls wait",
        "app/hooks.py takes longer than 0.1 s: the rest is left out",
    ]

    done.set()
    caller.end()
    assert called == [0, 1]
