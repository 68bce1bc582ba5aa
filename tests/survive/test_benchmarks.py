"""Every figure can be measured. What it comes to is for long runs on a quiet machine."""

from __future__ import annotations

import re
import sys

import pytest

from benchmarks.figures import FIGURES, load
from tests.harness import ROOT, run
from tests.servers import has_rabbitmq

ON_RABBITMQ = ("recovery", "bulk")
"""Figures that every run measures there, and all others on Redis. The full length does both."""


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_can_be_measured(figure: str, pytestconfig: pytest.Config) -> None:
    broker = "rabbitmq" if figure in ON_RABBITMQ and has_rabbitmq() else "redis"
    both = pytestconfig.getoption("full") and has_rabbitmq()
    brokers = [] if both else ["--broker", broker]

    done = run([sys.executable, "-m", "benchmarks", "--smoke", figure, *brokers], ROOT)

    assert done.returncode == 0, done.stdout
    assert " rounds)" in done.stdout, done.stdout
    if load(figure).targets:
        assert "reached" in done.stdout.lower(), done.stdout
    if figure == "transport":
        # A count, so it holds on any machine.
        assert re.search(r"round trips/task: .*: reached", done.stdout), done.stdout
