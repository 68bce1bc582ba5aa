"""The pool `gevent`: tasks run in greenlets. `celery worker --pool gevent` has patched Python."""

from __future__ import annotations

from typing import Any

import gevent
from celery.exceptions import TimeLimitExceeded
from gevent.lock import BoundedSemaphore

from app.core.in_process import Ended, InProcessPool, Job


class Greenlets(InProcessPool):
    """A pool of greenlets. One that waits can be ended; one that computes holds up all others."""

    task_join_will_block = False
    ends_tasks = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # With a new connection, Celery forgets for a moment how many tasks run.
        self._room = BoundedSemaphore(self.limit)
        self._greenlets: dict[Job, Any] = {}

    def run(self, job: Job) -> None:
        """Run a job in a greenlet of its own."""
        greenlet = self._greenlets[job] = gevent.spawn(self._run, job)
        # One that is ended before it begins tells nothing itself. `link` would spawn one more.
        greenlet.rawlink(lambda _: self.call_soon(lambda: self._forget(job)))

    def perform(self, job: Job) -> Any:
        """Do the work of a job, for as long as its hard limit."""
        timeout = gevent.Timeout(job.time_limit)
        try:
            with timeout:
                return job.work()
        except gevent.Timeout as error:
            if error is not timeout:
                raise
            raise TimeLimitExceeded(job.time_limit) from None
        except gevent.GreenletExit:
            raise Ended from None

    def end(self, job: Job) -> None:
        """End a job at the point where it waits."""
        if job in self._greenlets:
            self._greenlets[job].kill(block=False)

    def _run(self, job: Job) -> None:
        with self._room:
            job.run()

    def _forget(self, job: Job) -> None:
        del self._greenlets[job]
        self.settle(job)
