"""The broker restarts, dies, stalls, and loses its connections. No task is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.guarantees.broker import CONNECTIONS, cut
from tests.guarantees.harness import (
    SOON,
    Batch,
    Workers,
    broker_away,
    broker_stalled,
    crash_broker,
    moments,
)

STALL = 12.0
"""Seconds for which the broker does nothing."""


def test_no_task_is_lost_when_the_broker_restarts(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    workers.start()
    batch.publish_held(2)
    batch.wait_until_started(2)
    batch.publish(amount=20)

    with broker_away():
        time.sleep(3)
    batch.release()
    batch.publish(amount=20)

    none_lost(60.0)


def test_no_task_is_lost_when_the_broker_is_killed_right_after_it_took_them(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    batch.publish(amount=200)
    crash_broker()
    workers.start()

    none_lost(60.0)


@pytest.mark.parametrize("connections", CONNECTIONS)
def test_no_task_is_lost_when_connections_are_cut(
    connections: str,
    batch: Batch,
    workers: Workers,
    chance: random.Random,
    none_lost: Callable[[float], None],
) -> None:
    workers.start()
    batch.publish(amount=200, seconds=0.01)

    for moment in moments(chance, 3, among=150):
        batch.wait_until_some_done(moment)
        cut(connections)

    none_lost(60.0)


@pytest.mark.parametrize("connections", CONNECTIONS)
def test_an_idle_worker_goes_on_at_once_when_connections_are_cut(
    connections: str, batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    workers.start()

    cut(connections)
    batch.publish()

    none_lost(SOON)


def test_no_task_is_lost_when_the_broker_stalls(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    workers.start()
    batch.publish(amount=300, seconds=0.01)
    batch.wait_until_some_done(50)

    with broker_stalled():
        time.sleep(STALL)
    batch.publish(amount=20)

    none_lost(60.0)
