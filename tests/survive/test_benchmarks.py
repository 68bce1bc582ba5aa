"""The benchmark of the transport runs. Its figures are for long runs on a quiet machine."""

from __future__ import annotations

import re
import sys

from tests.harness import ROOT, run


def test_the_transport_needs_no_more_round_trips_than_the_stock_one() -> None:
    options = ["--rounds", "1", "--tasks", "500"]
    done = run([sys.executable, "-m", "benchmarks.transport", *options], ROOT)

    ratio = re.search(r"reliable / stock .* ([0-9.]+) round trips/task", done.stdout)
    assert ratio, done.stdout
    assert float(ratio[1]) < 1
