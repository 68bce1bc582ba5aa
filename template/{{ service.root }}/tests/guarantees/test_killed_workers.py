"""Workers are killed. No task is lost."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.guarantees.harness import RECOVERY, Batch, Workers, freeze, kill, moments
from tests.guarantees.sizes import KILLS, TASKS


def test_no_task_is_lost_when_loaded_workers_are_killed(
    batch: Batch, workers: Workers, chance: random.Random, none_lost: Callable[[float], None]
) -> None:
    for _ in range(TASKS):
        batch.publish(seconds=chance.uniform(0, 0.01))

    for moment in moments(chance, KILLS, among=TASKS):
        worker = workers.start()
        batch.wait_until_some_done(moment)
        kill(worker)
    workers.start()

    none_lost(RECOVERY + 120.0)


def test_a_task_of_a_killed_worker_runs_again_elsewhere_in_time(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    first = workers.start()
    batch.publish_held()
    batch.wait_until_started(1)
    workers.start()

    kill(first)
    batch.wait_until_started(2, timeout=RECOVERY)

    batch.release()
    none_lost(60.0)


def test_a_message_that_a_killed_worker_was_fetching_is_not_lost(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    frozen = workers.start()
    freeze(frozen)
    batch.publish()
    kill(frozen)
    batch.publish()
    workers.start()

    none_lost(RECOVERY)


def test_a_message_published_while_an_idle_worker_is_killed_is_not_lost(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    idle = workers.start()
    kill(idle)
    batch.publish()
    workers.start()

    none_lost(RECOVERY)
