"""A worker is told to stop. It ends with its tasks, and hands back what it cannot finish."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from app.celery_app import app
from app.core.broker_state import queue_states
from tests.conftest import Worker
from tests.guarantees.harness import SEVERAL_MESSAGES, Batch, Workers, broker_away, wait_until

IDLE = 20.0
"""Seconds in which a worker ends that has nothing to do, on a busy machine, too. Tasks get more."""


def stop(worker: Worker) -> tuple[int, float]:
    """Send SIGTERM and return the exit code, and how many seconds the end took."""
    os.kill(worker.pid, signal.SIGTERM)
    return end_of(worker)


def tell_to_stop(worker: Worker) -> None:
    """Send SIGTERM, and wait until the worker has heard it."""
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for_line("Told to stop")


def end_of(worker: Worker) -> tuple[int, float]:
    """Wait for the end of a worker, and return the exit code, and how many seconds that took."""
    started = time.monotonic()
    return worker.wait(), time.monotonic() - started


def waiting() -> int:
    """Return how many messages wait at the broker."""
    with app.connection_for_read() as connection:
        return sum(state.depth for state in queue_states(connection))


def test_a_worker_ends_as_soon_as_its_tasks_have_ended(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start()
    batch.publish_held(2)
    batch.wait_until_started(2)
    batch.publish(amount=10)

    tell_to_stop(worker)
    batch.release()
    code, seconds = end_of(worker)

    assert code == 0
    assert seconds < IDLE
    assert batch.done() == {0, 1}
    workers.start()
    none_lost(60.0)
    assert batch.duplicates() == 0


def test_a_task_that_is_longer_than_the_grace_is_handed_back(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start(WORKER_SOFT_SHUTDOWN_TIMEOUT="1")
    batch.publish_held(2)
    batch.wait_until_started(2)

    code, seconds = stop(worker)

    assert code == 0
    assert seconds < 1.0 + IDLE
    workers.start()
    batch.wait_until_started(4)
    batch.release()
    none_lost(60.0)


def test_what_a_worker_has_taken_in_advance_is_handed_back(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    several = {"WORKER_CONCURRENCY": "2", **SEVERAL_MESSAGES}
    worker = workers.start(WORKER_SOFT_SHUTDOWN_TIMEOUT="1", **several)
    batch.publish_held(8)
    batch.wait_until_started(2)
    wait_until(lambda: waiting() == 0, "worker that has all messages", timeout=60.0)

    code, _ = stop(worker)

    assert code == 0
    wait_until(lambda: waiting() == 8, "messages that are handed back", timeout=60.0)
    workers.start()
    batch.release()
    none_lost(60.0)
    assert batch.duplicates() == 0


def test_a_second_signal_ends_a_worker_at_once(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start()
    batch.publish_held(1)
    batch.wait_until_started(1)

    tell_to_stop(worker)
    code, seconds = stop(worker)

    assert code == 0
    assert seconds < IDLE
    workers.start()
    batch.release()
    none_lost(60.0)


def test_a_worker_that_waits_for_its_broker_can_be_told_to_stop(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start()

    with broker_away():
        worker.wait_for_line("Cannot connect to")
        code, seconds = stop(worker)

    assert code == 0
    assert seconds < IDLE
    batch.publish()
    workers.start()
    none_lost(60.0)


def test_a_worker_starts_again_on_sighup(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start()
    batch.publish(amount=2, seconds=1.0)
    batch.wait_until_started(2)

    os.kill(worker.pid, signal.SIGHUP)
    worker.wait_until(lambda: len(worker.lines(" ready.")) == 2, "another start")

    batch.publish()
    none_lost(60.0)
    assert batch.duplicates() == 0
