"""Sends messages that nothing checks, and finds dead letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from kombu import Producer

from app.celery_app import app
from app.core.dead_letter_store import DeadLetterStore
from app.core.dead_letters import DeadLetter
from tests.conftest import Worker
from tests.core.probes import QUEUE, say

JSON = "application/json"


def headers(**changes: Any) -> dict[str, Any]:
    """Return the headers of a good message, with changes. `...` leaves a header out."""
    good = {"id": str(uuid4()), "task": say.name, "lang": "py", "retries": 0}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def body(args: Any = (), kwargs: Any = None, embed: Any = None) -> str:
    """Return the body of a good message, or of a bad one."""
    return json.dumps([args, {"text": "hello"} if kwargs is None else kwargs, embed])


def publish(
    text: str | bytes, headers: dict[str, Any], content_type: str = JSON, **options: Any
) -> None:
    """Send a message as another program does."""
    options = {"content_encoding": "utf-8", "routing_key": QUEUE, **options}
    with app.connection_for_write() as connection, connection.channel() as channel:
        Producer(channel).publish(
            text, exchange="", headers=headers, content_type=content_type, **options
        )


def letters(queue: str = QUEUE) -> list[DeadLetter]:
    """Return the dead letters of a queue."""
    with app.connection_for_write() as connection, DeadLetterStore(connection) as store:
        return list(store.letters(queue))


def wait_for_letter(
    worker: Worker, wanted: Callable[[DeadLetter], bool], queue: str = QUEUE
) -> DeadLetter:
    """Return the only dead letter of a queue that is wanted, as soon as it is there."""
    found: list[DeadLetter] = []

    def look() -> bool:
        found[:] = filter(wanted, letters(queue))
        return bool(found)

    worker.wait_until(look, "dead letter")
    assert len(found) == 1
    return found[0]


def letter_of(worker: Worker, task_id: str, queue: str = QUEUE) -> DeadLetter:
    """Return the dead letter of a task in a queue, as soon as it is there."""
    return wait_for_letter(
        worker, lambda letter: letter.message.headers.get("id") == task_id, queue
    )
