"""The strict type checker finds nothing in what is generated."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import matrix
from tests.harness import render, run


def test_mypy_finds_nothing(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    full = request.config.getoption("full")
    every_core = matrix.spread(matrix.core(), matrix.every(*matrix.FURTHER))
    combinations = list(every_core) if full else matrix.covering()
    types = list(matrix.TASK_TYPES.values())
    for number, answers in enumerate(combinations):
        service = render(tmp_path / f"{number}", answers | {"task_types": types[number % 3]})
        # One cache for all: most of the time goes into the packages they share.
        command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")]
        done = run(command, service)
        assert done.returncode == 0, f"{answers}\n{done.stdout}"
