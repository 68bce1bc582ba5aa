"""A task in the worker's main process. If it fails for good, its message becomes a dead letter."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any

from celery.exceptions import Ignore, Reject, Retry, Terminated, TimeLimitExceeded, WorkerLostError
from celery.worker import request as celery_request

# The annotations of celery leave out what is marked here and below.
from celery.worker.request import (  # type: ignore[attr-defined]
    ExceptionInfo,
    ExceptionWithTraceback,
)
from structlog.contextvars import bound_contextvars

from app.core import correlation, dead_letter_store, failures, runs, tracing
from app.core.dead_letters import DEATH, DELIVERIES, DeadLetter, Reason, queue_of
from app.core.errors import TaskMemoryError
from app.core.events import TaskEvent
from app.core.runs import Outcome

logger = logging.getLogger(__name__)

ALIVE = (Ignore, Retry, Terminated)
"""What ends a task in order. It was sent again, or it is not wanted any more."""

RAISED = (Reason.FAILED, Reason.REJECTED)
"""What a task dies of by an error of its own."""

LOST = (Reason.TIME_LIMIT, Reason.WORKER_LOST)
"""What a task dies of together with its process."""


class Request(celery_request.Request):
    """Buries the message of a task that has failed, and only then acknowledges it.

    Tells the signals of `runs.py` when the task begins and how it ends, once each.
    """

    started_at: float | None = None
    """When it began, by the monotonic clock."""
    run_time: float | None = None
    """For how many seconds it ran, once it has ended."""
    _death: DeadLetter | None = None
    _error: BaseException | None = None
    _buried = False
    _ended = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Hear of successes: Celery makes a class for each task, with its own `on_success`."""
        super().__init_subclass__(**options)
        celerys = cls.on_success

        def on_success(self: Request, result: tuple[Any, Any, Any], **kwargs: Any) -> None:
            failed, _, self.run_time = result
            if not failed:
                self._end(Outcome.SUCCESS)
            celerys(self, result, **kwargs)

        cls.on_success = on_success  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for header in (DELIVERIES, DEATH):
            # A retry is a message of its own.
            self.request_dict.pop(header, None)

    def on_accepted(self, pid: Any, time_accepted: float) -> None:
        """Note that the task begins."""
        self.started_at = time_accepted
        runs.started.send(sender=self.task, request=self)
        super().on_accepted(pid, time_accepted)

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
            with self._named_in_log():
                super().on_failure(exc_info, send_failed_event, return_ok)
        except Exception:
            # It could not be stored as the task's result, for example.
            self._bury_and_acknowledge()
            self._end(_outcome(error))
            raise
        if self.acknowledged:
            # A task that is acknowledged early was, when it started.
            self._bury_and_acknowledge()
        self._end(_outcome(error))

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Note that the task has passed its hard time limit."""
        if not soft:
            self._die(TimeLimitExceeded(timeout))
        with self._named_in_log():
            super().on_timeout(soft, timeout)
        if not soft:
            self._end(Outcome.DEAD)

    def on_retry(self, exc_info: Any) -> None:
        """Acknowledge the message, and tell that there is another."""
        super().on_retry(exc_info)
        self._tell_of_retry(_error(exc_info).exc, exc_info.traceback)  # type: ignore[attr-defined]

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
            self._end(Outcome.REJECTED)
            return
        if not self._death:
            self._die(Reject())
        self.acknowledge()
        self.send_event("task-rejected", requeue=False)

    def _die(self, error: BaseException, traceback: str | None = None) -> None:
        if self._buried or isinstance(error, ALIVE):
            return
        self._error = error
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
            self._end(Outcome.REJECTED)
        else:
            raised = self.started_at and death.reason in RAISED
            self._end(Outcome.FAILURE if raised else Outcome.DEAD)
            if death.reason in LOST:
                tracing.lose(self, self._error)
            failures.buried(death, self._error)

    def _end(self, outcome: Outcome) -> None:
        """Say how it ended. What comes first counts: a task that is ended also fails."""
        if self._ended:
            return
        self._ended = True
        if self.started_at and self.run_time is None:
            self.run_time = monotonic() - self.started_at
        runs.ended.send(sender=self.task, request=self, outcome=outcome)

    def _announce_revoked(self, *args: Any) -> None:
        """Drop a task that has expired, or that is not wanted any more."""
        try:
            with self._named_in_log():
                super()._announce_revoked(*args)  # type: ignore[misc]
        finally:
            self._end(Outcome.DEAD)

    def _announce_cancelled(self, *args: Any, **kwargs: Any) -> None:
        """Give up a run whose message is delivered again."""
        try:
            super()._announce_cancelled(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._end(Outcome.REJECTED)

    def _retry_worker_lost(self, exc: BaseException, exc_info: Any) -> bool:
        """Send the task again, whose process died. Then its message is not dead."""
        death, self._death = self._death, None
        sent: bool = super()._retry_worker_lost(exc, exc_info)  # type: ignore[misc]
        self._death = None if sent else death
        if sent:
            self._end(Outcome.RETRY)
            tracing.lose(self, exc)
            self._tell_of_retry(exc, exc_info.traceback)
        return sent

    def _named_in_log(self) -> AbstractContextManager[None]:
        """Let lines of this process say which task they are about."""
        return bound_contextvars(**correlation.identity(self.request_dict))

    def _tell_of_retry(self, error: BaseException | None, traceback: str) -> None:
        message = self.message
        queue = queue_of(message.delivery_info)
        failures.retried(
            TaskEvent.of_retry(message.headers, queue, self.hostname, error, traceback)
        )

    def _success_was_stored(self) -> Any:
        """Tell whether the task had succeeded when its process died. Then it is not dead."""
        stored = super()._success_was_stored()  # type: ignore[misc]
        if stored:
            self._death = None
            self._end(Outcome.SUCCESS)
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


def _outcome(error: BaseException) -> Outcome:
    """Return how a run has ended whose message is not buried."""
    if isinstance(error, Retry):
        return Outcome.RETRY
    return Outcome.SUCCESS if isinstance(error, Ignore) else Outcome.FAILURE


def _reason(error: BaseException) -> Reason:
    if isinstance(error, TimeLimitExceeded):
        return Reason.TIME_LIMIT
    # The exit of the process is how billiard reports it.
    if isinstance(error, WorkerLostError | SystemExit | KeyboardInterrupt):
        return Reason.WORKER_LOST
    return Reason.REJECTED if isinstance(error, Reject) else Reason.FAILED
