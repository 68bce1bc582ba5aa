"""The pools that a worker can run its tasks in: `WORKER_POOL`.

| pool | where a task runs | what it cannot do |
|---|---|---|
| `prefork` | in a process of its own | |
| `threads` | in a thread of the worker | end a task: no time limits, no `revoke(terminate=True)` |
| `gevent` | in a greenlet of the worker | soft time limits; end a task that does not wait |

`app/config.py` refuses a pool until `WORKER_IGNORE_LIMITS` says that this is all right.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from celery.signals import worker_init

from app.config import Config

# The type stubs leave out what is not documented.
concurrency: Any = import_module("celery.concurrency")

OURS = {
    "threads": "app.core.threads:Threads",
    "gevent": "app.core.greenlets:Greenlets",
}
"""The pools that are not Celery's: theirs acknowledge from many threads at a time."""

FOR_DEBUGGING = "solo"
"""A pool that may always be asked for on the command line. It runs one task at a time."""


def register() -> None:
    """Use these pools for `--pool` in this process."""
    concurrency.ALIASES.update(OURS)


@worker_init.connect
def _on_init(sender: Any, **_: Any) -> None:
    """See that the worker is what the settings were checked for.

    Raises:
        SystemExit: when its command line says something else.
    """
    config = Config.load()
    allowed = [concurrency.get_implementation(name) for name in (config.worker_pool, FOR_DEBUGGING)]
    if concurrency.get_implementation(sender.pool_cls) not in allowed:
        raise SystemExit(
            f"WORKER_POOL={config.worker_pool}, but the command line asks for another pool: set "
            "WORKER_POOL and start the worker with scripts/start_worker.sh"
        )
    if config.worker_pool == "gevent":
        # Celery has none for greenlets, so it would take up to 2 s to see that a task is done.
        sender.use_eventloop = True
