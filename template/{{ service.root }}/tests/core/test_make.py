"""`make` does what it can before anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dev.place import ANSWERS, REPOSITORY
from tests.conftest import ROOT


@pytest.fixture
def fresh(service_copy: Path) -> Path:
    """A copy of this service without an environment."""
    shutil.copy(ROOT / "Makefile", service_copy)
    shutil.copy(ROOT / REPOSITORY / ANSWERS, service_copy / REPOSITORY)
    return service_copy


def make(folder: Path, *arguments: str, path: str = "", exit_code: int = 0) -> str:
    """Run make and return what it prints."""
    outer = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env={**outer, "PATH": f"{path}{os.pathsep}{outer['PATH']}"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == exit_code, done.stdout
    return done.stdout


def test_the_list_of_commands_has_your_own_targets(fresh: Path) -> None:
    (fresh / "local.mk").write_text("load_test2: ## send many tasks\n\t@echo sent\n")

    commands = make(fresh)

    assert "  add-task     add a task type" in commands
    assert "  load_test2   send many tasks" in commands


@pytest.mark.parametrize(
    ("arguments", "question", "added"),
    [
        (["add-task", "NAME=invoices"], "task_types", "invoices"),
        (
            ["add-api", "NAME=payments", "URL=https://pay.example/v1"],
            "external_apis",
            "payments=https://pay.example/v1",
        ),
    ],
)
def test_what_adds_installs_nothing_that_would_change_a_file(
    arguments: list[str], question: str, added: str, fresh: Path, tmp_path: Path
) -> None:
    copier = tmp_path / "bin/copier"
    copier.parent.mkdir()
    copier.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    copier.chmod(0o755)
    before = sorted(fresh.iterdir())

    options = make(fresh, *arguments, path=str(copier.parent)).splitlines()

    assert options[0] == "update"
    name, _, answer = options[-1].partition("=")
    assert name == question
    assert answer.split(", ")[-1] == added
    assert sorted(fresh.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["add-task"], "Name the task type: make add-task NAME=invoices"),
        (["add-api", "NAME=payments"], "Name the API and its base URL: make add-api NAME="),
    ],
)
def test_what_adds_says_what_is_missing(arguments: list[str], advice: str, fresh: Path) -> None:
    assert advice in make(fresh, *arguments, exit_code=2)
