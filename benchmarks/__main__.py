"""Measures the figures that this template is to reach: make bench"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import report
from benchmarks.figure import BROKERS, Figure, Setup
from benchmarks.turns import Measured, take_turns

FIGURES = (
    "throughput",
    "transport",
    "plumbing",
    "bulk",
    "io",
    "peers",
    "prefetch",
    "scale",
    "pickup",
    "recovery",
    "start",
    "depth",
    "copier",
    "releases",
)
"""In the order in which they are measured and shown."""

RESULTS = Path(__file__).parent / "results.json"
"""What was measured last, at full length."""


def main() -> None:
    """Measure figures, print them, and keep them."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--broker", choices=BROKERS, help="one of the brokers, instead of both")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--smoke", action="store_true", help="one short round, which is kept nowhere"
    )
    options = parser.parse_args()
    unknown = set(options.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    failed = []
    for name in options.figures or FIGURES:
        figure = load(name)
        for broker in figure.brokers:
            if options.broker in (None, broker):
                try:
                    measured = measure(figure, broker, options.rounds, smoke=options.smoke)
                except Exception as error:
                    # The others take hours.
                    failed.append(f"{name} {broker}: {error!r}")
                    continue
                print(report.table(figure, broker, measured), flush=True)
                if not options.smoke:
                    report.keep(RESULTS, figure, broker, measured)
    if failed:
        sys.exit("not measured:\n" + "\n".join(failed))


def load(name: str) -> Figure:
    """Return a figure."""
    figure: Figure = import_module(f"benchmarks.figures.{name}").FIGURE
    return figure


def measure(figure: Figure, broker: str, rounds: int, *, smoke: bool) -> Measured:
    """Measure a figure with a broker, telling of each round."""
    with TemporaryDirectory(prefix="bench-") as folder:
        variants = figure.prepare(Setup(Path(folder), broker, smoke))
        return take_turns(
            variants,
            1 if smoke else rounds,
            lambda variant, values: print(report.describe(variant, values), flush=True),
        )


if __name__ == "__main__":
    main()
