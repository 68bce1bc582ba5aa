"""What a person waits for who makes a service, and what a test does."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from tests import matrix
from tests.harness import ROOT, Answers, run
from tests.update.releases import all_releases

COMPILED = "in process, with the tests' short cuts"
AGAIN = "in process"
COMMAND = "command line"

SMALL: Answers = {"service_name": "worker-celery-bench"}

FULL: Answers = {
    **SMALL,
    "task_types": matrix.TASK_TYPES["all"],
    "external_apis": matrix.APIS["two"],
    "database": True,
    "http_api": True,
    "deploy": matrix.TARGETS["both"],
}
"""Everything that there is, in a repository of its own."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Clone this repository, with the working tree as its newest release."""
    template = setup.folder / "template"
    all_releases(template)
    answers = SMALL if setup.smoke else FULL
    return {
        COMPILED: lambda: second_copy(answers, "compiled"),
        AGAIN: lambda: second_copy(answers, "as it comes"),
        COMMAND: lambda: command_line(answers, template),
    }


def second_copy(answers: Answers, way: str) -> Round:
    """Measure a copy in a process that has made one, by the tests' short cuts or without them."""
    with TemporaryDirectory() as folder:
        program = ["-m", "benchmarks.apps.second_copy", folder, json.dumps(answers), way]
        return {"s": float(succeed([sys.executable, *program]))}


def command_line(answers: Answers, template: Path) -> Round:
    """Measure `copier copy` from its start to its end."""
    given = [f"--data={name}={answer}" for name, answer in answers.items()]
    options = ["--trust", "--defaults", "--quiet", *given]
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        succeed(["copier", "copy", *options, str(template), f"{folder}/service"])
        return {"s": time.perf_counter() - start}


def succeed(command: list[str]) -> str:
    """Run a command and return what it prints.

    Raises:
        RuntimeError: when it fails.
    """
    done = run(command, ROOT)
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout


FIGURE = Figure(
    "copier",
    "Copying the full service",
    prepare,
    (Target("s", COMPILED, at_most=1.0), Target("s", COMMAND, at_most=3.0)),
    brokers=("redis",),
)
