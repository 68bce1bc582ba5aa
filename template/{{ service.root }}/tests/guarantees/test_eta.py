"""Tasks that are not due yet outlive the worker that they wait in."""

from __future__ import annotations

from collections.abc import Callable

from tests.guarantees.harness import GRACE, Batch, Workers

DUE = 20.0
"""Seconds until the tasks are due: the worker must have ended before."""


def test_delayed_tasks_are_not_lost_when_their_worker_is_told_to_stop(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    first = workers.start()
    batch.publish(amount=20, countdown=DUE)
    batch.publish()
    batch.wait_until_started(1)

    assert first.stop(GRACE) == 0
    assert len(batch.done()) == 1
    workers.start()

    none_lost(DUE + 60.0)
