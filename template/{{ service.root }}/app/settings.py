"""The service's own settings. Add a field; the variable of the same name sets it."""

from __future__ import annotations

from typing import Any

from app.core.environment import EnvSettings

CELERY: dict[str, Any] = {}
"""Celery settings of your own. They win over those of `app/celeryconfig.py`."""

ALIASES: dict[str, str] = {}
"""Further names of tasks, each with the name of the task it stands for. For renaming a task."""

QUEUES: list[str] = []
"""Further queues, without the service's purpose: `invoices.urgent`. A call names one in `queue`."""

QUEUE_ARGUMENTS: dict[str, dict[str, Any]] = {}
"""Arguments of queues in RabbitMQ, named as above: `{"invoices": {"x-max-length": 100_000}}`."""


class Settings(EnvSettings):
    """What your tasks need to know about where they run. Read it with `Settings.load()`."""
