"""Tasks that note each of their runs in a file, which neither a broker nor a worker can lose.

The tests put this module into a service, as app/tasks/numbers.py.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from celery import shared_task

RUNS = "/srv/runs/runs"
"""A file on a disk that all containers share."""

ENOUGH = Path("/srv/runs/enough")
"""A file that says that no more is to be done."""


def note(event: str, number: int) -> None:
    """Add a line to the file, in one write."""
    line = f"{event} {number} {socket.gethostname()}\n"
    file = os.open(RUNS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(file, line.encode())
    os.close(file)


def places(event: str) -> set[str]:
    """Return where something was noted."""
    # The last line may be half written.
    lines = (line.split() for line in Path(RUNS).read_text().split("\n")[:-1])
    return {place for name, _, place in lines if name == event}


@shared_task(name="fleet.numbers.count")
def count(number: int, seconds: float) -> None:
    """Work for some seconds."""
    note("started", number)
    time.sleep(seconds)
    note("done", number)


@shared_task(name="fleet.numbers.hold")
def hold(number: int) -> None:
    """Work until there is a file."""
    note("started", number)
    while not ENOUGH.exists():
        time.sleep(0.1)
    note("done", number)


@shared_task(name="fleet.numbers.locate", ignore_result=False)
def locate(number: int) -> list[str | int]:
    """Return the number and where it was. It waits for one that is in another container."""
    note("located", number)
    while len(places("located")) < 2:
        time.sleep(0.1)
    return [number, socket.gethostname()]


@shared_task(name="fleet.numbers.gather", ignore_result=False)
def gather(found: list[list[str | int]]) -> list[list[str | int]]:
    """Return all numbers, and where they were."""
    return found
