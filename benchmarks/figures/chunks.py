"""What tiny items cost a worker: a task for each, or a hundred of them in one message.

An item does nothing, and each counts as a task. What sending them costs is the figure `bulk`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

from benchmarks.drain import drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round
from benchmarks.workers import APPS, generated, service

EACH, CHUNKS = "a task for each", "chunks of 100"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    alone = generated(folder)
    together = replace(alone, publish=(sys.executable, str(APPS / "bulk.py"), CHUNKS))
    few, many = setup.amount(4000, 300), setup.amount(40_000, 3_000)
    return {
        EACH: lambda: drain(alone, folder, few),
        CHUNKS: lambda: drain(together, folder, many),
    }


FIGURE = Figure("chunks", "Tiny items", prepare, ())
