"""A task for each queue of a generated service."""

from __future__ import annotations

from typing import Any

import app.celery_app  # noqa: F401 (the app that sends them)
from app.core.discovery import queue_names
from celery import shared_task
from done import done


def of_queue(queue: str) -> Any:
    """Return a task that goes through a queue."""

    @shared_task(name=f"{queue}.nothing")
    def nothing() -> None:
        """Do nothing."""
        done()

    return nothing


TASKS = [of_queue(queue) for queue in queue_names()]
