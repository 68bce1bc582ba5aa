"""Renders services for the tests, through Copier itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import copier._main
import yaml
from jinja2 import Environment

ROOT = Path(__file__).parent.parent
TEMPLATE_PARTS = ("CHANGELOG.md", "copier.yml", "extensions", "migrations", "template")

Answers = Mapping[str, str | bool]


@cache
def questions(questionnaire: Path = ROOT / "copier.yml") -> dict[str, dict[str, Any]]:
    """Return the questions that a person is asked, by name."""
    entries = yaml.safe_load(questionnaire.read_text())
    return {
        name: details
        for name, details in entries.items()
        if not name.startswith("_") and "when" not in details
    }


@cache
def template_copy() -> Path:
    """Return a plain copy of the template as it is now, which Copier takes without asking Git."""
    folder = Path(tempfile.mkdtemp(prefix="template-"))
    for part in TEMPLATE_PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return folder


def render(destination: Path, answers: Answers) -> Path:
    """Render a service into `destination`, and return that: the folder of its repository.

    Raises:
        KeyError: when an answer belongs to no question, which Copier itself would ignore.
    """
    unknown = answers.keys() - questions().keys()
    if unknown:
        raise KeyError(f"no such question: {', '.join(sorted(unknown))}")
    copier.run_copy(
        str(template_copy()),
        destination,
        data=dict(answers),
        defaults=True,
        unsafe=True,
        quiet=True,
    )
    return destination


def service_folder(repository: Path, answers: Answers) -> Path:
    """Return where the only service is in what was rendered: in one of several, or the folder."""
    if answers.get("layout") != "monorepo":
        return repository
    [folder] = (repository / "services").iterdir()
    return folder


@cache
def hurry_copier() -> None:
    """Leave out most of a copy's time, for all of this process: what is written stays the same.

    Copier compiles each template for each copy anew. And it asks Git, for each file, whether it
    heeds executable bits.
    """
    worker: Any = copier._main.Worker
    worker._sync_git_index_executable_bit = lambda self, file, mode: None
    compile_anew = Environment.compile
    compiled: dict[tuple[str, str | None], Any] = {}

    def compile_once(
        self: Environment, source: Any, name: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        if not isinstance(source, str):
            return compile_anew(self, source, name, *args, **kwargs)
        if (source, name) not in compiled:
            compiled[source, name] = compile_anew(self, source, name, *args, **kwargs)
        # Copier's `yield` tag counts on being told of every compilation.
        self.preprocess(source, name)
        return compiled[source, name]

    Environment.compile = compile_once  # type: ignore[method-assign]


def clean_environment() -> dict[str, str]:
    """Return the variables for a process of a service, with the tools of this environment.

    Its pytest does without the plugins of our own tests: each start takes a second less.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    left_out = ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "VENV")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    plugins = "-p no:schemathesis -p no:hypothesispytest"
    return kept | {"PATH": path, "PYTEST_ADDOPTS": plugins}


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a rendered service, with the tools of this environment, and return it."""
    return subprocess.run(
        command,
        cwd=folder,
        env=clean_environment() | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
