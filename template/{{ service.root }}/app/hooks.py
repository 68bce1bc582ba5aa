"""What this service does when something goes wrong with a task. Connect your own signals here too.

The worker's main process calls these functions, in a thread of their own and one after another. A
slow one holds up no task, only the calls after it. What one raises is logged and changes nothing.
"""

from __future__ import annotations

from app.core.events import TaskEvent


def on_failure(event: TaskEvent) -> None:
    """Called once when a task has failed for good. Tell whoever should know."""


def on_retry(event: TaskEvent) -> None:
    """Called when a task is tried again."""


def on_dead_letter(event: TaskEvent) -> None:
    """Called once for each new dead letter: that of a failed task, or of a message without one."""
