"""The service's own transport for Redis against the stock one: make bench-transport

Rounds of both take turns on the same machine, so that what else it does meets both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.harness import render, run

DRAIN = Path(__file__).parent / "drain.py"
TRANSPORTS = ("stock", "reliable")
FIGURES = {"rate": "tasks/s", "cpu": "CPU ms/task", "trips": "round trips/task"}

Round = dict[str, float]


def main() -> None:
    """Measure and print a table."""
    parser = ArgumentParser(prog="python -m benchmarks.transport", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=4000)
    options = parser.parse_args()
    results: dict[str, list[Round]] = {transport: [] for transport in TRANSPORTS}
    with TemporaryDirectory() as folder:
        service = bare_service(Path(folder) / "service")
        for _ in range(options.rounds):
            for transport in TRANSPORTS:
                results[transport].append(measure(service, transport, options.tasks))
                print(describe(transport, results[transport][-1]), flush=True)
    medians = {
        transport: {figure: median(each[figure] for each in rounds) for figure in FIGURES}
        for transport, rounds in results.items()
    }
    for transport in TRANSPORTS:
        print(describe(f"median {transport}", medians[transport]))
    ratios = {figure: medians["reliable"][figure] / medians["stock"][figure] for figure in FIGURES}
    print(describe("reliable / stock", ratios))


def bare_service(folder: Path) -> Path:
    """Render a service of which the transport is the largest part."""
    answers = {"task_types": "nothing", "result_backend": "none"}
    return render(folder, {**answers, "beat": False, "flower": False})


def measure(service: Path, transport: str, tasks: int) -> Round:
    """Return the figures of one round."""
    done: subprocess.CompletedProcess[str] = run(
        [sys.executable, str(DRAIN), transport, str(tasks)], service
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    figures: Round = json.loads(done.stdout.splitlines()[-1])
    return figures


def describe(name: str, figures: Round) -> str:
    """Return a line of the table."""
    return f"{name:18}" + "".join(
        f"{figures[figure]:10.2f} {unit:18}" for figure, unit in FIGURES.items()
    )


if __name__ == "__main__":
    main()
