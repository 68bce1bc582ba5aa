"""List the tasks of this service, for whoever sends them: `python -m app.catalog`."""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Sequence
from typing import Any, cast

from app.celery_app import app
from app.config import Config
from app.core import canary
from app.core.arguments import Arguments, result_schema
from app.core.discovery import queue_names, task_aliases
from app.core.errors import InvalidTask
from app.core.table import print_table
from app.core.task import BaseTask

HEADINGS = ("TASK", "QUEUE", "ARGUMENTS", "RESULT", "LIMITS", "RETRIES")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the catalogue.

    Args:
        arguments: the command line, by default that of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m app.catalog", description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print JSON, with the JSON Schemas of input and result"
    )
    if parser.parse_args(arguments).json:
        print(json.dumps(catalog(), indent=2))
    else:
        print_table(HEADINGS, map(_row, _tasks()))
    return 0


def catalog() -> dict[str, Any]:
    """Return what a producer needs to know, as JSON values: the tasks by name, and what they share.

    Further names that a task has for a while are left out: new code does not send them.
    """
    return {
        "service": app.main,
        "queues": queue_names(),
        "max_payload_kib": Config.load().task_max_payload_kib,
        "tasks": {task.name: describe(task) for task in _tasks()},
    }


def describe(task: BaseTask) -> dict[str, Any]:
    """Return the entry of one task. Limits and pauses are in seconds."""
    return {
        "description": inspect.getdoc(task.run) or "",
        "queue": _queue(task),
        "limits": {
            "soft": task.soft_time_limit,
            "hard": task.time_limit,
            "rate": task.rate_limit,
        },
        "retries": _retries(task),
        "input": _input(task),
        "result": result_schema(task.run) if _keeps_result(task) else None,
    }


def _tasks() -> list[BaseTask]:
    """Return the tasks that others may send, in the order of their names."""
    plumbing = {canary.NAME, *task_aliases()}
    return [
        cast(BaseTask, task)
        for name, task in sorted(app.tasks.items())
        if name not in plumbing and not name.startswith("celery.")
    ]


def _queue(task: BaseTask) -> str:
    own = getattr(task, "queue", None)
    return str(app.amqp.router.route({"queue": own} if own else {}, task.name)["queue"].name)


def _input(task: BaseTask) -> dict[str, Any]:
    """Return the schema of the arguments: for a task that refuses every call, one that does too."""
    try:
        return Arguments(task.name, task.run).schema()
    except InvalidTask as error:
        return {"not": {}, "description": str(error)}


def _retries(task: BaseTask) -> dict[str, Any] | None:
    """Return how a task is tried again by itself. Without a backoff all its pauses are equal."""
    if not task.autoretry_for:
        return None
    first = int(task.retry_backoff) or task.default_retry_delay
    return {
        "errors": [error.__name__ for error in task.autoretry_for],
        "max": task.max_retries,
        "first_pause": first,
        "longest_pause": task.retry_backoff_max if task.retry_backoff else first,
        "jitter": bool(task.retry_backoff) and task.retry_jitter,
    }


def _keeps_result(task: BaseTask) -> bool:
    return bool(app.conf.result_backend) and not task.ignore_result


def _row(task: BaseTask) -> tuple[str, ...]:
    signature = inspect.signature(task.run)
    result = _type(signature.return_annotation) if _keeps_result(task) else "not kept"
    limits = f"{task.soft_time_limit} / {task.time_limit} s"
    parameters = ", ".join(map(_parameter, signature.parameters.values()))
    return (task.name, _queue(task), parameters, result, limits, _retry_policy(task))


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {_type(parameter.annotation)}{default}"


def _type(annotation: Any) -> str:
    """Return an annotation as it stands in the code. An absent one allows anything."""
    if annotation is inspect.Signature.empty:
        return "Any"
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _retry_policy(task: BaseTask) -> str:
    retries = _retries(task)
    if not retries:
        return "none"
    return f"{retries['max']}, after {retries['first_pause']} to {retries['longest_pause']} s"


if __name__ == "__main__":
    sys.exit(main())
