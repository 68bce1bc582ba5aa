"""Measures a service with different settings in turns: what else a machine does meets all."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.harness import render, run

DRAIN = Path(__file__).parent / "drain.py"
FIGURES = {"rate": "tasks/s", "cpu": "CPU ms/task", "trips": "round trips/task"}

Round = dict[str, float]
Settings = Mapping[str, str]


def compare(program: str, description: str, variants: Mapping[str, Settings]) -> None:
    """Measure, and print each round, the medians, and each variant's ratio to the first one.

    Args:
        program: the module that is run, for its help.
        description: what it measures, for its help.
        variants: names, each with the environment variables in which it differs.
    """
    parser = ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=4000)
    options = parser.parse_args()
    medians = {
        name: {figure: median(each[figure] for each in rounds) for figure in FIGURES}
        for name, rounds in measured(variants, options.rounds, options.tasks).items()
    }
    for name, figures in medians.items():
        print(describe(f"median {name}", figures))
    first, *others = medians
    for name in others:
        ratios = {figure: medians[name][figure] / medians[first][figure] for figure in FIGURES}
        print(describe(f"{name} / {first}", ratios))


def measured(variants: Mapping[str, Settings], rounds: int, tasks: int) -> dict[str, list[Round]]:
    """Return the figures of each variant's rounds."""
    results: dict[str, list[Round]] = {name: [] for name in variants}
    with TemporaryDirectory() as folder:
        service = bare_service(Path(folder) / "service")
        for _ in range(rounds):
            for name, settings in variants.items():
                results[name].append(drain(service, settings, tasks))
                print(describe(name, results[name][-1]), flush=True)
    return results


def bare_service(folder: Path) -> Path:
    """Render a service of which what is measured is the largest part."""
    answers = {"task_types": "nothing", "result_backend": "none"}
    return render(folder, {**answers, "beat": False, "flower": False})


def drain(service: Path, settings: Settings, tasks: int) -> Round:
    """Return the figures of one round."""
    done: subprocess.CompletedProcess[str] = run(
        [sys.executable, str(DRAIN), str(tasks)], service, **settings
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    figures: Round = json.loads(done.stdout.splitlines()[-1])
    return figures


def describe(name: str, figures: Round) -> str:
    """Return a line of the table."""
    return f"{name:28}" + "".join(
        f"{figures[figure]:10.2f} {unit:18}" for figure, unit in FIGURES.items()
    )
