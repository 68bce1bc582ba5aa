"""Every combination of answers renders to files that look written by hand."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import matrix
from tests.harness import ROOT, Answers, render, run, service_folder, template_copy
from tests.render.conftest import Renders
from tests.render.jinja_coverage import outcomes

TEMPLATE = ROOT / "template"
TEXT_WITH_LONE_BLANK_LINES = {
    "",
    ".conf",
    ".env",
    ".example",
    ".json",
    ".md",
    ".mk",
    ".service",
    ".sh",
    ".target",
    ".toml",
    ".yaml",
    ".yml",
}
CODE_BLOCK = re.compile(r"^```\w+\n.*?^```\n", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def parent(renders: Renders) -> Path:
    """The folder above all rendered services."""
    return next(iter(renders)).parent


@pytest.fixture(scope="module")
def distinct_files(renders: Renders) -> dict[bytes, Path]:
    """One file for each distinct content and kind of file."""
    return {
        file.suffix.encode() + file.name[:10].encode() + file.read_bytes(): file
        for service in renders
        for file in files_of(service)
    }


def files_of(service: Path) -> Iterator[Path]:
    """Yield every file of a rendered service."""
    return (file for file in service.rglob("*") if file.is_file())


def named(files: dict[bytes, Path], pattern: str) -> list[Path]:
    """Return the distinct files with a matching name, and at least one."""
    found = [file for file in files.values() if file.match(pattern)]
    assert found, f"no file is named {pattern}"
    return found


def check(command: list[str | Path]) -> None:
    """Run a checker and show what it says when it complains."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_file_parses(distinct_files: dict[bytes, Path]) -> None:
    for file in distinct_files.values():
        text = file.read_text()
        if file.suffix == ".py":
            ast.parse(text, str(file))
        elif file.suffix == ".toml":
            tomllib.loads(text)
        elif file.suffix in (".yaml", ".yml"):
            assert list(yaml.safe_load_all(text))
        elif file.suffix == ".json":
            json.loads(text)


def test_no_escape_for_html_is_left_over(distinct_files: dict[bytes, Path]) -> None:
    escaped = [
        f"{file}: {line}"
        for file in distinct_files.values()
        for line in file.read_text().splitlines()
        if file.suffix != ".py" and re.search(r"\\u00[0-9a-f]{2}|&[a-z]+;", line)
    ]
    assert not escaped


def test_no_jinja_is_left_over(distinct_files: dict[bytes, Path]) -> None:
    left = [
        f"{file}: {line}"
        for file in distinct_files.values()
        for line in file.read_text().splitlines()
        if re.search(r"{%|%}|{#|#}", line)
    ]
    assert not left


def test_blank_lines_look_written_by_hand(distinct_files: dict[bytes, Path]) -> None:
    messy = []
    for file in distinct_files.values():
        # Python inside a text keeps its own two blank lines.
        text = CODE_BLOCK.sub("```\n", file.read_text())
        if not text:
            continue
        one_at_a_time = file.suffix in TEXT_WITH_LONE_BLANK_LINES
        if (
            text[0] == "\n"
            or text.endswith("\n\n")
            or not text.endswith("\n")
            or "\n\n\n\n" in text
            or (one_at_a_time and "\n\n\n" in text)
            or re.search(r"[ \t]\n", text)
        ):
            messy.append(file)
    assert not messy


def test_ruff_finds_nothing(parent: Path) -> None:
    check(["ruff", "check", "--no-cache", "--quiet", parent])


def test_ruff_would_format_nothing(parent: Path) -> None:
    check(["ruff", "format", "--check", "--no-cache", "--quiet", parent])


def test_shellcheck_finds_nothing(distinct_files: dict[bytes, Path]) -> None:
    scripts = named(distinct_files, "*.sh")
    done = run(["shellcheck", *map(str, scripts)], ROOT)
    assert done.returncode == 0, done.stdout


def test_hadolint_finds_nothing(distinct_files: dict[bytes, Path]) -> None:
    dockerfiles = named(distinct_files, "Dockerfile")
    done = run(["hadolint", "--failure-threshold", "warning", *map(str, dockerfiles)], ROOT)
    assert done.returncode == 0, done.stdout


def test_yamllint_finds_nothing(distinct_files: dict[bytes, Path]) -> None:
    found = named(distinct_files, "*.yaml") + named(distinct_files, "*.yml")
    # Copier writes the answers, as long as they are.
    files = [file for file in found if not file.name.startswith(".copier-answers.")]
    rules = "{extends: relaxed, rules: {line-length: {max: 100}}}"
    check(["yamllint", "--strict", "-d", rules, *files])


def test_what_the_tests_look_at_is_what_copier_writes(tmp_path: Path) -> None:
    answers: Answers = {
        "service_name": "worker-celery-shop",
        "task_types": matrix.TASK_TYPES["all"],
        "external_apis": matrix.APIS["two"],
        "database": True,
        "http_api": True,
        "deploy": matrix.TARGETS["both"],
        "layout": "monorepo",
    }
    given = [f"--data={name}={answer}" for name, answer in answers.items()]
    options = ["--trust", "--defaults", "--quiet", *given]
    done = run(["copier", "copy", *options, str(template_copy()), "by command"], tmp_path)
    assert done.returncode == 0, done.stdout

    assert contents(render(tmp_path / "hurried", answers)) == contents(tmp_path / "by command")


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Return what is in each file below a folder, and its mode."""
    return {
        file.relative_to(folder): (file.read_bytes(), file.stat().st_mode)
        for file in files_of(folder)
    }


def test_scripts_can_be_executed(renders: Renders) -> None:
    scripts = [file for service in renders for file in files_of(service) if file.suffix == ".sh"]
    assert scripts
    assert [file for file in scripts if not file.stat().st_mode & 0o100] == []


def test_the_description_arrives_unchanged(renders: Renders) -> None:
    described = {
        repository: answers for repository, answers in renders.items() if "description" in answers
    }
    for repository, answers in described.items():
        project = service_folder(repository, answers) / "pyproject.toml"
        described_as = tomllib.loads(project.read_text())["project"]["description"]
        assert described_as == answers["description"]
    assert described


def test_every_branch_of_the_templates_is_taken_and_not_taken(renders: Renders) -> None:
    assert renders
    parts = {part for file in template_files() for part in file.relative_to(TEMPLATE).parts}
    stems = {part.removesuffix(".jinja") for part in parts}
    gaps = [
        f"{place}:{line} was {'always' if taken == {True} else 'never'} true"
        for (place, line), taken in outcomes.items()
        if place.startswith("template/") or place in stems
        if taken != {True, False} and not (is_loop(place, line) and taken == {True})
    ]
    assert not gaps


def is_loop(place: str, line: int) -> bool:
    """Tell whether a line of a template is a `for`, which need not be empty in any service."""
    file = ROOT / place
    return file.is_file() and "{% for " in file.read_text().splitlines()[line - 1]


def template_files() -> list[Path]:
    """Return every file of the template."""
    return [file for file in TEMPLATE.rglob("*") if file.is_file() and file.suffix != ".pyc"]


def test_every_template_is_rendered_somewhere(renders: Renders) -> None:
    assert renders
    compiled = {place for place, _ in outcomes}
    with_branches = [
        file
        for file in template_files()
        if file.suffix == ".jinja" and "{% if" in file.read_text(errors="replace")
    ]
    never = [file for file in with_branches if str(file.relative_to(ROOT)) not in compiled]
    assert not never
