"""Every task has a queue, and a worker reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.celery_app import app
from app.core import discovery
from app.core.discovery import (
    check_queue_arguments,
    queue_name,
    queue_names,
    route,
    task_modules,
    urgent_queue_name,
)
from tests.conftest import Worker
from tests.core import probes
from tests.core.letters import letter_of


def queues_of(worker: str) -> list[str]:
    """Ask a worker for the names of the queues that it reads."""
    replies = app.control.inspect([worker], timeout=60, limit=1).active_queues() or {}
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


def test_a_task_type_may_have_an_urgent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = task_modules()
    monkeypatch.setattr(discovery, "URGENT_TYPES", [first, "retired"])

    queues = queue_names()

    assert f"{queue_name(first)}.urgent" in queues
    assert not {urgent_queue_name(name) for name in [*others, "retired"]} & set(queues)


def test_the_owners_may_add_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.QUEUES", ["reserve"], raising=False)

    assert queue_name("reserve") in queue_names()


def test_settings_made_before_there_were_further_queues_will_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("app.settings.QUEUES", raising=False)
    monkeypatch.delattr("app.settings.QUEUE_ARGUMENTS", raising=False)

    check_queue_arguments()
    assert set(map(queue_name, task_modules())) <= set(queue_names())


def test_arguments_that_no_queue_gets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"no.such": {"x-max-length": 1}}
    monkeypatch.setattr("app.settings.QUEUE_ARGUMENTS", arguments, raising=False)

    with pytest.raises(SystemExit, match=r"QUEUE_ARGUMENTS.*no\.such"):
        check_queue_arguments()


def test_workflows_are_imported_where_there_are_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    imported: list[str] = []
    monkeypatch.setattr(discovery, "APP", tmp_path)
    monkeypatch.setattr("importlib.import_module", imported.append)

    discovery.import_tasks()
    ours = imported.copy()
    assert "app.core.canary" in ours
    assert all(name.startswith("app.core.") for name in ours)

    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/orders.py").touch()
    discovery.import_tasks()
    assert imported[len(ours) :] == [*ours, "app.workflows.orders"]


def test_a_worker_reads_every_queue(worker: Worker) -> None:
    assert queues_of(worker.name) == sorted(queue_names())


def test_a_worker_can_be_kept_to_some_queues(tmp_path: Path) -> None:
    chosen = queue_names()[-1]
    variables = {"WORKER_NAME": f"picky-{os.getpid()}", "WORKER_QUEUES": chosen}

    with Worker(tmp_path / "log", "--pool", "solo", **variables) as picky:
        picky.wait_for_output(" ready.")

        assert queues_of(picky.name) == [chosen]


def test_a_task_is_tried_again_in_the_queue_that_it_was_sent_to(worker: Worker) -> None:
    chosen = queue_names()[-1]

    sent = probes.flaky.apply_async(kwargs={"failures": 2, "retry_after": 0.5}, queue=chosen)

    assert letter_of(worker, sent.id, chosen).attempts == 2


def test_a_queue_that_nobody_reads_is_refused() -> None:
    with pytest.raises(Exception, match="mistyped"):
        probes.say.apply_async(kwargs={"text": "lost"}, queue="mistyped")


def test_tasks_that_have_expired_hold_up_nothing(worker: Worker) -> None:
    # Five in a second would take a minute.
    for _ in range(300):
        probes.say.apply_async(("too late",), expires=0.0001)

    worker.wait_for_success(probes.say.delay("now").id, timeout=50)
