"""What all layers share: the option for the full length, and the times of each layer."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import copier._main
import pytest

TESTS = Path(__file__).parent
LAYERS = (
    "render",
    "questionnaire",
    "model",
    "update",
    "release",
    "run",
    "monitoring",
    "demo",
    "docs",
    "deploy",
    "survive",
)
"""In the order in which they run. Render is the first of its process: it watches every template
from its first compilation on."""


class Times(NamedTuple):
    """Seconds by the clock and of the processors, and those of the processors for each copy."""

    clock: float = 0.0
    processors: float = 0.0
    copies: tuple[float, ...] = ()


_times: dict[str, Times] = defaultdict(Times)
_until = 0.0
_copies: list[float] = []
"""What copies took since the last test: of the template, in this process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the full length."""
    parser.addoption("--full", action="store_true", help="run every layer at full length")


def pytest_configure() -> None:
    """Watch every copy."""
    worker: Any = copier._main.Worker
    copy = worker.run_copy

    def timed_copy(self: Any) -> None:
        start = processor_seconds()
        copy(self)
        _copies.append(processor_seconds() - start)

    worker.run_copy = timed_copy


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the layers in their order."""
    items.sort(key=lambda item: LAYERS.index(layer(item.path)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the times of each layer, with what its fixtures and processes take."""
    global _until
    path = TESTS.parent / report.nodeid.partition("::")[0]
    # Suites and fresh environments have a budget each.
    part = f": {path.stem.removeprefix('test_')}" if layer(path) == "run" else ""
    clock, processors, copies = _times[layer(path) + part]
    now = processor_seconds()
    _times[layer(path) + part] = Times(
        clock + report.duration, processors + now - _until, (*copies, *_copies)
    )
    _until = now
    _copies.clear()


def processor_seconds() -> float:
    """Return what this process has taken of the processors, with those that it has waited for."""
    return sum(os.times()[:4])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print where the time went: `render` is the whole matrix."""
    terminalreporter.section("time by layer, of the processors, and of those for copies")
    for name, (clock, processors, copies) in _times.items():
        line = f"{name:14} {clock:7.1f} s {processors:7.1f} s"
        if copies:
            mean = sum(copies) / len(copies)
            line += f" {sum(copies):7.1f} s in {len(copies)} copies of {mean:.2f} s"
        terminalreporter.write_line(line)


def layer(path: Path) -> str:
    """Return the layer that a test file belongs to: the folder that it is in."""
    return path.relative_to(TESTS).parts[0]
