"""Measures the figures that this template is to reach: make bench

Where what lives:

- `figures/` has a module for each figure: its variants, and what they have to reach.
- `figure.py` says what a figure is, and `turns.py` what its rounds are. `report.py` prints them,
  and `results.py` keeps them in `results.json`.
- `workers.py` has who does tasks, `servers.py` their broker, `stage.py` runs both, `drain.py`
  measures them at work, and `apps/` has what runs in their processes.
- `page/` writes docs/speed.md and docs/scale.md: `python -m benchmarks.page`
- `capacity.py` computes from what was measured how many workers a load needs, by `queueing.py`:
  `python -m benchmarks.capacity`
- `profiles.py` and `image.py` are commands of their own: where the time of a task goes, and the
  size of an image.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import report
from benchmarks.figure import BROKERS, Figure, Setup
from benchmarks.figures import FIGURES, load
from benchmarks.results import RESULTS, keep, packages
from benchmarks.turns import take_turns
from tests.harness import hurry_copier


def main() -> None:
    """Measure figures, print them, and keep them."""
    title = str(__doc__).partition("\n")[0]
    parser = ArgumentParser(prog="python -m benchmarks", description=title)
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
    # What is rendered stays the same, and nobody measures that in this process.
    hurry_copier()
    unreached, failed = [], []
    for name in options.figures or FIGURES:
        figure = load(name)
        for broker in figure.brokers:
            if options.broker in (None, broker):
                try:
                    unreached += measure(figure, broker, options.rounds, smoke=options.smoke)
                except Exception as error:
                    # The others take long.
                    failed.append(f"{name} {broker}: {error!r}")
    if unreached:
        print("\n".join(["not reached:", *unreached]))
    if failed:
        sys.exit("\n".join(["not measured:", *failed]))


def measure(figure: Figure, broker: str, rounds: int, *, smoke: bool) -> list[str]:
    """Measure a figure with a broker, print it, and keep it.

    Returns:
        What it does not reach.
    """
    began = time.monotonic()
    with TemporaryDirectory(prefix="bench-") as folder:
        setup = Setup(Path(folder), broker, smoke)
        measured = take_turns(
            figure.prepare(setup),
            1 if smoke else rounds,
            lambda variant, values: print(report.describe(variant, values), flush=True),
        )
        environments = {name: packages(setup.folder / name) for name in figure.environments}
    print(report.table(figure, broker, measured))
    print(f"  {time.monotonic() - began:.0f} s", flush=True)
    if not smoke:
        keep(RESULTS, figure, broker, measured, environments)
    return [
        f"  {figure.name} {broker}, {verdict.what}: {verdict.value:.3g}, {verdict.bound}"
        for verdict in figure.verdicts(broker, measured)
        if not verdict.reached
    ]


if __name__ == "__main__":
    main()
