"""A worker that waits is alive and not ready. One that is stuck is dead."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from dev.processes import NotReady
from tests.conftest import Worker, probe
from tests.guarantees.harness import Batch, Workers, broker_away, wait_until

PROBES = "tests.guarantees.probes"

LIMIT = "10"
"""Seconds after which a worker without a sign of life counts as dead."""


def is_alive(worker: Worker) -> bool:
    """Tell what the probe of liveness says."""
    return probe("worker", "alive", LIMIT, WORKER_NAME=worker.short_name).returncode == 0


def is_ready(worker: Worker) -> bool:
    """Tell what the probe of readiness says."""
    return probe("worker", "ready", LIMIT, WORKER_NAME=worker.short_name).returncode == 0


def test_a_worker_without_its_broker_is_unready_and_not_dead(
    batch: Batch, workers: Workers, none_lost: Callable[[float], None]
) -> None:
    worker = workers.start()
    wait_until(lambda: is_ready(worker), "readiness", 60.0)

    with broker_away():
        wait_until(lambda: not is_ready(worker), "unreadiness", 60.0)
        with suppress(NotReady):
            wait_until(lambda: not is_alive(worker), "death", 2 * float(LIMIT))
        assert is_alive(worker)
        assert not is_ready(worker)

    wait_until(lambda: is_ready(worker), "readiness", 60.0)
    batch.publish()
    none_lost(60.0)


def test_a_worker_that_starts_without_its_broker_waits_for_it(batch: Batch, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with broker_away():
            worker = stack.enter_context(
                Worker(tmp_path / "log", "--include", PROBES, WORKER_NAME="early")
            )
            worker.wait_for_line("Cannot connect to")
            assert is_alive(worker)
            assert not is_ready(worker)

        wait_until(lambda: is_ready(worker), "readiness", 60.0)
        batch.publish()
        batch.wait_until_done()


def test_a_frozen_worker_is_dead(workers: Workers) -> None:
    worker = workers.start()
    wait_until(lambda: is_ready(worker), "readiness", 60.0)

    os.kill(worker.pid, signal.SIGSTOP)
    started = time.monotonic()
    wait_until(lambda: not is_alive(worker), "death", 60.0)

    assert time.monotonic() - started < float(LIMIT) + 10.0
    assert not is_ready(worker)
