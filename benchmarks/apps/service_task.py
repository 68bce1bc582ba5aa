"""A task of a generated service.

With BENCH_TASK=plain, one without what the service adds to it; with "with results", one whose
result is kept.
"""

from __future__ import annotations

import os

import app.celery_app  # noqa: F401 (the app that sends it)
import celery
from app.core.discovery import queue_names
from celery import shared_task
from done import done
from pydantic import BaseModel


class Order(BaseModel):
    """What most tasks get: a few values to check."""

    customer: int
    currency: str


NAME = f"{queue_names()[0]}.nothing"

if os.environ.get("BENCH_TASK") == "plain":

    @shared_task(name=NAME, base=celery.Task)
    def nothing(order: dict[str, object]) -> None:
        """Do nothing."""
        done()

else:

    @shared_task(name=NAME, ignore_result=os.environ.get("BENCH_TASK") != "with results")
    def nothing(order: Order) -> None:
        """Do nothing."""
        done()
