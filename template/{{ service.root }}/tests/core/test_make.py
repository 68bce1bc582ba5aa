"""`make` does what it can before anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def fresh(service_copy: Path) -> Path:
    """A copy of this service without an environment."""
    for name in ("Makefile", ".copier-answers.yml"):
        shutil.copy(ROOT / name, service_copy)
    return service_copy


def make(folder: Path, *arguments: str, path: str = "") -> str:
    """Run make and return what it prints."""
    outer = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env={**outer, "PATH": f"{path}{os.pathsep}{outer['PATH']}"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    ).stdout


def test_the_list_of_commands_has_your_own_targets(fresh: Path) -> None:
    (fresh / "local.mk").write_text("load_test2: ## send many tasks\n\t@echo sent\n")

    commands = make(fresh)

    assert "  add-task     add a task type" in commands
    assert "  load_test2   send many tasks" in commands


def test_add_task_installs_nothing_that_would_change_a_file(fresh: Path, tmp_path: Path) -> None:
    copier = tmp_path / "bin/copier"
    copier.parent.mkdir()
    copier.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    copier.chmod(0o755)
    before = sorted(fresh.iterdir())

    options = make(fresh, "add-task", "NAME=invoices", path=str(copier.parent)).splitlines()

    assert options[0] == "update"
    assert options[-1].startswith("task_types=")
    assert options[-1].endswith(", invoices")
    assert sorted(fresh.iterdir()) == before
