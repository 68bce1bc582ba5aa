"""Many tasks are sent at once, and somebody who sends them knows what was sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from celery.signals import after_task_publish, before_task_publish
from kombu import Queue, pools
from kombu.exceptions import OperationalError

from app.celery_app import app
from app.config import Config
from app.core import correlation
from app.core.bulk import NotAllSent, send_many
from app.core.correlation import correlated
from app.core.errors import InvalidArguments, InvalidTask, PayloadTooLarge
from app.core.task import BaseTask
from tests.conftest import Worker
from tests.core.lines import Line
from tests.core.probes import QUEUE, Point, add, say

VOLATILE = ("id", "root_id", correlation.SENT_AT)
"""Headers that differ from message to message."""


@pytest.fixture
def sent() -> Iterator[list[dict[str, Any]]]:
    """The messages that this process has sent, each as signals tell of it."""
    messages: list[dict[str, Any]] = []

    def note(**about: Any) -> None:
        messages.append(about)

    before_task_publish.connect(note)
    yield messages
    before_task_publish.disconnect(note)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The only way to the broker."""
    with Line(Config.load().celery_broker_url) as line:
        connection = app.connection_for_write(line.url)
        monkeypatch.setattr(app, "_pool", pools.connections[connection])
        monkeypatch.setattr(app.amqp, "_producer_pool", pools.producers[connection])
        yield line


def texts(number: int) -> Iterator[dict[str, str]]:
    """Yield calls of `say`."""
    return ({"text": f"bulk {each}"} for each in range(number))


def test_every_call_is_sent_and_confirmed_in_batches(worker: Worker) -> None:
    batches: list[list[str]] = []

    assert send_many(say, texts(25), size=10, on_confirmed=batches.append) == 25

    assert [len(batch) for batch in batches] == [10, 10, 5]
    for batch in batches:
        for task_id in batch:
            worker.wait_for_success(task_id)


def test_nothing_to_send_is_fine() -> None:
    assert send_many(say, []) == 0


def test_a_generator_is_read_no_further_than_the_batch() -> None:
    taken = count()
    ahead: list[int] = []
    confirmed: list[str] = []

    def calls() -> Iterator[dict[str, str]]:
        for call in texts(35):
            ahead.append(next(taken) - len(confirmed))
            yield call

    send_many(say, calls(), size=10, on_confirmed=confirmed.extend)

    assert max(ahead) < 10
    assert len(confirmed) == 35


def test_models_and_plain_data_are_the_same_call(worker: Worker) -> None:
    ids: list[str] = []

    send_many(add, [{"point": Point(x=1, y=2)}, {"point": {"x": 3}}], on_confirmed=ids.extend)

    worker.wait_for_line(f"[{ids[0]}] succeeded", ": 3 ")
    worker.wait_for_line(f"[{ids[1]}] succeeded", ": 3 ")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"time_limit": 20},
        {"time_limit": 20, "soft_time_limit": 30},
        {"expires": datetime(2100, 1, 1, tzinfo=UTC)},
        {"queue": QUEUE, "ignore_result": False},
        {"headers": {"x-tenant": "seven"}},
    ],
    ids=str,
)
def test_a_message_is_the_one_that_apply_async_sends(
    sent: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    with correlated("order 17"):
        add.apply_async(kwargs={"point": {"x": 1}}, **options)
        send_many(add, [{"point": {"x": 1}}], **options)

    one, other = (_lasting(message) for message in sent)
    assert one == other


def test_calls_wait_for_their_time(worker: Worker, sent: list[dict[str, Any]]) -> None:
    ids: list[str] = []
    began = time.monotonic()

    send_many(say, texts(3), countdown=1, on_confirmed=ids.extend)

    assert [message["headers"]["id"] for message in sent] == ids
    for task_id in ids:
        worker.wait_for_success(task_id)
    assert time.monotonic() - began >= 1.0


def test_messages_belong_to_the_task_that_sends_them(sent: list[dict[str, Any]]) -> None:
    def spread() -> None:
        send_many(say, texts(2))

    run = app.task(name=f"{QUEUE}.spread")(spread).apply()

    origin = {(message["headers"]["root_id"], message["headers"]["parent_id"]) for message in sent}
    assert origin == {(run.id, run.id)}


def test_each_is_told_as_sent() -> None:
    told: list[str] = []

    def note(headers: Mapping[str, Any], **_: Any) -> None:
        told.append(headers["id"])

    ids: list[str] = []
    after_task_publish.connect(note)
    send_many(say, texts(3), on_confirmed=ids.extend)
    after_task_publish.disconnect(note)

    assert told == ids


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"words": "no such argument"}, InvalidArguments),
        ({"text": "x" * 1024 * Config.load().task_max_payload_kib}, PayloadTooLarge),
        ("no arguments", InvalidArguments),
    ],
    ids=["wrong", "large", "none"],
)
def test_the_calls_before_a_wrong_one_are_sent(
    worker: Worker, sent: list[dict[str, Any]], wrong: Any, error: type[Exception]
) -> None:
    ids: list[str] = []

    with pytest.raises(error) as raised:
        send_many(say, [*texts(5), wrong, *texts(5)], size=3, on_confirmed=ids.extend)

    assert raised.value.__notes__ == ["send_many: 5 tasks are sent"]
    assert len(sent) == len(ids) == 5
    for task_id in ids:
        worker.wait_for_success(task_id)


