"""Time limits."""

from __future__ import annotations

import os
import subprocess
import sys

from celery import chain

from app.core.dead_letters import Reason
from tests.conftest import ROOT, Worker
from tests.core.letters import letter_of
from tests.core.probes import hang, say, slow, stuck
from tests.core.told import events


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
    assert letter_of(worker, sent.id).reason == Reason.TIME_LIMIT
    failure, _ = events(worker, sent.id, "on_failure", "on_dead_letter")
    assert failure["reason"] == "time limit"
    assert "TimeLimitExceeded" in failure["exception"]


def test_a_limit_that_a_task_exceeds_ends_the_process_at_its_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "app.celery_app", "report"],
        cwd=ROOT,
        env=os.environ | {"TASK_TIME_LIMIT_MAX": "1", "TASK_RETRY_BACKOFF_MAX": "60"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "is above TASK_TIME_LIMIT_MAX=1; raise the variable" in done.stderr
    assert "Traceback" not in done.stderr
