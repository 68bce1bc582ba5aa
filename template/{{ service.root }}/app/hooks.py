"""What this service does when a task fails or is tried again. Connect your own signals here too."""

from __future__ import annotations

from app.core.types import BoundTask


def on_failure(task: BoundTask, error: BaseException) -> None:
    """Called when a task has failed for good. Tell whoever should know.

    For a lost worker process or a hard time limit this runs in the worker's main process, so keep
    it short.
    """


def on_retry(task: BoundTask, error: BaseException) -> None:
    """Called when a task is tried again."""
