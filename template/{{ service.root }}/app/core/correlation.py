"""What belongs together: one correlation id for all tasks that follow from the same event.

A producer sets it with `correlated`, or it is the id of the first task. Every message carries it:
those of a chain, group or chord, those that a task sends, and retries.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from celery.utils.time import maybe_iso8601

ID = "x-correlation-id"
"""The header with the correlation id."""

SENT_AT = "x-sent-at"
"""The header with the time of sending, in seconds since 1970."""

EARLIEST = 1_000_000_000
"""A time of sending from before 2001 is none."""

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """Give what is sent meanwhile this correlation id, such as that of an HTTP request."""
    token = begin(correlation_id)
    try:
        yield
    finally:
        end(token)


def begin(correlation_id: str) -> Token[str | None]:
    """Set the correlation id of what is sent from now on, and return what `end` wants."""
    return _current.set(correlation_id)


def end(token: Token[str | None]) -> None:
    """Set the correlation id that there was before."""
    _current.reset(token)


def current() -> str | None:
    """Return the correlation id of the task that runs, or that of `correlated`."""
    return _current.get()


def of(request: Any) -> str:
    """Return the correlation id that a task came with."""
    headers: dict[str, str] = request.headers or {}
    return headers.get(ID) or request.root_id or request.id


def identity(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return what headers say of a task: its name, its id and its correlation id.

    Those of a malformed message may say anything. What they do not say is empty.
    """
    task_id = str(headers.get("id") or "")
    return {
        "task": str(headers.get("task") or ""),
        "task_id": task_id,
        "correlation_id": str(headers.get(ID) or headers.get("root_id") or task_id),
    }


def sent_at(request: Any) -> float | None:
    """Return when a task was sent, in seconds since 1970, or None when its producer did not say."""
    headers: dict[str, float] = request.headers or {}
    return headers.get(SENT_AT)


def due_at(sent: Any, eta: str | None) -> float | None:
    """Return when a task was to run, in seconds since 1970: when it was sent, or at its own time.

    Args:
        sent: when it was sent. Unless that is a number that can be right, its producer did not
            say, and neither does this. Where its clock is ahead of ours, it is now.
        eta: the time that it had to wait for, if any.
    """
    if not isinstance(sent, int | float) or not sent > EARLIEST:
        return None
    since = min(sent, time.time())
    own = maybe_iso8601(eta)
    return max(since, own.timestamp()) if own else since


def stamp(headers: dict[str, Any], **_: Any) -> None:
    """Note both in a message before it is sent. A retry keeps its correlation id."""
    headers.setdefault(ID, current() or headers.get("root_id"))
    headers[SENT_AT] = time.time()
