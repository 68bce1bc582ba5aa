"""How many messages a worker has for each process: whether more than one gains anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.drain import drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round
from benchmarks.workers import generated, service

MULTIPLIERS = (1, 4, 16)


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service for each."""
    tasks = setup.amount(4000, 300)

    def measuring(multiplier: int) -> Callable[[], Round]:
        folder = service(setup.folder / str(multiplier), setup.broker, flower=False)
        set_multiplier(folder, multiplier)
        return lambda: drain(generated(folder), folder, tasks)

    return {f"{multiplier} for each": measuring(multiplier) for multiplier in MULTIPLIERS}


def set_multiplier(folder: Path, multiplier: int) -> None:
    """Change the setting where owners of a service do."""
    settings = folder / "app/settings.py"
    ours = f'CELERY: dict[str, Any] = {{"worker_prefetch_multiplier": {multiplier}}}'
    before = settings.read_text()
    after = before.replace("CELERY: dict[str, Any] = {}", ours)
    assert after != before
    settings.write_text(after)


FIGURE = Figure("prefetch", "Messages that a worker has for each process", prepare, ())