def test_the_calls_before_an_error_of_their_source_are_sent(worker: Worker) -> None:
    ids: list[str] = []

    def calls() -> Iterator[dict[str, str]]:
        yield from texts(5)
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="the file ends here") as raised:
        send_many(say, calls(), size=3, on_confirmed=ids.extend)

    assert raised.value.__notes__ == ["send_many: 5 tasks are sent"]
    for task_id in ids:
        worker.wait_for_success(task_id)


def test_a_limit_above_the_largest_one_is_refused(sent: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidTask, match="raise the variable"):
        send_many(say, texts(3), time_limit=Config.load().task_time_limit_max + 1)

    assert sent == []


def test_a_base_task_of_the_owners_has_its_say(
    monkeypatch: pytest.MonkeyPatch, sent: list[dict[str, Any]]
) -> None:
    # No worker reads it, as none knows the task.
    queue = Queue(f"test.tagged.{uuid4()}", expires=60)
    monkeypatch.setitem(app.amqp.queues, queue.name, queue)

    class Tagged(BaseTask):
        def apply_async(self, *args: Any, **options: Any) -> Any:
            return super().apply_async(*args, **options, headers={"x-tag": "mine"})

    def tell(text: str) -> None: ...

    task = app.task(name=f"{QUEUE}.tagged", base=Tagged)(tell)
    send_many(task, texts(2), queue=queue.name)

    assert [message["headers"]["x-tag"] for message in sent] == ["mine", "mine"]


def test_it_runs_here_if_all_tasks_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    ids: list[str] = []

    assert send_many(say, texts(2), on_confirmed=ids.extend) == 2

    assert capsys.readouterr().out == "said: bulk 0\nsaid: bulk 1\n"
    assert len(set(ids)) == 2


def test_a_broker_that_goes_away_is_told_with_what_was_sent(worker: Worker, line: Line) -> None:
    ids: list[str] = []
    taken = 0

    def calls() -> Iterator[dict[str, str]]:
        nonlocal taken
        for call in texts(100):
            taken += 1
            if taken == 26:
                line.cut()
            yield call

    with pytest.raises(NotAllSent, match=r"^2\d tasks are sent, \d+ more may be: ") as raised:
        send_many(say, calls(), size=10, on_confirmed=ids.extend)

    error = raised.value
    assert error.confirmed == len(ids)
    assert error.confirmed + len(error.unsure) == taken
    assert error.unsure.keys().isdisjoint(ids)
    assert list(error.unsure.values())[-1] == {"text": f"bulk {taken - 1}"}
    for task_id in ids:
        worker.wait_for_success(task_id)


def test_what_may_have_been_sent_is_named(worker: Worker, line: Line) -> None:
    def calls() -> Iterator[dict[str, str]]:
        for number, call in enumerate(texts(100)):
            if number == 20:
                line.lose_answers()
            yield call

    with pytest.raises(NotAllSent) as raised:
        send_many(say, calls(), size=10)

    assert raised.value.confirmed >= 20
    worker.wait_for_success(next(iter(raised.value.unsure)))


def test_a_broker_that_goes_away_after_it_has_all_is_nothing_to_tell_of(line: Line) -> None:
    def calls() -> Iterator[dict[str, str]]:
        yield from texts(20)
        line.cut()

    assert send_many(say, calls(), size=10) == 20


def test_a_connection_that_was_lost_before_is_made_anew(worker: Worker, line: Line) -> None:
    ids: list[str] = []
    for _ in range(3):
        send_many(say, texts(5), on_confirmed=ids.extend)
        line.drop()

    assert len(ids) == 15
    for task_id in ids:
        worker.wait_for_success(task_id)


def test_a_broker_that_is_away_from_the_beginning_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, line: Line, sent: list[dict[str, Any]]
) -> None:
    at_once = {"max_retries": 1, "interval_start": 0}
    monkeypatch.setitem(app.conf, "task_publish_retry_policy", at_once)
    line.cut()

    with pytest.raises(OperationalError) as raised:
        send_many(say, texts(5))

    assert not isinstance(raised.value, NotAllSent)
    assert sent == []


def _lasting(message: dict[str, Any]) -> dict[str, Any]:
    """Return what two messages of the same call have in common."""
    headers = {name: value for name, value in message["headers"].items() if name not in VOLATILE}
    # No broker looks at when a message expires: the worker does.
    properties = {**message["properties"], "correlation_id": ..., "expiration": ...}
    names = ("sender", "body", "exchange", "routing_key")
    common = {name: message[name] for name in names}
    return {**common, "headers": headers, "properties": properties}
