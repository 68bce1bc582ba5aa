"""Time limits."""

from __future__ import annotations

from celery import chain

from tests.conftest import Worker
from tests.core.probes import hang, say, slow, stuck


def test_a_soft_limit_lets_the_task_clean_up_and_stops_its_chain(worker: Worker) -> None:
    chain(slow.si("the file"), say.si("never")).apply_async()

    worker.wait_for_line("cleaned up: the file")
    worker.wait_for_line(f"{slow.name}[", "] raised unexpected: SoftTimeLimitExceeded")
    worker.wait_for_success(say.delay("after the chain").id)
    assert not worker.lines("said: never")


def test_a_soft_limit_cancels_a_coroutine(worker: Worker) -> None:
    sent = hang.delay("the connection")

    worker.wait_for_line("coroutine cleaned up: the connection")
    assert "SoftTimeLimitExceeded" in worker.wait_for_failure(sent.id)


def test_a_hard_limit_ends_a_task_that_ignores_the_soft_one(worker: Worker) -> None:
    sent = stuck.delay()

    worker.wait_for_line("Hard time limit (2s) exceeded", sent.id)
    worker.wait_for_success(say.delay("still here").id)
