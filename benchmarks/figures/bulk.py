"""Ways to send many tasks, by one process of a generated service. In chunks, each item counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.drain import RATE
from benchmarks.figure import Figure, Setup
from benchmarks.stage import stage
from benchmarks.turns import Round, Target
from benchmarks.workers import generated, service

EACH, MANY, CHUNKS = "delay", "send_many", "chunks of 100"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks = setup.amount(5_000, 300)

    def sending(way: str) -> Callable[[], Round]:
        return lambda: send(folder, way, tasks)

    # The figure `chunks` sends in chunks, too.
    return setup.chosen({way: sending(way) for way in (EACH, MANY, CHUNKS)}, EACH, MANY)


def send(service: Path, way: str, tasks: int) -> Round:
    """Send tasks, which nobody does, and return what the sender says of itself.

    Args:
        service: the folder of the service that sends.
        way: how, as `apps/bulk.py` names it.
        tasks: how many.
    """
    with stage(generated(service), service) as on:
        said: Round = json.loads(on.send("bulk.py", way, str(tasks)))
    return said


FIGURE = Figure(
    "bulk",
    "Many tasks sent by one process",
    prepare,
    (Target(RATE, MANY, EACH, at_least=1.8),),
)
