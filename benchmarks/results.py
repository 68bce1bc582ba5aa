"""What was measured last of all figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.__main__ import FIGURES, load
from benchmarks.turns import Measured


@dataclass(frozen=True)
class Results:
    """What was measured.

    Attributes:
        figures: by figure, then by broker. A figure that was not measured is not there.
        conditions: when, and with what.
    """

    figures: Mapping[str, Mapping[str, Measured]]
    conditions: Sequence[str] = ()

    def of(self, figure: str) -> Mapping[str, Measured]:
        """Return what was measured of a figure, by broker: nothing if it was not."""
        return self.figures.get(figure, {})


def read(file: Path) -> Results:
    """Return what a file keeps."""
    figures = {name: dict(report.kept(file, load(name))) for name in FIGURES}
    return Results(figures, conditions(json.loads(file.read_text()).values()))


def conditions(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return when entries of a file were measured, and with what, in words."""
    dates: dict[str, set[str]] = {}
    for entry in entries:
        packages = ", ".join(f"{name} {number}" for name, number in entry["packages"].items())
        what = f"Python {entry['python']}, {entry['cores']} cores, {packages}"
        dates.setdefault(what, set()).add(entry["date"])
    return [f"{' and '.join(sorted(when))}: {what}" for what, when in sorted(dates.items())]
