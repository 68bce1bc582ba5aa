"""Dead letters are kept within bounds, and not lost or doubled by a replay that is killed."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from app import dead_letters as command
from app.core.dead_letters import REDACTED, Reason
from dev.processes import PAUSE, Process
from tests.conftest import ROOT
from tests.guarantees.harness import Batch, Workers, broker_away, dead_letters, wait_until
from tests.guarantees.probes import fail

LETTERS = 300

INTERRUPTIONS = 5
"""How many replays are killed, if there is something left for so many."""


def replay_all(log: Path) -> Process:
    """Start to replay all dead letters."""
    return Process([sys.executable, "-m", "app.dead_letters", "replay", "--all"], log, folder=ROOT)


def fail_all(batch: Batch, amount: int, mended: str) -> None:
    """Publish tasks that fail, and wait until all of them are dead."""
    batch.publish(fail, amount, mended=mended)
    wait_until(lambda: len(dead_letters()) >= amount, f"{amount} dead letters", timeout=60.0)


def test_a_replay_that_is_killed_neither_loses_nor_doubles(
    batch: Batch, workers: Workers, chance: random.Random, tmp_path: Path
) -> None:
    mended = tmp_path / "mended"
    workers.start()
    fail_all(batch, LETTERS, mended=str(mended))
    mended.touch()

    interrupted = 0
    while interrupted < INTERRUPTIONS and len(batch.done()) < LETTERS:
        replay = replay_all(tmp_path / "log")
        batch.wait_until_some_done(len(batch.done()) + 1)
        time.sleep(chance.random() * 0.02)
        os.kill(replay.pid, signal.SIGKILL)
        replay.wait()
        interrupted += 1
    assert interrupted > 1, "killed too late: the first had replayed all"
    replay_all(tmp_path / "log").wait(timeout=60.0)

    batch.wait_until_done()
    assert dead_letters() == []
    assert batch.duplicates() == 0


def test_only_as_many_are_kept_as_the_bound_says(batch: Batch, workers: Workers) -> None:
    workers.start(DEAD_LETTERS_MAX="100")
    batch.publish(fail, LETTERS, mended="nowhere")
    batch.wait_until_started(LETTERS)
    workers.stop_all()

    # Redis drops them by the hundred.
    assert 100 <= len(dead_letters()) <= 200

    workers.start(DEAD_LETTERS_MAX="50")
    numbers = [letter.describe()["kwargs"]["number"] for letter in dead_letters()]
    assert len(numbers) == 50
    # RabbitMQ changes the order a little when they are looked at.
    assert min(numbers) > LETTERS - 100


def test_what_is_to_be_hidden_is_not_kept(
    batch: Batch, workers: Workers, capsys: pytest.CaptureFixture[str]
) -> None:
    workers.start(DEAD_LETTERS_REDACT='["mended"]')
    fail_all(batch, 1, mended="the password")

    [letter] = dead_letters()
    assert letter.describe()["kwargs"]["mended"] == REDACTED
    assert "the password" not in letter.model_dump_json()
    assert command.main(["replay", letter.id]) == 1
    assert "1 cannot be replayed: its arguments are redacted" in capsys.readouterr().err


def test_a_task_that_fails_while_the_broker_is_away_is_kept(
    batch: Batch, workers: Workers, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    workers.start()
    sent = batch.publish(fail, mended="nowhere", after=str(end))
    batch.wait_until_started(1)

    with broker_away():
        end.touch()
        time.sleep(2 * PAUSE)

    wait_until(lambda: bool(dead_letters()), "dead letter", timeout=60.0)
    [letter] = dead_letters()
    assert (letter.reason, letter.message.headers["id"]) == (Reason.FAILED, sent)
