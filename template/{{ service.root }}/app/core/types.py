"""Types for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Task

if TYPE_CHECKING:
    BoundTask = Task[..., Any]
else:
    # Celery's class takes no type arguments at run time.
    BoundTask = Task
