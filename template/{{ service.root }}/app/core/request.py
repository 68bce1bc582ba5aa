"""A task in the worker's main process. If it fails for good, its message becomes a dead letter."""

from __future__ import annotations

import logging
from typing import Any

from celery.exceptions import Ignore, Reject, Retry, Terminated, TimeLimitExceeded, WorkerLostError
from celery.worker import request as celery_request

# The annotations of celery leave out what is marked here and below.
from celery.worker.request import (  # type: ignore[attr-defined]
    ExceptionInfo,
    ExceptionWithTraceback,
)

from app.core import dead_letter_store
from app.core.dead_letters import DEATH, DELIVERIES, DeadLetter, Reason
from app.core.errors import TaskMemoryError

logger = logging.getLogger(__name__)

ALIVE = (Ignore, Retry, Terminated)
"""What ends a task in order. It was sent again, or it is not wanted any more."""


class Request(celery_request.Request):
    """Buries the message of a task that has failed, and only then acknowledges it."""

    _death: DeadLetter | None = None
    _buried = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for header in (DELIVERIES, DEATH):
            # A retry is a message of its own.
            self.request_dict.pop(header, None)

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """Note how the task died. Celery decides whether it did, and acknowledges the message."""
        error = _error(exc_info)
        if isinstance(error, MemoryError):
            # Celery ends the whole worker for it.
            exc_info = _memory_error(error)
            error = _error(exc_info)
        self._die(error, exc_info.traceback)
        try:
            super().on_failure(exc_info, send_failed_event, return_ok)
        except Exception:
            # It could not be stored as the task's result, for example.
            self._bury_and_acknowledge()
            raise
        if self.acknowledged:
            # A task that is acknowledged early was, when it started.
            self._bury_and_acknowledge()

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Note that the task has passed its hard time limit."""
        if not soft:
            self._die(TimeLimitExceeded(timeout))
        super().on_timeout(soft, timeout)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:
        """End the task, whose message is delivered again. A thread ends with the worker only."""
        if _ends_tasks(pool):
            super().cancel(pool, signal, emit_retry)

    def terminate(self, pool: Any, signal: Any = None) -> None:
        """End the task for good. What runs in a thread goes on."""
        if _ends_tasks(pool):
            super().terminate(pool, signal)
        else:
            logger.warning("%s[%s] runs in a thread, which nothing can end", self.name, self.id)

    def acknowledge(self) -> None:
        """Acknowledge the message, after it is buried if its task is dead.

        If it cannot be buried, because the broker is away for example, it is delivered again.
        """
        if self._death:
            self._bury_and_acknowledge()
        else:
            super().acknowledge()

    def reject(self, requeue: bool = False) -> None:
        """Hand the message back, or bury it: the broker would drop it, or not say why."""
        if requeue:
            self._death = None
            super().reject(requeue=True)
            return
        if not self._death:
            self._die(Reject())
        self.acknowledge()
        self.send_event("task-rejected", requeue=False)

    def _die(self, error: BaseException, traceback: str | None = None) -> None:
        if self._buried or isinstance(error, ALIVE):
            return
        self._death = DeadLetter.of(
            self.message, _reason(error), self.hostname, error, traceback or ""
        )

    def _bury_and_acknowledge(self) -> None:
        death, self._death = self._death, None
        if not death:
            return
        try:
            dead_letter_store.bury(self.message, death)
            self._buried = True
            super().acknowledge()
        except Exception:
            logger.exception("%s[%s] cannot be buried, it is delivered again", self.name, self.id)
            super().reject(requeue=True)

    def _retry_worker_lost(self, exc: BaseException, exc_info: Any) -> bool:
        """Send the task again, whose process died. Then its message is not dead."""
        death, self._death = self._death, None
        sent: bool = super()._retry_worker_lost(exc, exc_info)  # type: ignore[misc]
        self._death = None if sent else death
        return sent

    def _success_was_stored(self) -> Any:
        """Tell whether the task had succeeded when its process died. Then it is not dead."""
        stored = super()._success_was_stored()  # type: ignore[misc]
        if stored:
            self._death = None
        return stored


def _ends_tasks(pool: Any) -> bool:
    # Celery's own pools do not say. Those that cannot raise an error.
    return bool(getattr(pool, "ends_tasks", True))


def _error(exc_info: Any) -> BaseException:
    error: BaseException = exc_info.exception
    return error.exc if isinstance(error, ExceptionWithTraceback) else error


def _memory_error(error: MemoryError) -> Any:
    try:
        raise TaskMemoryError(str(error)) from error
    except TaskMemoryError:
        return ExceptionInfo()


def _reason(error: BaseException) -> Reason:
    if isinstance(error, TimeLimitExceeded):
        return Reason.TIME_LIMIT
    # The exit of the process is how billiard reports it.
    if isinstance(error, WorkerLostError | SystemExit | KeyboardInterrupt):
        return Reason.WORKER_LOST
    return Reason.REJECTED if isinstance(error, Reject) else Reason.FAILED
