"""Remote control of a worker, where ours does something else than Celery's."""

from __future__ import annotations

import logging
import time
from importlib import import_module
from typing import Any

from app.config import Config
from app.core import health
from app.core.dead_letters import queue_of
from app.core.discovery import queue_names

# The type stubs leave out what is not documented.
control: Any = import_module("celery.worker.control")
signals: Any = import_module("celery.platforms").signals
state: Any = import_module("celery.worker.state")

logger = logging.getLogger(__name__)


@control.control_command(  # type: ignore[untyped-decorator]
    variadic="task_id", signature="[id1 [id2 [... [idN]]]]"
)
def revoke(
    panel: Any, task_id: Any, terminate: bool = False, signal: str | None = None, **_: Any
) -> Any:
    """Drop tasks that wait for their turn or their time. With `terminate`, end those that run.

    Celery's own looks each of them up in the result backend first, in the event loop: while that
    is away, the worker would stand still. A dropped task is REVOKED when its turn has come.
    """
    ids = {task_id} if isinstance(task_id, str) else set(task_id)
    names = ", ".join(sorted(ids))
    state.revoked.update(ids)
    logger.info("Tasks flagged as revoked: %s", names)
    if terminate:
        number = signals.signum(signal or control.TERM_SIGNAME)
        for request in [state.requests[each] for each in ids if each in state.requests]:
            logger.info("Terminating %s (%s)", request.id, number)
            request.terminate(panel.consumer.pool, signal=number)
    return control.ok(f"tasks {names} flagged as revoked")


@control.inspect_command()  # type: ignore[untyped-decorator]
def snapshot(panel: Any) -> dict[str, Any]:
    """What `python -m app.status` shows of a worker, in one answer. Times are in seconds."""
    consumer = panel.consumer
    running = list(state.active_requests)
    reading = consumer.task_consumer.queues if consumer.task_consumer else []
    return {
        "service": panel.app.main,
        "pool": Config.load().worker_pool,
        "processes": consumer.pool.num_processes,
        "uptime": consumer.controller.info()["uptime"],
        "queues": [queue.name for queue in reading],
        "next": len(state.reserved_requests) - len(running),
        "delayed": len(state.scheduled_requests),
        "running": [_running(request) for request in running],
        "canaries": {queue: health.seen(queue).age() for queue in queue_names()},
    }


def _running(request: Any) -> dict[str, Any]:
    """Return what is shown of a task that runs. Its arguments may be personal data."""
    return {
        "id": request.id,
        "task": request.name,
        "queue": queue_of(request.delivery_info),
        "seconds": time.time() - request.time_start if request.time_start else 0.0,
        "limit": request.time_limits[0] or request.task.time_limit,
    }
