"""Tells `app/hooks.py` what goes wrong with tasks: once, and after it is settled.

The worker's main process decides what becomes of a task, so the hooks are called there: when its
dead letter is kept, or its retry is sent. They have a thread of their own, where one call waits for
the other, so a slow hook holds up nothing but the hooks. A hook that fails is logged.
"""

from __future__ import annotations

import atexit
import inspect
import logging
from collections.abc import Callable
from functools import partial
from inspect import Parameter
from queue import SimpleQueue
from threading import Thread
from typing import Any

from app import hooks
from app.core import runs, sentry
from app.core.dead_letters import DeadLetter, Reason
from app.core.events import TaskEvent
from app.core.types import BoundTask

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""How many calls may wait. What comes then is not told, but logged."""

END_TIMEOUT = 5.0
"""Seconds that calls get which still wait when the worker ends."""

NO_TASK = (Reason.MALFORMED, Reason.UNKNOWN_TASK)
"""The reasons of messages that belong to no task of this service."""

POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

Call = Callable[[], None]


class Caller:
    """Makes calls one after another, in a thread that begins with the first."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._thread: Thread | None = None

    def call_soon(self, name: str, call: Call) -> None:
        """Have a hook called.

        Args:
            name: the hook, for the log.
            call: calls it.
        """
        if self._calls.qsize() >= MOST_WAITING:
            logger.error("%s of app/hooks.py is left out: %d calls wait", name, MOST_WAITING)
            return
        self._calls.put(partial(_guard, name, call))
        if not self._thread:
            self._thread = Thread(target=self._work, name="hooks", daemon=True)
            self._thread.start()
            atexit.register(self.end)

    def end(self) -> None:
        """Wait for the calls that have been asked for, but not for long."""
        thread = self._thread
        if not thread:
            return
        self._calls.put(None)
        thread.join(END_TIMEOUT)
        if thread.is_alive():
            logger.error("app/hooks.py takes longer than %s s: the rest is left out", END_TIMEOUT)

    def _work(self) -> None:
        while call := self._calls.get():
            call()


_caller = Caller()


def buried(letter: DeadLetter, error: BaseException | None) -> None:
    """Tell of a dead letter, and of the failure of its task."""
    event = TaskEvent.of_death(letter, error)
    if event.reason not in NO_TASK:
        _tell("on_failure", event)
    _tell("on_dead_letter", event)
    if sentry.ON and event.reason != Reason.FAILED:
        _caller.call_soon("Sentry", partial(sentry.report_event, event))


def _on_given_up(letter: DeadLetter, error: BaseException, **_: Any) -> None:
    buried(letter, error)


runs.given_up.connect(_on_given_up)


def finish() -> None:
    """Wait for the calls that have been asked for, up to `END_TIMEOUT` seconds."""
    _caller.end()


def retried(event: TaskEvent) -> None:
    """Tell of a task that is tried again."""
    _tell("on_retry", event)


def tell_early_hook(name: str, task: BoundTask, error: BaseException) -> None:
    """Call a hook as services of before release 0.6 have it: with the task, where that runs."""
    hook = getattr(hooks, name, None)
    if hook and not _takes_event(hook):
        _guard(f"{task.name}: {name}", partial(hook, task, error))


def _tell(name: str, event: TaskEvent) -> None:
    hook = getattr(hooks, name, None)
    if hook and _takes_event(hook):
        _caller.call_soon(f"{event.task}: {name}", partial(hook, event))


def _takes_event(hook: Callable[..., None]) -> bool:
    """Tell whether a hook takes an event, and not a task and its error."""
    try:
        parameters = inspect.signature(hook).parameters.values()
    except ValueError:
        # Something built in, which does not say.
        return True
    needed = [each for each in parameters if each.kind in POSITIONAL and each.default is each.empty]
    return len(needed) < len(("task", "error"))


def _guard(name: str, call: Call) -> None:
    """Call a hook of the owners. Whatever it raises, the task's own failure still counts."""
    try:
        call()
    except BaseException:
        logger.exception("%s of app/hooks.py failed", name)
