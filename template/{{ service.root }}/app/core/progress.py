"""Tells how far a long task is."""

from __future__ import annotations

import logging

from celery.backends.base import DisabledBackend

from app.core.types import BoundTask

PROGRESS = "PROGRESS"
"""The state of a task that runs and has said how far it is."""

logger = logging.getLogger(__name__)


def report_progress(task: BoundTask, done: int, total: int, message: str = "") -> None:
    """Record that `done` of `total` steps are finished.

    A task that keeps its result shows the progress as its state: read it with
    `AsyncResult(task_id).info`. For every other task it is a line in the log, because Celery would
    drop it without a word.

    Args:
        task: the bound task, `self`.
        done: finished steps.
        total: all steps.
        message: what is being done.
    """
    if not _keeps_state(task):
        logger.info("%s: %d of %d %s", task.name, done, total, message)
        return
    task.update_state(state=PROGRESS, meta={"done": done, "total": total, "message": message})


def _keeps_state(task: BoundTask) -> bool:
    request = task.request
    dropped = request.ignore_result or isinstance(task.backend, DisabledBackend)
    return not (request.called_directly or dropped)
