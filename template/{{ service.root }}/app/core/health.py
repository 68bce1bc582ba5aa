"""Signs of life, as files. A probe looks at their age: that costs nothing and asks no broker."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from app.config import Config

logger = logging.getLogger(__name__)

PULSE = 2.0
"""Seconds between two signs of life of a worker."""


class Sign:
    """A file in the folder `HEALTH_DIR`. `scripts/probe.sh` looks at it.

    Args:
        name: what the file is called.
    """

    def __init__(self, name: str) -> None:
        self._file = Path(Config.load().health_dir, name)

    def give(self) -> None:
        """Make the file, or make it new. Work goes on if that fails: the age of the file tells."""
        try:
            self._file.touch()
        except OSError as error:
            logger.error("HEALTH_DIR: %s", error)

    def age(self) -> float | None:
        """Return how many seconds ago it was given, or None when there is none."""
        try:
            return max(0.0, time.time() - self._file.stat().st_mtime)
        except OSError:
            return None

    def withdraw(self) -> None:
        """Remove the file."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            logger.error("HEALTH_DIR: %s", error)


def prepare() -> None:
    """Make the folder for the signs.

    Raises:
        SystemExit: when nothing can be written there.
    """
    folder = Path(Config.load().health_dir)
    probe = folder / "writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise SystemExit(
            f"HEALTH_DIR={folder}: nothing can be written there ({error.strerror}). "
            "Name a folder that this process may write to, such as /tmp/health"
        ) from None


def alive(name: str) -> Sign:
    """Return the sign that a process works: its file is never old."""
    return Sign(f"{name}.alive")


def ready(name: str) -> Sign:
    """Return the sign that a worker takes messages: its file is there."""
    return Sign(f"{name}.ready")


def seen(queue: str) -> Sign:
    """Return the sign that a message has come through a queue."""
    return Sign(f"canary.{queue}")
