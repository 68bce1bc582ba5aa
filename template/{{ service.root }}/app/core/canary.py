"""The canary: a task that beat sends through every queue each minute, to see whether it is read."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task

from app.core import health
from app.core.discovery import PURPOSE, queue_names
from app.core.errors import PermanentError

NAME = f"{PURPOSE}.canary"
"""The name of the task."""

INTERVAL = 60
"""Seconds between two canaries of a queue. One that is older is dropped."""

TALKATIVE = ("app.core.logs", "celery.app.trace", "celery.beat", "celery.worker.strategy")
"""The loggers that would write about each canary."""


@shared_task(name=NAME)
def canary(queue: str) -> None:
    """Note that a message has come through a queue.

    Raises:
        PermanentError: when the service has no such queue.
    """
    if queue not in queue_names():
        raise PermanentError(f"this service has no queue {queue!r}")
    health.seen(queue).give()


def schedule() -> dict[str, dict[str, Any]]:
    """Return what beat is to send: one canary for each queue."""
    return {
        f"canary of {queue}": {
            "task": NAME,
            "schedule": INTERVAL,
            "kwargs": {"queue": queue},
            "options": {"queue": queue, "expires": INTERVAL},
        }
        for queue in queue_names()
    }


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line is about something else than a canary that is well."""
    values = record.args.values() if isinstance(record.args, dict) else record.args or ()
    return record.levelno != logging.INFO or NAME not in values


for _name in TALKATIVE:
    logging.getLogger(_name).addFilter(_is_news)
