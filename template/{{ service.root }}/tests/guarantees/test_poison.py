"""Tasks that harm their worker end in the dead letters, and the others go on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from app.celery_app import app
from app.core.dead_letters import Reason
from app.core.errors import PayloadTooLarge
from tests.conftest import Worker
from tests.guarantees import broker
from tests.guarantees.harness import Batch, Workers, cause_of_death, wait_until
from tests.guarantees.probes import RETRIES, count, exhaust, kill_process, overrun

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker that all of it happens to."""
    broker.empty()
    workers = Workers(tmp_path_factory.mktemp("worker"))
    yield workers.start()
    workers.stop_all()
    assert broker.left_over() == {}


def test_a_task_that_kills_its_process_runs_as_often_as_it_may_be_tried(
    batch: Batch, worker: Worker
) -> None:
    poison = batch.publish(kill_process)

    assert cause_of_death(poison) is Reason.WORKER_LOST
    assert len(batch.runs()) == RETRIES + 1


def test_a_task_that_needs_too_much_memory_fails_and_the_worker_lives(
    batch: Batch, worker: Worker
) -> None:
    poison = batch.publish(exhaust)

    assert cause_of_death(poison) is Reason.FAILED
    assert len(batch.runs()) == 1


def test_a_task_that_ignores_its_soft_limit_is_stopped_at_the_hard_one(
    batch: Batch, worker: Worker
) -> None:
    poison = batch.publish(overrun)

    assert cause_of_death(poison) is Reason.TIME_LIMIT
    assert len(batch.runs()) == 1


def test_a_call_with_too_much_data_is_refused_before_it_is_sent(
    batch: Batch, worker: Worker
) -> None:
    with pytest.raises(PayloadTooLarge):
        count.delay(runs="x" * MEGABYTE, number=0)


def test_a_huge_message_of_another_program_does_not_stop_the_worker(
    batch: Batch, worker: Worker
) -> None:
    app.send_task(count.name, kwargs={"runs": os.devnull, "number": "x" * 30 * MEGABYTE})
    batch.publish()

    batch.wait_until_done()
    wait_until(lambda: not broker.waiting(), "end of the huge message", timeout=30.0)


def test_the_worker_has_outlived_all_that(batch: Batch, worker: Worker) -> None:
    batch.publish(amount=20)

    batch.wait_until_done()
    os.kill(worker.pid, 0)
