"""What becomes of tasks that fail for good, and what can be done with their messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from celery import chain

from app import dead_letters
from app.celery_app import app
from app.config import Config
from app.core.dead_letters import REDACTED, Reason, StoredMessage, describe, redact
from app.core.types import BoundTask
from dev.processes import free_port
from tests.conftest import Worker
from tests.core.letters import letter_of, letters
from tests.core.probes import early, exhaust, flaky, mended, refuse, reject


def run(*arguments: str) -> None:
    """Run the command."""
    assert dead_letters.main(arguments) == 0


def wait_until_written(worker: Worker, file: Path, lines: list[str]) -> None:
    """Wait until the tasks of `mended` have written these lines."""
    worker.wait_until(lambda: sorted(file.read_text().split()) == sorted(lines), "lines")


@pytest.mark.parametrize(
    ("task", "reason", "error"),
    [
        (refuse, Reason.FAILED, "PermanentError: no such account"),
        (early, Reason.FAILED, "PermanentError: too late"),
        (exhaust, Reason.FAILED, "TaskMemoryError: "),
        (reject, Reason.REJECTED, "Reject: "),
    ],
)
def test_a_task_that_fails_for_good_leaves_a_dead_letter(
    worker: Worker, task: BoundTask, reason: Reason, error: str
) -> None:
    sent = task.delay()

    letter = letter_of(worker, sent.id)

    assert (letter.reason, letter.task, letter.attempts) == (reason, task.name, 1)
    assert letter.error.startswith(error)
    assert letter.worker == worker.name
    assert datetime.now(UTC) - letter.died_at < timedelta(minutes=10)


def test_a_dead_letter_says_what_the_last_error_was(worker: Worker) -> None:
    sent = flaky.delay(failures=2)

    letter = letter_of(worker, sent.id)

    assert letter.attempts == 2
    assert letter.error == "TransientError: the other side is busy"
    assert "in flaky\n    raise TransientError" in letter.traceback
    assert letter.describe()["kwargs"] == {"failures": 2}


def test_a_replayed_task_keeps_its_ids_and_its_chain(
    worker: Worker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    first, second = mended.si(str(file), "first"), mended.si(str(file), "second")
    sent = chain(first.set(task_id=str(uuid4())), second).apply_async()
    letter = letter_of(worker, first.options["task_id"])
    file.touch()

    run("replay", letter.id)

    assert capsys.readouterr().out == "replayed 1 dead letter\n"
    worker.wait_for_success(sent.id)
    assert file.read_text().split() == ["first", "second"]
    assert letter.id not in {each.id for each in letters()}


def test_many_are_replayed_by_task_and_by_reason(worker: Worker, tmp_path: Path) -> None:
    file, names = tmp_path / "file", [f"task-{number}" for number in range(5)]
    sent = [mended.delay(str(file), name) for name in names]
    for each in sent:
        letter_of(worker, each.id)
    file.touch()

    run("replay", "--all", "--task", mended.name, "--reason", "rejected")
    assert file.read_text() == ""
    run("replay", "--all", "--task", mended.name, "--reason", "failed")

    wait_until_written(worker, file, names)
    assert mended.name not in {letter.task for letter in letters()}


def test_dead_letters_are_listed_shown_and_dropped(
    worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = refuse.delay()
    letter = letter_of(worker, sent.id)

    run("list", "--task", refuse.name)
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split("  ")[0] == "ID"
    assert [row for row in rows if row.startswith(letter.id)]

    run("show", letter.id)
    shown = capsys.readouterr().out
    assert f"task_id     {sent.id}\n" in shown
    assert "raise PermanentError" in shown

    run("show", letter.id, "--json")
    assert json.loads(capsys.readouterr().out) == letter.describe()

    run("list", "--json")
    assert letter.describe() in json.loads(capsys.readouterr().out)

    run("drop", letter.id)
    assert capsys.readouterr().out == "dropped 1 dead letter\n"
    assert letter.id not in {each.id for each in letters()}
    assert dead_letters.main(["drop", letter.id]) == 1
    assert f"there is no dead letter {letter.id}" in capsys.readouterr().err

    run("list", "--task", "no.such.task")
    assert capsys.readouterr().out == "no dead letters\n"


@pytest.mark.parametrize("command", [["drop"], ["replay", "--all", "etl:1-0"]])
def test_what_is_meant_must_be_said(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dead_letters.main(command)

    assert "give either the ID of one dead letter or --all" in capsys.readouterr().err


def test_a_broker_that_is_away_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    url = urlsplit(app.conf.broker_url)._replace(netloc=f"127.0.0.1:{port}", path="//")
    monkeypatch.setattr(app.conf, "broker_write_url", url.geturl())

    assert dead_letters.main(["list"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("the broker ")
    assert f"{port}// is away: " in said


def test_values_that_are_redacted_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config.load().model_copy(update={"dead_letters_redact": frozenset({"secret"})})
    monkeypatch.setattr(Config, "load", lambda: config)
    arguments = {"secret": "x", "account": {"secret": ["y"], "name": "Ada"}}
    whole = StoredMessage(
        body=json.dumps([[1], arguments, {}]), headers={"kwargsrepr": "{'secret': 'x'}"}
    )

    stored = redact(whole)

    kept = {"secret": REDACTED, "account": {"secret": REDACTED, "name": "Ada"}}
    assert json.loads(stored.body) == [REDACTED, kept, {}]
    assert stored.headers == {"kwargsrepr": REDACTED}
    assert redact(StoredMessage(body="no JSON")).body == REDACTED
    assert describe(ValueError("x is too short")) == f"ValueError: {REDACTED}"
