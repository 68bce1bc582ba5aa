"""The README and AGENTS.md of a generated service are true of that service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import matrix
from tests.docs.pages import blocks, code
from tests.harness import render, run

SEND_ALL = """
import os
from dev.servers import Servers

servers = Servers()
os.environ |= servers.environment
with servers.running():
    for example in {examples!r}:
        exec(example, {{}})
"""

OF_OPENSSL = "SSL_CERT_FILE"
"""The one variable on a page that something else than the service reads."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A few services in which every pair of answers occurs."""
    root = tmp_path_factory.mktemp("described")
    types = list(matrix.TASK_TYPES.values())
    return [
        render(root / f"{number}", answers | {"task_types": types[number % len(types)]})
        for number, answers in enumerate(matrix.covering())
    ]


def test_the_examples_send_tasks(full_service: Path) -> None:
    examples = blocks(full_service / "README.md", "python")

    done = run(["python", "-c", SEND_ALL.format(examples=examples)], full_service, ENV_FILE="")

    assert len(examples) == 7
    assert done.returncode == 0, done.stdout


def test_the_example_without_a_broker_runs(full_service: Path) -> None:
    readme = (full_service / "README.md").read_text()
    command = re.search(r"^\.venv/bin/python (-m app\.call .*)$", readme, re.MULTILINE)
    assert command

    done = run(["sh", "-c", f"python {command[1]}"], full_service, ENV_FILE="")

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("page", ["README.md", "AGENTS.md"])
def test_the_files_that_a_page_names_exist(page: str, services: list[Path]) -> None:
    for service in services:
        named = re.findall(
            r"`((?:app|dev|scripts|tests)/[\w/.]+|[\w.]+\.(?:md|yaml|mk|toml))`",
            (service / page).read_text(),
        )
        assert named
        assert [path for path in named if not (service / path).exists()] == [], service


def test_the_variables_that_a_page_names_are_settings(services: list[Path]) -> None:
    for service in services:
        text = (service / "README.md").read_text()
        named = {
            word.partition("=")[0]
            for word in code(text)
            if re.fullmatch(r"[A-Z]+(_[A-Z]+)+(=\S+)?", word)
        }
        known = (service / ".env.example").read_text() + "".join(
            file.read_text()
            for folder in ("scripts", "dev")
            for file in (service / folder).iterdir()
        )
        assert {name for name in named if name not in known} <= {OF_OPENSSL}, service


def test_only_sections_that_apply_are_there(services: list[Path]) -> None:
    for service in services:
        headings = set(re.findall(r"^## (.+)$", (service / "README.md").read_text(), re.MULTILINE))
        assert ("Beat" in headings) == (service / "app/schedule.py").exists()
        assert ("Flower" in headings) == (service / "scripts/start_flower.sh").exists()
        assert ("External APIs" in headings) == (service / "app/core/http.py").exists()
