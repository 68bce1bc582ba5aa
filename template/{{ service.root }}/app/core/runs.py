"""What becomes of messages, as signals: they are sent in a worker's main process.

A run is one delivery of a message that a task has begun. It begins once and ends once, also when
its process is killed. Whoever counts listens here; when nobody does, this costs nothing.
"""

from __future__ import annotations

from enum import StrEnum

from celery.utils.dispatch import Signal


class Outcome(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    """It raised an error and is not tried again."""
    RETRY = "retry"
    REJECTED = "rejected"
    """Its message was handed back."""
    DEAD = "dead"
    """It was given up without an end of its own, or the message was, without a run."""


started = Signal(name="run_started", providing_args=["request"])
"""A run begins. The sender is the task."""

ended = Signal(name="run_ended", providing_args=["request", "outcome"])
"""A run has ended, or its message has without one. The sender is the task."""

given_up = Signal(name="message_given_up", providing_args=["letter", "error"])
"""A message that no task can take is in the dead letters. The sender is who found it."""
