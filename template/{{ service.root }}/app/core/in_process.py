"""Pools that run tasks in the worker's own process, many at a time.

Only the task itself runs in its thread or greenlet. What follows is done by the event loop of the
worker, as it is with processes: the acknowledgement, a dead letter, the next message. So none of
that has to be safe against threads, and a stop, a time limit or an outage takes the same path.

What it relies on in Celery 5.7: `BasePool`, the arguments of its `on_apply`, and `uses_semaphore`,
which keeps a task out of the pool until there is room for it.
"""

from __future__ import annotations

import logging
import os
import select
import socket
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from time import monotonic
from typing import Any, NamedTuple

from celery.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import ExceptionInfo  # type: ignore[attr-defined]

from app.core import failures, sentry, tracing

logger = logging.getLogger(__name__)

# The type stubs lag behind.
base: Any = import_module("celery.concurrency.base")
state: Any = import_module("celery.worker.state")

Call = Callable[[], Any]


class Ended(BaseException):
    """Celery has ended the task and knows of it."""


class Callbacks(NamedTuple):
    """What Celery wants to be told of a task, on the event loop."""

    accept_callback: Callable[..., Any]
    callback: Callable[..., Any]
    error_callback: Callable[..., Any]
    timeout_callback: Callable[..., Any]


class Job:
    """A task that has room to run.

    Args:
        pool: where it runs.
        work: runs the task, and returns what came out for Celery.
        tell: what Celery wants to be told.
        time_limit: in seconds, for pools that keep it.
    """

    def __init__(
        self, pool: InProcessPool, work: Call, tell: Callbacks, time_limit: float | None
    ) -> None:
        self.work = work
        self.time_limit = time_limit
        self._pool = pool
        self._tell = tell

    def run(self) -> None:
        """Run the task to its end, in the thread or greenlet that this is called in."""
        self._pool.call_soon(partial(self._pool.settle, self, self._outcome()))

    def terminate(self, signal: Any = None) -> None:
        """End the task, as far as the pool can."""
        self._pool.end(self)

    def _outcome(self) -> Call | None:
        """Run the task and return what follows from it."""
        try:
            return partial(self._tell.callback, self._pool.perform(self))
        except Ended:
            return None
        except TimeLimitExceeded:
            return partial(self._tell.timeout_callback, False, self.time_limit)
        except BaseException as error:
            # As with a process that ends: the task runs again, as often as its retries allow.
            return partial(self._tell.error_callback, _lost(error))


class InProcessPool(base.BasePool):  # type: ignore[misc]
    """The common part of the pools."""

    uses_semaphore = True
    signal_safe = False
    ends_tasks = False
    """Whether it can end a task that runs."""

    def __init__(
        self, limit: int, semaphore: Any = None, timeout: float | None = None, **options: Any
    ) -> None:
        super().__init__(limit, **options)
        self._semaphore = semaphore
        self._time_limit = timeout
        self._jobs: set[Job] = set()
        self._calls: deque[Call] = deque()
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)

    def register_with_event_loop(self, loop: Any) -> None:
        """Do what follows from tasks whenever there is some."""
        loop.add_reader(self._ear, self._hear)

    def on_apply(
        self,
        target: Callable[..., Any],
        args: Any = (),
        kwargs: Any = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Job:
        """Run a task."""
        tell = Callbacks(*(options[name] for name in Callbacks._fields))
        work = partial(target, *args, **(kwargs or {}))
        job = Job(self, work, tell, timeout or self._time_limit)
        self._jobs.add(job)
        # Now, and not when it begins: a connection that breaks in between would hand it back.
        _do(partial(tell.accept_callback, os.getpid(), monotonic()))
        self.run(job)
        return job

    def on_stop(self) -> None:
        """Wait for the tasks that run, unless they have been handed back."""
        while self._jobs and not state.should_terminate:
            select.select([self._ear], [], [], 1.0)
            self._hear()

    def on_terminate(self) -> None:
        """End the process with what still runs. It has been handed back.

        Python itself would wait for the threads that tasks have started. What tasks have told
        before gets its seconds, as at any other end.
        """
        if self._jobs:
            failures.finish()
            sentry.flush()
            tracing.flush()
            logging.shutdown()
            os._exit(os.EX_OK)

    def terminate_job(self, pid: int, signal: Any = None) -> None:
        """Do nothing: Celery tells the job itself, too."""

    def call_soon(self, call: Call) -> None:
        """Have the event loop call something, in the order in which it is asked for."""
        self._calls.append(call)
        # A full socket rings anyway.
        with suppress(BlockingIOError):
            self._bell.send(b".")

    def settle(self, job: Job, follow_up: Call | None = None) -> None:
        """Do what follows from a task, and let the next one in."""
        if job not in self._jobs:
            return
        self._jobs.discard(job)
        try:
            if follow_up:
                follow_up()
        finally:
            self._semaphore.release()

    @abstractmethod
    def run(self, job: Job) -> None:
        """Have a job run in a thread or greenlet."""

    def perform(self, job: Job) -> Any:
        """Do the work of a job, where it runs.

        Raises:
            TimeLimitExceeded: when it takes longer than its time limit.
            Ended: when it is ended.
        """
        return job.work()

    def end(self, job: Job) -> None:
        """End a job, as far as that can be done."""

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(4096)
        for _ in range(len(self._calls)):
            _do(self._calls.popleft())


def _do(call: Call) -> None:
    try:
        call()
    except Exception:
        logger.exception("what follows from a task has failed")


def _lost(error: BaseException) -> Any:
    try:
        raise WorkerLostError(f"the task has tried to end its worker: {error!r}") from error
    except WorkerLostError:
        return ExceptionInfo()
