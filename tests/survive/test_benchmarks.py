"""Every figure can be measured. What it comes to is for long runs on a quiet machine."""

from __future__ import annotations

import re
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks.figures import FIGURES, load
from tests.servers import has_rabbitmq

ON_RABBITMQ = ("recovery", "bulk")
"""Figures that every run measures there, and all others on Redis. The full length does both."""


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_can_be_measured(
    figure: str,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker = "rabbitmq" if figure in ON_RABBITMQ and has_rabbitmq() else "redis"
    both = pytestconfig.getoption("full") and has_rabbitmq()
    brokers = [] if both else ["--broker", broker]

    # In this process: what one figure has compiled and imported serves the next.
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--smoke", figure, *brokers])
    command.main()

    said = capsys.readouterr().out
    assert " rounds)" in said, said
    if load(figure).targets:
        assert "reached" in said.lower(), said
    if figure == "transport":
        # A count, so it holds on any machine.
        assert re.search(r"round trips/task: .*: reached", said), said
