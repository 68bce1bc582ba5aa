"""Every task has a queue, and a worker reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.celery_app import app
from app.core import discovery
from app.core.discovery import queue_name, queue_names, route, task_modules
from tests.conftest import Worker
from tests.core import probes


def queues_of(worker: str) -> list[str]:
    """Ask a worker for the names of the queues that it reads."""
    replies = app.control.inspect([worker], timeout=10, limit=1).active_queues() or {}
    return sorted(queue["name"] for queue in replies[worker])


def test_every_task_module_has_a_queue() -> None:
    assert {queue_name(module) for module in task_modules()} <= set(queue_names())


def test_every_task_goes_to_the_queue_of_its_module() -> None:
    tasks = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    modules = {task.name: task.__module__.removeprefix("app.tasks.") for task in tasks}

    for name, module in modules.items():
        if module in task_modules():
            assert route(name) == {"queue": queue_name(module)}, name


def test_a_helper_module_is_no_task_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks/_helpers.py").touch()
    monkeypatch.setattr(discovery, "APP", tmp_path)

    with pytest.raises(SystemExit, match="no module in app/tasks"):
        task_modules()

    (tmp_path / "tasks/orders.py").touch()
    assert task_modules() == ["orders"]


def test_a_worker_reads_every_queue(worker: Worker) -> None:
    assert queues_of(worker.name) == queue_names()


def test_a_worker_can_be_kept_to_some_queues(tmp_path: Path) -> None:
    chosen = queue_names()[-1]
    variables = {"WORKER_NAME": f"picky-{os.getpid()}", "WORKER_QUEUES": chosen}

    with Worker(tmp_path / "log", "--pool", "solo", **variables) as picky:
        picky.wait_for_output(" ready.")

        assert queues_of(picky.name) == [chosen]


def test_a_queue_that_nobody_reads_is_refused() -> None:
    with pytest.raises(Exception, match="mistyped"):
        probes.say.apply_async(kwargs={"text": "lost"}, queue="mistyped")
