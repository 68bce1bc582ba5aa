"""A task that takes down every worker that gets it ends in the dead letters."""

from __future__ import annotations

from app.core.dead_letters import Reason
from tests.guarantees import broker
from tests.guarantees.harness import RECOVERY, Batch, Workers, cause_of_death
from tests.guarantees.probes import kill_worker

DELIVERIES = 2
"""How often a message may be delivered here. Each delivery costs a worker."""


def test_a_task_that_kills_the_whole_worker_stops_after_its_last_delivery(
    batch: Batch, workers: Workers
) -> None:
    poison = batch.publish(kill_worker)
    for _ in range(DELIVERIES):
        doomed = workers.start(TASK_MAX_DELIVERIES=str(DELIVERIES))
        doomed.wait(RECOVERY)

    workers.start(TASK_MAX_DELIVERIES=str(DELIVERIES))

    assert cause_of_death(poison) is Reason.DELIVERED_TOO_OFTEN
    assert len(batch.runs()) == DELIVERIES
    workers.stop_all()
    assert broker.left_over() == {}
