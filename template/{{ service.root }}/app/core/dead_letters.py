"""Dead letters: messages that cannot succeed, kept with the reason until somebody decides."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from socket import gethostname
from typing import Any, Self

from celery import current_app
from kombu import Message
from pydantic import BaseModel, Field

from app.config import Config
from app.core.discovery import PURPOSE

DELIVERIES = "x-delivery-count"
"""The header that counts the deliveries that ended with neither success nor failure."""

DEATHS = ("x-death", "x-first-death-", "x-last-death-")
"""What the names of the headers begin with in which RabbitMQ notes where a message died before."""

DEATH = "dead-letter"
"""The header in which we note it."""

REDACTED = "[redacted]"

MAX_ERROR = 1_000
MAX_TRACEBACK = 8_000
"""How many characters are kept: all headers of a RabbitMQ message must fit into 128 KiB."""

MAX_DEPTH = 20
"""How deep the headers may be nested that are kept. Those of Celery are flat."""


class Reason(StrEnum):
    """Why a message is dead."""

    FAILED = "failed"
    TIME_LIMIT = "time limit"
    WORKER_LOST = "worker lost"
    REJECTED = "rejected"
    DELIVERED_TOO_OFTEN = "delivered too often"
    UNKNOWN_TASK = "unknown task"
    MALFORMED = "malformed"


class StoredMessage(BaseModel):
    """A message as it came from the broker. A body that is no text is kept in base64."""

    body: str
    base64: bool = False
    content_type: str | None = None
    content_encoding: str | None = None
    headers: dict[str, Any] = {}
    properties: dict[str, Any] = {}

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return what is kept of a message."""
        headers, properties = _table(message.headers), _table(message.properties)
        if not message.errors:
            # kombu has decompressed the body.
            headers.pop("compression", None)
        # What AMQP calls the headers.
        properties.pop("application_headers", None)
        return cls(
            **_body(message.body),
            content_type=_text(message.content_type),
            content_encoding=_text(message.content_encoding),
            headers=headers,
            properties=properties,
        )

    @property
    def body_bytes(self) -> bytes:
        """The body as it is sent."""
        return b64decode(self.body) if self.base64 else self.body.encode()

    @property
    def arguments(self) -> tuple[Any, Any]:
        """The positional and the named arguments, None for those that cannot be read."""
        try:
            args, kwargs, _ = json.loads(self.body)
        except (ValueError, TypeError, RecursionError):
            return None, None
        return args, kwargs


class DeadLetter(BaseModel):
    """A message that cannot succeed, and how it came to that."""

    id: str = ""
    queue: str
    reason: Reason
    error: str = ""
    traceback: str = ""
    attempts: int = 1
    deliveries: int = 1
    died_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    worker: str = Field(default_factory=gethostname)
    obstacle: str = ""
    """Why it cannot be replayed, if it cannot."""
    message: StoredMessage

    @classmethod
    def of(
        cls,
        message: Message,
        reason: Reason,
        worker: str,
        error: BaseException | None = None,
        traceback: str = "",
    ) -> Self:
        """Return the dead letter for a message of the broker.

        Args:
            message: the message.
            reason: why it is dead.
            worker: the name of the worker that says so.
            error: what went wrong.
            traceback: where it went wrong.
        """
        whole = StoredMessage.of(message)
        stored = redact(whole)
        return cls(
            queue=queue_of(message.delivery_info),
            reason=reason,
            error=describe(error),
            traceback=_kept(traceback[-MAX_TRACEBACK:]),
            attempts=_count(whole.headers.get("retries")) + 1,
            deliveries=_count(whole.headers.get(DELIVERIES)) + 1,
            worker=worker,
            obstacle="its arguments are redacted" if stored.body != whole.body else "",
            message=stored,
        )

    @classmethod
    def of_raw(cls, queue: str, raw: bytes, error: BaseException) -> Self:
        """Return the dead letter for something in a queue that is not even a message."""
        return cls(
            queue=queue,
            reason=Reason.MALFORMED,
            error=describe(error),
            obstacle="it is no message of Celery",
            message=redact(StoredMessage(**_body(raw))),
        )

    @classmethod
    def from_fields(cls, queue: str, entry: str, fields: Mapping[bytes, bytes]) -> Self:
        """Read what `fields` has written.

        Args:
            queue: the queue in whose dead letters it is.
            entry: what it is called there.
            fields: the fields of the entry.
        """
        letter = json.loads(fields[b"letter"])
        return cls.model_validate({**letter, "queue": queue, "id": letter_id(queue, entry)})

    def fields(self) -> dict[str, str]:
        """Return the fields of an entry in Redis."""
        return {"letter": json.dumps(self.model_dump(mode="json", exclude={"id", "queue"}))}

    def describe(self) -> dict[str, Any]:
        """Return what may be shown of it, as plain JSON values."""
        shown = redact(self.message)
        args, kwargs = shown.arguments
        return {
            **self.model_dump(mode="json", exclude={"message"}),
            **{name: shown.headers.get(header) for name, header in IDENTITY.items()},
            "args": args,
            "kwargs": kwargs,
            "message": shown.model_dump(mode="json"),
        }

    @property
    def task(self) -> str:
        """The name of the task, or an empty text."""
        return str(self.message.headers.get("task") or "")


