"""Ways to send many tasks, by one process of a generated service. In chunks, each item counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import servers
from benchmarks.drain import prepare as environment_of
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import APPS, generated, service

EACH, MANY, CHUNKS = "delay", "send_many", "chunks of 100"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    tasks = setup.amount(5_000, 300)

    def sending(way: str) -> Callable[[], Round]:
        return lambda: send(folder, way, tasks)

    return {way: sending(way) for way in (EACH, MANY, CHUNKS)}


def send(service: Path, way: str, tasks: int) -> Round:
    """Send tasks, which nobody does, and return what the sender says of itself.

    Args:
        service: the folder of the service that sends.
        way: how, as `apps/bulk.py` names it.
        tasks: how many.
    """
    worker = generated(service)
    with servers.running(service) as found, TemporaryDirectory() as folder:
        said = subprocess.check_output(
            [sys.executable, str(APPS / "bulk.py"), way, str(tasks)],
            cwd=worker.folder,
            env=environment_of(found, worker, Path(folder, "done")),
        )
    result: Round = json.loads(said)
    return result


FIGURE = Figure(
    "bulk",
    "Many tasks sent by one process",
    prepare,
    (Target("tasks/s", MANY, EACH, at_least=1.8),),
)
