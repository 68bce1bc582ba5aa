"""What a producer may send, and what it is told when it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import chain, group
from celery.signals import before_task_publish

from app.celery_app import app
from app.config import Config
from app.core.errors import InvalidArguments, InvalidTask, PayloadTooLarge
from tests.conftest import Worker
from tests.core.probes import QUEUE, Point, add, label, move, oldest, say


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """The names of the tasks that this process sends."""
    names: list[str] = []

    def note(sender: str, **_: Any) -> None:
        names.append(sender)

    before_task_publish.connect(note)
    yield names
    before_task_publish.disconnect(note)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({}, "missing a required argument: 'point'"),
        ({"point": {"x": 1}, "colour": "red"}, "unexpected keyword argument 'colour'"),
        ({"point": {"x": "one", "y": 2}}, r"point\.x: Input should be a valid integer"),
        ({"point": {"y": 2}}, r"point\.x: Field required"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    sent: list[str], arguments: dict[str, Any], advice: str
) -> None:
    with pytest.raises(InvalidArguments, match=advice):
        add.apply_async(kwargs=arguments)

    assert sent == []


def test_large_arguments_are_refused_with_advice(sent: list[str]) -> None:
    too_much = "x" * (Config.load().task_max_payload_kib * 1024)

    with pytest.raises(PayloadTooLarge, match=r"store the data .*and pass its"):
        say.delay(too_much)

    assert sent == []


def test_the_calls_of_a_list_are_checked_before_anything_is_sent(sent: list[str]) -> None:
    with pytest.raises(InvalidArguments, match=r"point\.x: Field required"):
        add.map([Point(x=1), {"y": 2}]).apply_async()
    with pytest.raises(InvalidArguments, match="too many positional arguments"):
        add.starmap([({"x": 1}, 2, 3)]).apply_async()
    with pytest.raises(PayloadTooLarge, match="store the data"):
        say.chunks([("x" * 1024,)] * Config.load().task_max_payload_kib, 1000).apply_async()

    assert sent == []


def test_a_list_of_calls_takes_models_and_plain_data(worker: Worker) -> None:
    mapped = add.map([Point(x=1), {"x": 2}]).apply_async()
    starmapped = add.starmap([(Point(x=1), 4), ({"x": 2}, 5)]).apply_async()

    worker.wait_for_line(f"[{mapped.id}] succeeded", ": [1, 2] ")
    worker.wait_for_line(f"[{starmapped.id}] succeeded", ": [5, 7] ")


def test_a_model_and_plain_data_are_the_same_call(worker: Worker) -> None:
    model, data = add.delay(Point(x=1, y=2), more=4), app.tasks[add.name].delay({"x": 1, "y": 2}, 4)

    worker.wait_for_line(f"[{model.id}] succeeded", ": 7 ")
    worker.wait_for_line(f"[{data.id}] succeeded", ": 7 ")


def test_a_chain_passes_a_model_on(worker: Worker) -> None:
    last = chain(move.s(Point(x=1), by=2), add.s(more=10)).apply_async()

    worker.wait_for_line(f"[{last.id}] succeeded", ": 15 ")


def test_a_model_becomes_the_one_that_the_next_task_wants(worker: Worker) -> None:
    last = chain(move.s(Point(x=1), by=2), label.s()).apply_async()

    worker.wait_for_line(f"[{last.id}] succeeded", ": '3, 2' ")


def test_a_key_of_the_callers_data_is_not_repeated() -> None:
    with pytest.raises(InvalidArguments, match=r"ages\.\[\.\.\.\]: Input should be"):
        oldest.delay({"ada@example.com": "unknown"})  # type: ignore[dict-item]


def test_a_group_runs_all_its_tasks(worker: Worker) -> None:
    ids = [f"{uuid4()}" for _ in range(3)]

    group(add.s(Point(x=x)).set(task_id=ids[x]) for x in range(3)).apply_async()

    for x in range(3):
        worker.wait_for_line(f"[{ids[x]}] succeeded", f": {x} ")


def test_an_async_task_is_refused_with_advice() -> None:
    async def fetch() -> None: ...

    with pytest.raises(InvalidTask, match=r"make it a def that calls run_async"):
        app.task(name=f"{QUEUE}.fetch")(fetch)


def test_a_task_without_named_parameters_is_refused_with_advice() -> None:
    def collect(*numbers: int) -> None: ...

    with pytest.raises(InvalidTask, match="give each parameter a name and a type"):
        app.task(name=f"{QUEUE}.collect")(collect).delay(1)


def test_a_limit_above_the_largest_one_is_refused_with_advice() -> None:
    limit = Config.load().task_time_limit_max + 1

    def wait() -> None: ...

    with pytest.raises(InvalidTask, match="raise the variable"):
        app.task(name=f"{QUEUE}.endless", time_limit=limit)(wait)
    with pytest.raises(InvalidTask, match="raise the variable"):
        say.apply_async(kwargs={"text": "never"}, time_limit=limit)


def test_a_task_with_a_hard_limit_alone_is_told_before_it() -> None:
    def wait() -> None: ...

    task = app.task(name=f"{QUEUE}.patient", time_limit=50)(wait)

    assert task.soft_time_limit == 45
