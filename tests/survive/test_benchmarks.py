"""Every figure can be measured. What it comes to is for long runs on a quiet machine."""

from __future__ import annotations

import sys

import pytest

from benchmarks.__main__ import FIGURES
from tests.harness import ROOT, run
from tests.servers import has_rabbitmq


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_can_be_measured(figure: str) -> None:
    brokers = [] if has_rabbitmq() else ["--broker", "redis"]

    done = run([sys.executable, "-m", "benchmarks", "--smoke", figure, *brokers], ROOT)

    assert done.returncode == 0, done.stdout
    assert "reached" in done.stdout.lower(), done.stdout


def test_the_transport_needs_no_more_round_trips_than_the_stock_one() -> None:
    done = run([sys.executable, "-m", "benchmarks", "--smoke", "transport"], ROOT)

    [line] = [each for each in done.stdout.splitlines() if "round trips/task: reliable" in each]
    assert line.endswith(": reached"), done.stdout
