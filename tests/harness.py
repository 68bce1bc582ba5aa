"""Renders services for the tests, through Copier itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    """Leave out most of a copy's time, for all of this process: what is written stays the same."""
    worker: Any = copier._main.Worker
    # Git is asked, for each file, whether it heeds executable bits.
    worker._sync_git_index_executable_bit = lambda self, file, mode: None
    _compile_once()
    _look_answers_up_once(worker)
    _take_plain_names_as_they_are(worker)


def _compile_once() -> None:
    """Compile each template once, and not for each copy anew."""
    compile_anew = Environment.compile
    compiled: dict[tuple[str, str | None], Any] = {}

    def compile_once(
        self: Environment, source: Any, name: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        if not isinstance(source, str):
            return compile_anew(self, source, name, *args, **kwargs)
        if (source, name) not in compiled:
            compiled[source, name] = compile_anew(self, source, name, *args, **kwargs)
        _end_yield(self)
        return compiled[source, name]

    Environment.compile = compile_once  # type: ignore[method-assign]


def _look_answers_up_once(worker: Any) -> None:
    """Put together what templates see once for each copy: no answer changes while it writes."""
    render_all, context, answers_file = (
        worker._render_template,
        worker._render_context,
        worker.answers_relpath.fget,
    )

    def render_template(self: Any) -> None:
        self._seen = (self.answers_relpath, self._render_context())
        try:
            render_all(self)
        finally:
            del self._seen

    def known_answers_file(self: Any) -> Any:
        if not hasattr(self, "_seen"):
            return answers_file(self)
        _end_yield(self.jinja_env)
        return self._seen[0]

    def known_context(self: Any) -> Any:
        return self._seen[1] if hasattr(self, "_seen") else context(self)

    worker._render_template = render_template
    worker._render_context = known_context
    worker.answers_relpath = property(known_answers_file)


def _take_plain_names_as_they_are(worker: Any) -> None:
    """Render a file's or folder's name only if it is a template."""
    render = worker._render_string

    def render_string(self: Any, text: str, extra_context: Any = None) -> Any:
        if "{" in text:
            return render(self, text, extra_context)
        _end_yield(self.jinja_env)
        return text

    worker._render_string = render_string


def _end_yield(environment: Environment) -> None:
    """Tell Copier's `yield` tag what it counts on being told by every compilation."""
    environment.preprocess("")


def clean_environment() -> dict[str, str]:
    """Return the variables for a process of a service, with the tools of this environment.

    Its pytest does without the plugins of our own tests: each start takes a second less. It ends
    with the first failure, whose cause is then the end of what it prints.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    left_out = ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "VENV")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    options = "-p no:schemathesis -p no:hypothesispytest --exitfirst"
    return kept | {"PATH": path, "PYTEST_ADDOPTS": options}


@contextmanager
def driving(program: list[str], service: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Run a program of Python in a service, yield the line that it prints, and end its input.

    Args:
        program: its file, or `-c` and its text. It prints a line once all it runs is ready, and
            ends when its input does.
        service: the folder in which it runs.
        environment: all its variables.

    Raises:
        RuntimeError: when it ends without a line.
    """
    with subprocess.Popen(
        [sys.executable, *program],
        cwd=service,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        line = driver.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"what was to run in {service} did not start")
        try:
            yield line
        finally:
            driver.stdin.close()
            driver.wait(60)


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
