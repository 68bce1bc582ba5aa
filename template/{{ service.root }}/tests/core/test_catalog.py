"""`python -m app.catalog` tells other teams what they may send."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app import catalog, settings
from app.celery_app import app
from app.core import discovery
from app.core.arguments import result_schema
from app.core.canary import NAME as CANARY
from app.core.discovery import PURPOSE
from tests.core.probes import QUEUE, add, die, flaky, move, oldest, say

POINT = {
    "description": "An input of more than one field.",
    "properties": {
        "x": {"title": "X", "type": "integer"},
        "y": {"default": 0, "title": "Y", "type": "integer"},
    },
    "required": ["x"],
    "title": "Point",
    "type": "object",
}


@pytest.fixture
def entries(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The tasks as `--json` prints them."""
    assert catalog.main(["--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["service"] == app.main
    assert printed["queues"] == discovery.queue_names()
    assert printed["max_payload_kib"] == 256
    tasks: dict[str, Any] = printed["tasks"]
    return tasks


def test_it_has_every_task_of_the_service_and_none_of_the_plumbing(
    entries: dict[str, Any],
) -> None:
    modules = {task.__module__ for task in app.tasks.values() if task.name in entries}

    assert {f"app.tasks.{module}" for module in discovery.task_modules()} <= modules
    assert CANARY not in entries
    assert not any(name.startswith("celery.") for name in entries)


def test_an_entry_says_what_may_be_sent_and_what_becomes_of_it(entries: dict[str, Any]) -> None:
    limit = app.conf.task_time_limit

    assert entries[move.name] == {
        "description": "Return another model.",
        "queue": QUEUE,
        "limits": {"soft": limit * 9 // 10, "hard": limit, "rate": None},
        "retries": {
            "errors": ["TransientError", "ConnectionError", "TimeoutError", "OperationalError"],
            "max": 5,
            "first_pause": 2,
            "longest_pause": 600,
            "jitter": True,
        },
        "input": {
            "type": "object",
            "properties": {"point": {"$ref": "#/$defs/Point"}, "by": {"type": "integer"}},
            "required": ["point", "by"],
            "additionalProperties": False,
            "$defs": {"Point": POINT},
        },
        "result": POINT if app.conf.result_backend else None,
    }


def test_what_differs_from_task_to_task_is_in_its_entry(entries: dict[str, Any]) -> None:
    assert entries[add.name]["input"]["required"] == ["point"]
    assert entries[flaky.name]["retries"]["max"] == 1
    assert entries[die.name]["input"]["properties"] == {}
    assert entries[oldest.name]["input"]["properties"] == {
        "ages": {"type": "object", "additionalProperties": {"type": "integer"}}
    }
    assert entries[say.name]["result"] is None


def test_a_decorator_decides(monkeypatch: pytest.MonkeyPatch, entries: dict[str, Any]) -> None:
    queue = discovery.queue_names()[-1]
    monkeypatch.setattr(say, "queue", queue, raising=False)
    monkeypatch.setattr(say, "autoretry_for", ())
    monkeypatch.setattr(flaky, "retry_backoff", False)

    described = catalog.catalog()["tasks"]

    assert described[say.name]["queue"] == queue
    assert described[say.name]["retries"] is None
    assert described[flaky.name]["retries"] | {"errors": []} == {
        "errors": [],
        "max": 1,
        "first_pause": 2,
        "longest_pause": 2,
        "jitter": False,
    }


def _numbers(*numbers: int) -> None:
    """Take what nothing describes."""


def _absent(item: Missing) -> None:  # type: ignore[name-defined] # noqa: F821
    """Take what is not imported."""


def _handle_given(handle: Handle) -> None:
    """Take what nothing can be checked against."""


def _function_given(function: Callable[[], int]) -> None:
    """Take what JSON has no form for."""


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (_numbers, "*numbers: int cannot be checked"),
        (_absent, "name 'Missing' is not defined"),
        (_handle_given, "Unable to generate pydantic-core schema"),
        (_function_given, "an argument is no JSON"),
    ],
)
def test_a_task_that_refuses_every_call_says_why(
    run: Callable[..., None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(say, "run", run)

    described = catalog.catalog()["tasks"][say.name]["input"]

    assert described["not"] == {}
    assert reason in described["description"]


def test_a_further_name_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ALIASES", {add.name: move.name}, raising=False)

    assert add.name not in catalog.catalog()["tasks"]


def test_people_get_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(die, "autoretry_for", ())

    assert catalog.main([]) == 0

    head, *lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: " ".join(line.split()) for line in lines}
    limits = f"{app.conf.task_soft_time_limit} / {app.conf.task_time_limit} s"
    result = "int" if app.conf.result_backend else "not kept"
    assert head.split() == list(catalog.HEADINGS)
    assert rows[add.name] == (
        f"{add.name} {QUEUE} point: Point, more: int = 0 {result} {limits} 5, after 2 to 600 s"
    )
    assert rows[die.name] == f"{die.name} {QUEUE} not kept {limits} none"
    assert all(name.startswith(f"{PURPOSE}.") for name in rows)


def _anything():  # type: ignore[no-untyped-def]
    return object()


class Handle:
    """Something that JSON has no form for."""


def _handle() -> Handle:
    return Handle()


def _nothing() -> None:
    """Return nothing."""


@pytest.mark.parametrize(
    ("function", "schema"),
    [
        (_anything, {}),
        (_handle, {"description": "tests.core.test_catalog.Handle"}),
        (_absent, {"description": "name 'Missing' is not defined"}),
        (_nothing, {"type": "null"}),
    ],
)
def test_a_result_is_described_as_far_as_its_annotation_tells(
    function: Callable[[], object], schema: dict[str, Any]
) -> None:
    assert result_schema(function) == schema
