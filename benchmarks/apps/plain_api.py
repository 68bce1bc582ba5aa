"""FastAPI as it comes, with a route that sends a task."""

from __future__ import annotations

from celery_app import nothing
from fastapi import FastAPI

api = FastAPI()


@api.post("/tasks")
def send() -> str:
    """Send a task, and return its id."""
    task_id: str = nothing.delay().id
    return task_id
