"""What the tests of the questionnaire share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

from tests.questionnaire.small_template import make_template

Git = Callable[..., str]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small template, outside any Git repository."""
    return make_template(tmp_path_factory.mktemp("questionnaire") / "template")


@pytest.fixture(scope="session")
def validators(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Callable[[str], object]]:
    """What the prompt of each question that takes text calls with what was typed.

    It returns True, or the text to show.
    """
    prompts: dict[str, Callable[[str], object]] = {}

    def remember(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
        for question in questions:
            if "validate" in question:
                prompts[question["name"]] = question["validate"]
        return answers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("copier._main.unsafe_prompt", remember)
        run_copy(str(template), tmp_path_factory.mktemp("asked"), unsafe=True, quiet=True)
    return prompts


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Git:
    """Run Git in a folder, as somebody and without this machine's settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")

    def run(folder: Path, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    return run
