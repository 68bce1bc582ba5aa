"""Messages that this service has not sent. Each ends in the dead letters, and no task is lost."""

from __future__ import annotations

import json
import os
import random
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from app.celery_app import app
from app.core.dead_letters import Reason
from tests.guarantees import broker
from tests.guarantees.harness import Batch, Workers, dead_letters
from tests.guarantees.probes import QUEUE, count
from tests.guarantees.sizes import MESSAGES

GOOD_EVERY = 10
"""After how many malformed messages a task follows."""

NO_TEXT: list[Any] = [-1, 7, 0.5, True, [], ["x"], {}, {"a": {"b": [1]}}]
NO_NUMBER: list[Any] = ["", "later", [], {"a": 1}, -1, 0.5]
NO_TIME: list[Any] = ["", "later", "2026-13-45", 7, True, [], {"a": 1}]
NO_LIMITS: list[Any] = ["", "later", 5, [1], [1, 2, 3], ["soon", None], [-1, None], {"a": 1}]
NO_LIST: list[Any] = ["x", 7, None, {"a": 1}]
NO_DICTIONARY: list[Any] = ["x", 7, None, ["a"]]
NO_BODY: list[Any] = ["", "x", 7, None, True, {}, {"args": []}, [], [[]], [[], {}], [[], {}, {}, 1]]

HEADERS = {
    "id": ["", *NO_TEXT],
    "task": ["", *NO_TEXT],
    "root_id": NO_TEXT,
    "parent_id": NO_TEXT,
    "retries": NO_NUMBER,
    "eta": NO_TIME,
    "expires": NO_TIME,
    "timelimit": NO_LIMITS,
    "stamped_headers": ["x", 7, {"a": 1}],
}
"""What must not stand in a header."""

CONTENT_TYPES = ["application/x-python-serialize", "application/x-yaml", "text/plain", "no type"]
ENCODINGS = ["utf-8", "binary", "no-such-encoding", "utf-16", "base64"]
COMPRESSIONS = ["application/x-gzip", "application/x-bz2", "no-such-compression"]

ARGUMENTS: list[Any] = [[], {"runs": os.devnull}, {}]
"""Positional and named arguments, and what follows. An argument is missing."""

Spoiled = tuple[dict[str, Any], dict[str, Any]]
"""The headers of a message, and the rest of what is published."""


def message() -> Spoiled:
    """Return a message as it should be, but for the arguments."""
    headers = {"id": str(uuid.uuid4()), "task": count.name}
    rest = {"content_type": "application/json", "content_encoding": "utf-8"}
    return headers, {"body": packed(ARGUMENTS), **rest}


def packed(body: Any) -> bytes:
    """Return a body as it is sent."""
    return json.dumps(body).encode()


def spoil_header(chance: random.Random) -> Spoiled:
    """Put into a header what does not belong there."""
    headers, rest = message()
    name = chance.choice(list(HEADERS))
    return {**headers, name: chance.choice(HEADERS[name])}, rest


def leave_out_header(chance: random.Random) -> Spoiled:
    """Leave out a header that must be there, or all."""
    headers, rest = message()
    left = chance.choice([{}, {"id": headers["id"]}, {"task": headers["task"]}])
    return left, rest


def spoil_body(chance: random.Random) -> Spoiled:
    """Put something else into the body than arguments."""
    headers, rest = message()
    args, kwargs, embed = ARGUMENTS
    body = chance.choice(
        [
            chance.choice(NO_BODY),
            [chance.choice(NO_LIST), kwargs, embed],
            [args, chance.choice(NO_DICTIONARY), embed],
            [args, kwargs, {"chain": chance.choice([7, ["x"], [{}]])}],
        ]
    )
    return headers, {**rest, "body": packed(body)}


def spoil_bytes(chance: random.Random) -> Spoiled:
    """Let the body be no JSON, in an encoding that may not exist."""
    headers, rest = message()
    noise = b"\xff" + chance.randbytes(chance.randrange(200))
    half = rest["body"][: chance.randrange(len(rest["body"]))]
    body = chance.choice([noise, half])
    return headers, {**rest, "body": body, "content_encoding": chance.choice(ENCODINGS)}


def spoil_label(chance: random.Random) -> Spoiled:
    """Say something about the body that is not so, or that nobody may say."""
    headers, rest = message()
    return chance.choice(
        [
            (headers, {**rest, "content_type": chance.choice(CONTENT_TYPES)}),
            ({**headers, "compression": chance.choice(COMPRESSIONS)}, rest),
        ]
    )


def name_another_task(chance: random.Random) -> Spoiled:
    """Name a task that there is not."""
    headers, rest = message()
    return {**headers, "task": chance.choice(["x", f"{QUEUE}.no_such_task", "é" * 300])}, rest


def spoil_nothing(chance: random.Random) -> Spoiled:
    """Leave it at the wrong arguments."""
    return message()


KINDS: dict[Callable[[random.Random], Spoiled], Reason] = {
    spoil_header: Reason.MALFORMED,
    leave_out_header: Reason.MALFORMED,
    spoil_body: Reason.MALFORMED,
    spoil_bytes: Reason.MALFORMED,
    spoil_label: Reason.MALFORMED,
    name_another_task: Reason.UNKNOWN_TASK,
    spoil_nothing: Reason.FAILED,
}
"""What can be wrong with a message, and the reason that its dead letter must have."""


def test_every_malformed_message_is_buried_with_its_reason_and_no_task_is_lost(
    batch: Batch, workers: Workers, chance: random.Random, none_lost: Callable[[float], None]
) -> None:
    workers.start()
    expected: Counter[Reason] = Counter()
    with app.connection_for_write() as connection, connection.Producer() as producer:
        for number in range(MESSAGES):
            kind = chance.choice([*KINDS, None])
            if kind is None:
                broker.publish_noise(chance)
                expected[Reason.MALFORMED] += 1
            else:
                headers, rest = kind(chance)
                producer.publish(exchange=QUEUE, routing_key=QUEUE, headers=headers, **rest)
                expected[KINDS[kind]] += 1
            if number % GOOD_EVERY == 0:
                batch.publish()

    none_lost(120.0)
    assert Counter(letter.reason for letter in dead_letters()) == expected
