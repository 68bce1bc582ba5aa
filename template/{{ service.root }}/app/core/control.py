"""Remote control of a worker, where ours does something else than Celery's."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

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
