"""The status shows what the service does, and says what looks wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app import celeryconfig, dead_letters, status
from app.celery_app import app
from app.core import status_look
from app.core.discovery import queue_name
from app.core.status import Status
from dev.processes import Process, free_port
from tests.conftest import Worker
from tests.core.letters import body, headers, letter_of, publish
from tests.core.probes import QUEUE, progress, refuse

UNREAD = queue_name("unread")

HOUR = 3600.0


@pytest.fixture(scope="module", autouse=True)
def no_older_failures() -> None:
    """Dead letters of other tests are gone: of many, only some are shown."""
    dead_letters.main(["drop", "--all"])


def broker_url(port: int) -> str:
    """Return the address of a broker on another port of this machine."""
    return urlsplit(app.conf.broker_url)._replace(netloc=f"127.0.0.1:{port}", path="//").geturl()


def test_it_tells_what_is_stuck_and_why(worker: Worker, service_copy: Path, tmp_path: Path) -> None:
    (service_copy / "app/settings.py").open("a").write('\nQUEUES = ["unread"]\n')
    found: dict[str, Any] = {}

    def all_answer() -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "app.status", "--json"],
            cwd=service_copy,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1, done.stderr
        assert str(go_on) not in done.stdout
        found.update(json.loads(done.stdout))
        up = all(server["up"] for server in found["servers"])
        return up and not found["unanswered"] and bool(found["workers"])

    with app.connection_for_write() as connection, connection.channel() as channel:
        unread = celeryconfig.queue(UNREAD)(channel)
        unread.declare()
        publish(body(), headers(), routing_key=UNREAD)
        go_on = tmp_path / "go-on"
        running, failed = progress.delay(go_on=str(go_on)), refuse.delay()
        letter = letter_of(worker, failed.id)
        worker.wait_for_line(running.id)

        worker.wait_until(all_answer, "answers of all")
        go_on.touch()
        unread.delete()

    assert f"queue {UNREAD}: 1 message waits and no worker reads it" in found["problems"]
    queues = {queue["name"]: queue for queue in found["queues"]}
    assert queues[UNREAD]["depth"] == 1
    assert (queues[QUEUE]["workers"], queues[UNREAD]["workers"]) == (1, 0)
    [answer] = found["workers"]
    assert (answer["name"], answer["pool"], answer["processes"]) == (worker.name, "prefork", 2)
    [task] = [task for task in found["running"] if task["id"] == running.id]
    assert (task["task"], task["queue"], task["worker"]) == (progress.name, QUEUE, worker.name)
    assert 0 <= task["seconds"] < HOUR
    [failure] = [each for each in found["failures"] if each["id"] == letter.id]
    assert (failure["task"], failure["reason"]) == (refuse.name, "failed")


def test_it_is_a_screen_for_people(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    letter = letter_of(worker, refuse.delay().id)
    screens: list[str] = []

    def all_answer() -> bool:
        # What somebody has just looked at is not in its queue for a moment.
        found = status.main([])
        screens.append(capsys.readouterr().out)
        return found == 1 and f"\n{worker.name} " in screens[-1] and letter.id in screens[-1]

    worker.wait_until(all_answer, "answers of all")

    assert "LOOKS WRONG\n" in screens[-1]
    assert f"the last is {refuse.name}: failed, PermanentError: no such account" in screens[-1]


def test_it_says_which_failures_are_shown_when_there_are_more(
    worker: Worker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_look, "SAMPLE", 1)
    _, newest = (letter_of(worker, refuse.delay().id) for _ in range(2))
    found = Status(service="", at=app.now())

    def has_more() -> bool:
        nonlocal found
        found = status_look.Observer().look()
        return found.sample != "all"

    worker.wait_until(has_more, "more failures than are shown")
    status.show(found)

    [shown] = [each.id for each in found.failures if each.queue == QUEUE]
    told = (found.sample, shown == newest.id, "OLDEST FAILURES" in capsys.readouterr().out)
    assert told in [("newest", True, False), ("oldest", False, True)]


def test_it_looks_again_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.status", "--watch", "0.1", "--json"]
    url = broker_url(free_port())

    with Process(command, tmp_path / "log", {"CELERY_BROKER_URL": url}) as process:
        process.wait_until(lambda: len(process.output().splitlines()) > 1, "second look")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait() == 0

    for line in process.output().splitlines():
        assert json.loads(line)["problems"][0].startswith("the broker ")


def test_a_broker_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_look, "LIMIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(app.conf, "broker_read_url", broker_url(silent.getsockname()[1]))

        found = status_look.Observer().look()

    assert found.problems[0].startswith("the broker ")
    assert "no answer in" in found.problems[0]
