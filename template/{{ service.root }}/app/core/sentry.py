"""Reports what fails to Sentry, or whatever speaks its language. Off unless `SENTRY_DSN` is set.

Sentry's own `CeleryIntegration` is not used: it replaces `apply_async`, `send_task` and the
`__call__` of our base task, takes the arguments of tasks along, and never hears of tasks whose
process is gone, nor of messages that no task can take. A task that is tried again is no failure.

A `sentry_sdk.init` of the owners' own wins: then nothing is set up and reported here.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any

from celery.exceptions import Reject, TimeLimitExceeded, WorkerLostError
from celery.signals import (
    task_failure,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
)

from app.config import Config
from app.core import correlation
from app.core.dead_letters import REDACTED, known_queue_of
from app.core.errors import DeliveredTooOften
from app.core.events import TaskEvent
from app.core.types import BoundTask

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

config = Config.load()

ON = bool(config.sentry_dsn)

FLUSH_TIMEOUT = 2.0
"""Seconds that reports get which are on their way when a process ends."""

TOLD_AS_EVENT = (DeliveredTooOften, Reject, TimeLimitExceeded, WorkerLostError)
"""Failures of which the worker's main process knows more than the signal tells."""

_is_ours = False


def start() -> None:
    """Report from each process of a worker."""
    if ON:
        worker_init.connect(connect)
        worker_process_init.connect(connect)
        worker_process_shutdown.connect(flush)
        atexit.register(flush)
        task_failure.connect(_report_failure)


def connect(**_: Any) -> None:
    """Connect this process. One that has been forked gets connections and threads of its own."""
    global _is_ours
    if not ON:
        return
    import sentry_sdk

    if sentry_sdk.get_client().is_active() and not _is_ours:
        return
    sentry_sdk.init(
        dsn=config.sentry_dsn,
        environment=config.sentry_environment or None,
        # Theirs patch libraries, and take along what is logged and what variables hold.
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        send_default_pii=False,
        before_send=_redact if config.dead_letters_redact else None,
    )
    _is_ours = True


def report(exception: BaseException | None, doing: str, **tags: Any) -> None:
    """Report an error.

    Args:
        exception: what has happened.
        doing: what the process was at, such as the name of a task.
        tags: what else there is to know.
    """
    if not _is_ours:
        return
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        scope.set_transaction_name(doing)
        scope.set_tags({name: str(tag) for name, tag in tags.items()})
        scope.capture_exception(exception)


def report_event(event: TaskEvent) -> None:
    """Report a dead letter whose task has not ended by itself."""
    report(
        event.exception,
        event.task,
        task=event.task,
        task_id=event.task_id,
        queue=event.queue,
        attempt=event.attempt,
        correlation_id=event.correlation_id,
        reason=event.reason,
    )


def flush(**_: Any) -> None:
    """Wait for reports that are on their way, up to `FLUSH_TIMEOUT` seconds."""
    if _is_ours:
        import sentry_sdk

        sentry_sdk.flush(FLUSH_TIMEOUT)


def _report_failure(sender: BoundTask, exception: BaseException, **_: Any) -> None:
    """Report a failure from the process of its task, where its stack is known."""
    if isinstance(exception, (*TOLD_AS_EVENT, *sender.throws)):
        return
    request = sender.request
    report(
        exception,
        sender.name,
        task=sender.name,
        task_id=request.id,
        queue=known_queue_of(request.delivery_info),
        attempt=request.retries + 1,
        correlation_id=correlation.of(request),
        reason="failed",
    )


def _redact(event: Event, _: Hint) -> Event:
    """Leave out the texts of errors, which may repeat what is to be redacted."""
    for error in event.get("exception", {"values": []})["values"]:
        error["value"] = REDACTED
    return event
