"""What the hooks in `app/hooks.py` are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core import correlation
from app.core.dead_letters import DeadLetter, Reason


@dataclass(frozen=True)
class TaskEvent:
    """Something that went wrong with a task. Arguments are not in it.

    Attributes:
        task: the name of the task; empty where a message does not say.
        task_id: its id; empty where a message does not say.
        queue: the queue that its message came through.
        attempt: 1, and one more with each retry.
        worker: the name of the worker.
        correlation_id: the same for all tasks that follow from the same event.
        reason: why its message is a dead letter; None for a retry.
        exception: what was raised, where that is known. Its text may hold personal data.
        traceback: where it was raised, as a text; empty where that is not known.
    """

    task: str
    task_id: str
    queue: str
    attempt: int
    worker: str
    correlation_id: str
    reason: Reason | None
    exception: BaseException | None
    traceback: str

    @classmethod
    def of_death(cls, letter: DeadLetter, error: BaseException | None) -> TaskEvent:
        """Return the event for a dead letter."""
        return cls(
            **correlation.identity(letter.message.headers),
            queue=letter.queue,
            attempt=letter.attempts,
            worker=letter.worker,
            reason=letter.reason,
            exception=error,
            traceback=letter.traceback,
        )

    @classmethod
    def of_retry(
        cls,
        headers: Mapping[str, Any],
        queue: str,
        worker: str,
        error: BaseException | None,
        traceback: str,
    ) -> TaskEvent:
        """Return the event for an attempt after which there is another.

        Args:
            headers: those of the message.
            queue: where it came from.
            worker: the name of the worker.
            error: what was raised, if anything was.
            traceback: where.
        """
        return cls(
            **correlation.identity(headers),
            queue=queue,
            attempt=headers.get("retries", 0) + 1,
            worker=worker,
            reason=None,
            exception=error,
            traceback=traceback,
        )
