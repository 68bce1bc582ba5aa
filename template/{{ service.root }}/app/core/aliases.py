"""Lets tasks answer to further names, for messages that wait and for whoever still sends them."""

from __future__ import annotations

from collections.abc import Mapping

from celery import Celery

from app.core.errors import InvalidTask


def register_aliases(app: Celery, aliases: Mapping[str, str]) -> None:
    """Register tasks under further names. What is sent by one of them is the same in all else.

    Args:
        app: the application, with all its tasks.
        aliases: further names, each with the name of the task that it stands for.

    Raises:
        InvalidTask: when there is no such task, or when the further name is a task itself.
    """
    for alias, name in aliases.items():
        if name not in app.tasks:
            raise InvalidTask(f"ALIASES: {alias} stands for {name}, which is no task")
        if alias in app.tasks:
            raise InvalidTask(f"ALIASES: {alias} is a task itself, so it cannot be {name}")
        app.register_task(type(alias, (type(app.tasks[name]),), {"name": alias})())
