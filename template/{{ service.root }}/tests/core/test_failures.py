"""What is tried again, and what fails at once."""

from __future__ import annotations

from app.celery_app import app
from app.core.dead_letters import Reason
from tests.conftest import Worker
from tests.core.letters import letter_of
from tests.core.probes import add, crash, die, flaky, refuse, trip
from tests.core.told import events


def test_a_transient_error_is_tried_again(worker: Worker) -> None:
    sent = flaky.delay(failures=1)

    worker.wait_for_line(sent.id, "retry: Retry in")
    worker.wait_for_success(sent.id)


def test_a_retry_waits_for_as_long_as_the_error_asks(worker: Worker) -> None:
    sent = flaky.delay(failures=1, retry_after=1.5)

    worker.wait_for_line(sent.id, "retry: Retry in 1.5s")
    worker.wait_for_success(sent.id)


def test_a_transient_error_fails_when_the_retries_are_used_up(worker: Worker) -> None:
    sent = flaky.delay(failures=2)

    assert "TransientError('the other side is busy')" in worker.wait_for_failure(sent.id)
    worker.wait_for_line("hook on_failure:", flaky.name, "the other side is busy")


def test_a_permanent_error_fails_at_once(worker: Worker) -> None:
    sent = refuse.delay()

    assert "PermanentError('no such account')" in worker.wait_for_failure(sent.id)
    worker.wait_for_line("hook on_failure:", refuse.name, "no such account")
    assert not worker.lines(sent.id, "retry")


def test_an_unexpected_error_fails_at_once(worker: Worker) -> None:
    sent = crash.delay()

    assert "KeyError('surprise')" in worker.wait_for_failure(sent.id)
    assert not worker.lines(sent.id, "retry")


def test_a_task_whose_process_dies_is_tried_again_and_then_fails(worker: Worker) -> None:
    sent = die.delay()

    worker.wait_for_line(sent.id, "retry: Retry in", "WorkerLostError")
    retry, failure, _ = events(worker, sent.id, "on_retry", "on_failure", "on_dead_letter")
    assert (retry["attempt"], retry["reason"]) == ("1", "None")
    assert (failure["attempt"], failure["reason"]) == ("2", "worker lost")
    assert "WorkerLostError" in failure["exception"]
    letter = letter_of(worker, sent.id)
    assert (letter.reason, letter.attempts) == (Reason.WORKER_LOST, 2)


def test_a_hook_that_fails_hides_nothing(worker: Worker) -> None:
    sent = trip.delay()

    assert "ArithmeticError" in worker.wait_for_failure(sent.id)
    worker.wait_for_line(f"{trip.name}: ", "of app/hooks.py failed")
    worker.wait_for_line("ConnectionError: the chat is away")


def test_a_raw_message_with_wrong_arguments_fails_once(worker: Worker) -> None:
    sent = app.send_task(add.name, kwargs={"point": {"y": 1}})

    assert "point.x: Field required" in worker.wait_for_failure(sent.id)
    assert not worker.lines(sent.id, "retry")
