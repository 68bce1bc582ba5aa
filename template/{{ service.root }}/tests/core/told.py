"""What the hooks in `app/hooks.py` were told."""

from __future__ import annotations

import re

from tests.conftest import Worker
from tests.core.probes import refuse

FIELD = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")


def events(worker: Worker, task_id: str, *expected: str) -> list[dict[str, str]]:
    """Return what the hooks were told of a task, as soon as that is all.

    Args:
        worker: the worker of the tests.
        task_id: the id of the task.
        expected: the names of the hooks, in the order of their calls.
    """
    told = [f"hook {name}" for name in expected]
    for line in set(told):
        worker.wait_for_line(line, task_id)
    # The hooks are called one after another, so by now no other call waits.
    worker.wait_for_line("hook on_dead_letter", refuse.delay().id)
    lines = worker.lines("hook on_", f"task_id={task_id} ")
    assert [line.partition(":")[0] for line in lines] == told
    return [dict(FIELD.findall(line)) for line in lines]
