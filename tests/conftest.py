"""What all layers share: the option for the full length, and the times of each layer."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

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
    """Seconds by the clock, and of the processors."""

    clock: float = 0.0
    processors: float = 0.0


_times: dict[str, Times] = defaultdict(Times)
_until = 0.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the full length."""
    parser.addoption("--full", action="store_true", help="run every layer at full length")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the layers in their order."""
    items.sort(key=lambda item: LAYERS.index(layer(item.path)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the times of each layer, with what its fixtures and processes take."""
    global _until
    path = TESTS.parent / report.nodeid.partition("::")[0]
    # Suites and fresh environments have a budget each.
    part = f": {path.stem.removeprefix('test_')}" if layer(path) == "run" else ""
    clock, processors = _times[layer(path) + part]
    now = sum(os.times()[:4])
    _times[layer(path) + part] = Times(clock + report.duration, processors + now - _until)
    _until = now


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print where the time went."""
    terminalreporter.section("time by layer, and of the processors")
    for name, (clock, processors) in _times.items():
        terminalreporter.write_line(f"{name:14} {clock:7.1f} s {processors:7.1f} s")


def layer(path: Path) -> str:
    """Return the layer that a test file belongs to: the folder that it is in."""
    return path.relative_to(TESTS).parts[0]