IDENTITY = {"task": "task", "task_id": "id", "root_id": "root_id", "parent_id": "parent_id"}
"""What a dead letter calls the headers that say which task it is."""


def maximum() -> int:
    """Return how many dead letters a queue may have."""
    return Config.load().dead_letters_max


def oldest() -> datetime:
    """Return the time before which dead letters are dropped."""
    return datetime.now(UTC) - timedelta(days=Config.load().dead_letters_days)


def oldest_id() -> str:
    """Return the same time as the id of an entry in a stream of Redis."""
    return f"{int(oldest().timestamp() * 1000)}-0"


def letter_id(queue: str, entry: str) -> str:
    """Return what a dead letter is called on the command line: `etl:1763732000123-0`."""
    return f"{queue.removeprefix(f'{PURPOSE}.')}:{entry}"


def entry_of(letter: DeadLetter) -> str:
    """Return what a dead letter is called in its queue."""
    return letter.id.rpartition(":")[2]


def queues_of_tasks() -> list[str]:
    """Return the names of all queues that tasks are sent to."""
    return list(current_app.amqp.queues)


def queue_of(delivery: Any) -> str:
    """Return the queue that a message came from, or the first one if that cannot be told."""
    return known_queue_of(delivery) or queues_of_tasks()[0]


def known_queue_of(delivery: Any) -> str | None:
    """Return the queue that a message came from. Delayed ones come over other exchanges."""
    info = delivery if isinstance(delivery, dict) else {}
    places = [str(info.get(name) or "") for name in ("exchange", "routing_key")]
    for queue in queues_of_tasks():
        if any(place == queue or place.endswith(f".{queue}") for place in places):
            return queue
    return None


def renewed(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers of a message that is sent again: it starts anew, and now."""
    left_out = (DEATH, DELIVERIES, *DEATHS)
    fresh = {name: value for name, value in headers.items() if not name.startswith(left_out)}
    if _count(fresh.get("retries")) or fresh.get("eta") or fresh.get("expires"):
        fresh |= {"retries": 0, "eta": None, "expires": None}
    return fresh


def redact(message: StoredMessage) -> StoredMessage:
    """Return a message without the values of the arguments in `DEAD_LETTERS_REDACT`.

    Positional arguments have no names, so all of them are left out, and so is a body that cannot be
    read. A message in which there is nothing to hide is returned unchanged.
    """
    names = Config.load().dead_letters_redact
    if not names:
        return message
    hidden = names | ({"args", "kwargs"} if "*" in names else {"args"})
    headers = _hide(message.headers, frozenset({"argsrepr", "kwargsrepr"}))
    try:
        args, kwargs, embed = json.loads(message.body)
        whole = {"args": args, "kwargs": kwargs, "embed": embed}
        parts = _hide(whole, hidden)
        body = message.body if parts == whole else json.dumps(list(parts.values()))
    except (ValueError, TypeError, RecursionError):
        body = REDACTED
    return message.model_copy(
        update={"body": body, "base64": message.base64 and body != REDACTED, "headers": headers}
    )


def describe(error: BaseException | None) -> str:
    """Return the type and the text of an error. The text may repeat what is to be redacted."""
    if error is None:
        return ""
    if Config.load().dead_letters_redact:
        return f"{type(error).__name__}: {REDACTED}"
    return _writable(f"{type(error).__name__}: {error}"[:MAX_ERROR])


def _kept(traceback: str) -> str:
    """Return what is kept of a traceback. It ends with the text of the error."""
    return "" if Config.load().dead_letters_redact else _writable(traceback)


def _hide(value: Any, names: frozenset[str]) -> Any:
    """Replace what stands under these names, at any depth. What is empty hides nothing."""
    if isinstance(value, dict):
        return {
            key: REDACTED if item and key in names else _hide(item, names)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_hide(item, names) for item in value]
    return value


def _body(body: Any) -> dict[str, Any]:
    if isinstance(body, bytes):
        try:
            return {"body": body.decode()}
        except UnicodeDecodeError:
            return {"body": b64encode(body).decode(), "base64": True}
    if isinstance(body, str):
        return {"body": _writable(body)}
    return {"body": "" if body is None else json.dumps(_plain(body))}


def _table(value: Any) -> dict[str, Any]:
    """Return headers or properties. Those that are no table are kept under one name."""
    plain = _plain(value)
    if isinstance(plain, dict):
        return plain
    return {"": plain} if plain else {}


def _plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, dict | list | tuple) and not depth:
        return "..."
    if isinstance(value, dict):
        return {_writable(str(key)): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    return _writable(str(value)) if not isinstance(value, float) else _number(value)


def _number(value: float) -> float | str:
    """Return a number, and as a text those that JSON does not have."""
    return value if value - value == 0 else str(value)


def _text(value: Any) -> str | None:
    return None if value is None else _writable(str(value))


def _writable(text: str) -> str:
    """Return a text that is valid Unicode: a broken one could not be written anywhere."""
    return text.encode("utf-8", "backslashreplace").decode()


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
