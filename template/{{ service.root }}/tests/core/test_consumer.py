"""A worker goes on whatever comes, and what it cannot take is kept."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from app import dead_letters
from app.config import Config
from app.core.dead_letters import Reason
from tests.conftest import Worker
from tests.core.letters import JSON, body, headers, letter_of, publish, wait_for_letter
from tests.core.probes import QUEUE, refuse, say

CALLBACK = {"task": say.name, "args": [], "kwargs": {}}

BAD_HEADERS: dict[str, dict[str, Any]] = {
    "no id": {"id": ..., "shadow": "no id"},
    "id is a number": {"id": 7, "shadow": "number"},
    "task is a list": {"task": [say.name]},
    "retries is a text": {"retries": "many"},
    "retries would take a year to compute": {"retries": 10**12},
    "timelimit is no time": {"timelimit": ["soon", None]},
    "timelimit is one number": {"timelimit": 3},
    "eta is no time": {"eta": "tomorrow"},
    "eta is beyond the calendar": {"eta": "9999-12-31T23:59:59-14:00"},
    "expires is a number": {"expires": 3},
    "deliveries are a text": {"x-delivery-count": "often"},
    "a header replaces the callbacks": {"callbacks": "all"},
    "a header replaces a method": {"update": 1},
    "stamps are a list": {"stamps": []},
}

BAD_BODIES: dict[str, str | bytes] = {
    "empty": b"",
    "no JSON": "not JSON",
    "no UTF-8": b"\xff\xfe[]",
    "no list": json.dumps({"args": [], "kwargs": {}}),
    "too short": json.dumps([[], {}]),
    "args are a number": body(args=1),
    "kwargs are a list": body(kwargs=[]),
    "embed is a text": body(embed="chain"),
    "a callback has no options": body(embed={"callbacks": [CALLBACK]}),
    "a part that is a header": body(embed={"retries": 99}),
    "nested too deep": "[" * 100_000,
    "a number too large to read": "[" + "9" * 5000,
}


@pytest.mark.parametrize("changes", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_message_with_a_bad_header_is_kept(worker: Worker, changes: dict[str, Any]) -> None:
    mark = uuid4().hex
    publish(body(), headers(**{"id": mark, "lang": mark, **changes}))

    letter = wait_for_letter(worker, lambda each: each.message.headers.get("lang") == mark)

    assert letter.reason is Reason.MALFORMED
    assert letter.message.body == body()


@pytest.mark.parametrize("text", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_message_with_a_bad_body_is_kept(worker: Worker, text: str | bytes) -> None:
    mark = uuid4().hex
    publish(text, headers(id=mark))

    letter = letter_of(worker, mark)

    assert letter.reason is Reason.MALFORMED
    assert letter.message.body_bytes == (text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("content_type", "changes"),
    [
        ("application/x-python-serialize", {}),
        ("text/html", {}),
        (JSON, {"compression": "gzip"}),
        (JSON, {"compression": "unheard-of"}),
    ],
)
def test_a_message_in_another_format_is_kept(
    worker: Worker, content_type: str, changes: dict[str, str]
) -> None:
    mark = uuid4().hex
    publish(body().encode(), headers(id=mark, **changes), content_type)

    letter = letter_of(worker, mark)

    assert letter.reason is Reason.MALFORMED
    assert letter.message.body == body()


def test_a_message_for_an_unknown_task_is_kept_and_can_be_replayed(worker: Worker) -> None:
    mark = uuid4().hex
    publish(body(), headers(id=mark, task="gone"))
    letter = letter_of(worker, mark)

    assert letter.reason is Reason.UNKNOWN_TASK
    assert dead_letters.main(["replay", letter.id]) == 0

    again = wait_for_letter(
        worker, lambda each: each.message.headers.get("id") == mark and each.id != letter.id
    )
    assert again.reason is Reason.UNKNOWN_TASK


def test_a_message_that_was_delivered_too_often_is_kept_and_its_hook_called(
    worker: Worker,
) -> None:
    mark = uuid4().hex
    deliveries = Config.load().task_max_deliveries
    publish(body(kwargs={}), headers(id=mark, task=refuse.name, **{"x-delivery-count": deliveries}))

    letter = letter_of(worker, mark)

    assert letter.reason is Reason.DELIVERED_TOO_OFTEN
    assert letter.deliveries == deliveries + 1
    worker.wait_for_line("hook on_failure:", "DeliveredTooOften")
    assert not worker.lines(mark, "started")


def test_the_worker_has_outlived_all_that(worker: Worker) -> None:
    worker.wait_for_success(say.delay("still here").id)

    assert worker.lines(f"dead letter in {QUEUE}: malformed, Malformed: id: Field required")
