"""`make dev` runs the service, reloads it after an edit, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app import celeryconfig
from app.celery_app import app
from app.core.discovery import queue_name
from dev.processes import Process, free_port

TASK = f"{queue_name('greeter')}.greet"
MODULE = """
from celery import shared_task


@shared_task(name={task!r})
def greet() -> str:
    return {greeting!r}
"""


@pytest.fixture
def module(service_copy: Path) -> Path:
    """A task type of the copy, which no other worker knows."""
    path = service_copy / "app/tasks/greeter.py"
    path.write_text(MODULE.format(task=TASK, greeting="hello"))
    return path


@pytest.fixture
def dev(service_copy: Path, module: Path) -> Iterator[Process]:
    """`make dev` in the copy, on the servers of the tests."""
    variables = {
        "FLOWER_PORT": str(free_port()),
        "LOG_ARGUMENTS": "yes",
        "TEST_BROKER_URL": os.environ["CELERY_BROKER_URL"],
        "TEST_RESULT_BACKEND": os.environ.get("CELERY_RESULT_BACKEND", ""),
        "WORKER_CONCURRENCY": "1",
        "WORKER_NAME": f"dev-{os.getpid()}",
    }
    command = [sys.executable, "-m", "dev.run"]
    with Process(command, service_copy / "log", variables, service_copy) as process:
        process.wait_for_output(" ready.")
        yield process


def greet(dev: Process, greeting: str) -> None:
    """Send the task and wait for its answer."""
    queue: Any = celeryconfig.queue(queue_name("greeter"))
    sent = app.send_task(TASK, queue=queue)
    dev.wait_for_output(f"[{sent.id}] succeeded")
    answer = next(line for line in dev.output().splitlines() if f"[{sent.id}] succeeded" in line)
    assert answer.startswith(" worker |")
    assert f": '{greeting}' " in answer


def test_an_edit_is_reloaded_and_ctrl_c_ends_everything(dev: Process, module: Path) -> None:
    greet(dev, "hello")

    module.write_text(MODULE.format(task=TASK, greeting="good morning"))
    dev.wait_for_output("dev | reload: app/tasks/greeter.py")
    dev.wait_until(lambda: dev.output().count(" ready.") == 2, "second start")
    greet(dev, "good morning")

    started = psutil.Process(dev.pid).children(recursive=True)
    os.kill(dev.pid, signal.SIGINT)

    assert dev.wait() == 0
    _, left = psutil.wait_procs(started, timeout=30)
    assert not left
