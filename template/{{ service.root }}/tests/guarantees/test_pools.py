"""Workers with threads or greenlets keep what workers with processes do, but for time limits."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from app.celery_app import app
from app.core.dead_letters import Reason
from tests.conftest import Worker
from tests.core.receivers import Receiver, spans_in
from tests.guarantees.broker import cut
from tests.guarantees.harness import (
    RECOVERY,
    Batch,
    Workers,
    broker_away,
    cause_of_death,
    kill,
    moments,
)
from tests.guarantees.probes import RETRIES, count, delegate, doze, leave
from tests.guarantees.sizes import POOLS
from tests.guarantees.test_shutdown import IDLE, end_of, stop, tell_to_stop

AT_ONCE = 100
"""How many tasks a worker runs at a time."""

THREADS = {"WORKER_POOL": "threads", "WORKER_IGNORE_LIMITS": "all"}
GREENLETS = {"WORKER_POOL": "gevent", "WORKER_IGNORE_LIMITS": "soft"}
BY_NAME = {"threads": THREADS, "gevent": GREENLETS}

Start = Callable[..., Worker]


@pytest.fixture(params=POOLS)
def start(request: pytest.FixtureRequest, workers: Workers) -> Start:
    """Starts a worker with one of the pools."""

    def start(**environment: str) -> Worker:
        environment = {"WORKER_CONCURRENCY": str(AT_ONCE), **BY_NAME[request.param], **environment}
        return workers.start(**environment)

    return start


def test_many_tasks_run_at_once_and_none_twice(
    batch: Batch, start: Start, none_lost: Callable[[float], None]
) -> None:
    start()
    batch.publish_held(AT_ONCE)
    batch.wait_until_started(AT_ONCE)
    batch.release()
    batch.publish(amount=9 * AT_ONCE, seconds=0.5)

    none_lost(60.0)
    assert batch.duplicates() == 0


def test_the_tasks_of_killed_workers_run_again_elsewhere_in_time(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    killed = [workers.start(**pool, WORKER_CONCURRENCY="2") for pool in (THREADS, GREENLETS)]
    batch.publish_held(4)
    batch.wait_until_started(4)
    workers.start(**THREADS, WORKER_CONCURRENCY="4")

    for worker in killed:
        kill(worker)
    batch.wait_until_started(8, timeout=RECOVERY)

    batch.release()
    none_lost(60.0)


def test_a_worker_ends_as_soon_as_its_tasks_have_ended(
    batch: Batch, start: Start, none_lost: Callable[[float], None]
) -> None:
    worker = start(WORKER_CONCURRENCY="2")
    batch.publish_held(2)
    batch.wait_until_started(2)
    batch.publish(amount=10)

    tell_to_stop(worker)
    batch.release()
    code, seconds = end_of(worker)

    assert code == 0
    assert seconds < IDLE
    assert batch.done() == {0, 1}
    start()
    none_lost(60.0)
    assert batch.duplicates() == 0


def test_a_task_that_is_longer_than_the_grace_is_handed_back(
    batch: Batch, start: Start, none_lost: Callable[[float], None]
) -> None:
    worker = start(WORKER_SOFT_SHUTDOWN_TIMEOUT="1")
    batch.publish_held(2)
    batch.wait_until_started(2)

    code, seconds = stop(worker)

    assert code == 0
    assert seconds < 1.0 + IDLE
    start()
    batch.wait_until_started(4)
    batch.release()
    none_lost(60.0)
    assert batch.duplicates() == 0


def test_no_task_is_lost_when_connections_are_cut(
    batch: Batch, start: Start, chance: random.Random, none_lost: Callable[[float], None]
) -> None:
    start(WORKER_CONCURRENCY="10")
    batch.publish(amount=200, seconds=0.05)

    for moment in moments(chance, 3, among=150):
        batch.wait_until_some_done(moment)
        cut("all")

    none_lost(60.0)


def test_no_task_is_lost_when_the_broker_restarts(
    batch: Batch, start: Start, none_lost: Callable[[float], None]
) -> None:
    worker = start(WORKER_CONCURRENCY="2")
    batch.publish_held(2)
    batch.wait_until_started(2)
    batch.publish(amount=20)

    with broker_away():
        worker.wait_for_line("Cannot connect to")
    batch.release()
    batch.publish(amount=20)

    none_lost(60.0)


def test_a_task_that_asks_its_process_to_end_does_not_end_the_others(
    batch: Batch, start: Start
) -> None:
    start()
    task_id = batch.publish(leave)

    assert cause_of_death(task_id) == Reason.WORKER_LOST
    assert len(batch.runs()) == 1 + RETRIES
    batch.publish()
    batch.wait_until_some_done(1)


def test_a_hard_limit_ends_a_greenlet(batch: Batch, workers: Workers) -> None:
    worker = workers.start(**GREENLETS)
    overrun = batch.publish(doze)

    assert cause_of_death(overrun) == Reason.TIME_LIMIT
    worker.wait_for_line("Hard time limit (1s) exceeded", overrun)
    batch.publish()
    batch.wait_until_some_done(1)


def test_a_greenlet_can_be_ended(batch: Batch, workers: Workers) -> None:
    worker = workers.start(**GREENLETS, WORKER_CONCURRENCY="1")
    unwanted = batch.publish_held()
    batch.wait_until_started(1)

    app.control.revoke(unwanted, terminate=True)

    batch.publish()
    batch.wait_until_some_done(1)
    assert worker.lines("Terminating", unwanted)
    assert stop(worker)[0] == 0
    assert batch.done() == {1}


def test_a_thread_cannot_be_ended_and_its_task_goes_on(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start(**THREADS)
    unwanted = batch.publish_held()
    batch.wait_until_started(1)

    app.control.revoke(unwanted, terminate=True)

    worker.wait_for_line(unwanted, "runs in a thread, which nothing can end")
    batch.release()
    none_lost(60.0)


def test_a_task_that_never_ends_does_not_keep_a_worker_from_its_end(
    batch: Batch, start: Start
) -> None:
    with Receiver() as collector:
        worker = start(
            OTEL_BSP_SCHEDULE_DELAY="600000",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{collector.address}",
        )
        worker.wait_for_success(batch.publish())
        batch.publish_held()
        batch.publish(delegate)
        batch.wait_until_started(3)

        tell_to_stop(worker)

        code, seconds = stop(worker)
    assert code == 0
    assert seconds < IDLE
    # What waited to be told is.
    assert f"run {count.name}" in [span.name for span in spans_in(collector.bodies)]
