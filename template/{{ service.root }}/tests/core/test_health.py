"""What the probes of worker and beat see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import HEALTH, ROOT, Worker, probe


def file(name: str, age: float = 0.0) -> None:
    """Make a sign of life that is some seconds old."""
    path = Path(HEALTH.name, name)
    path.touch()
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))


def test_a_worker_is_alive_and_ready(worker: Worker) -> None:
    def all_signs() -> bool:
        # A worker gives the last one a moment after it has said that it is ready.
        questions = ("alive", "ready")
        answers = [probe("worker", each, "60", WORKER_NAME=worker.short_name) for each in questions]
        return [answer.returncode for answer in answers] == [0, 0]

    worker.wait_until(all_signs, "signs of life")


def test_a_worker_that_has_left_no_sign_is_dead() -> None:
    done = probe("worker", "alive", WORKER_NAME="nobody")

    assert done.returncode == 1
    assert "the worker is dead or stuck: there is no" in done.stderr


def test_a_worker_that_is_stuck_is_neither_alive_nor_ready() -> None:
    file("stuck.alive", age=100)
    file("stuck.ready")

    for question in ("alive", "ready"):
        assert probe("worker", question, WORKER_NAME="stuck").returncode == 0
        done = probe("worker", question, "60", WORKER_NAME="stuck")
        assert done.returncode == 1
        assert "s old, the limit is 60 s" in done.stderr


def test_a_worker_that_waits_for_its_broker_is_not_ready() -> None:
    file("waiting.alive")

    assert probe("worker", "alive", WORKER_NAME="waiting").returncode == 0
    done = probe("worker", "ready", WORKER_NAME="waiting")
    assert (done.returncode, done.stderr) == (1, "the worker takes no messages\n")


def test_a_probe_that_is_called_in_a_wrong_way_says_how_to_call_it() -> None:
    done = probe("worker", "well")

    assert done.returncode == 1
    assert "usage: scripts/probe.sh" in done.stderr


def test_a_folder_that_cannot_be_written_ends_the_worker_at_its_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from app.core.health import prepare; prepare()"],
        cwd=ROOT,
        env=os.environ | {"HEALTH_DIR": "/dev/null/health"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "HEALTH_DIR=/dev/null/health: nothing can be written there" in done.stderr
    assert "Traceback" not in done.stderr
