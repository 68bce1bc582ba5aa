"""The README and AGENTS.md of a generated service are true of that service."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import validate

from extensions.model import CATALOGUE_LIMITS, TaskType
from tests import matrix
from tests.docs.pages import NEWCOMER, blocks, code
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


def lasting(page: Path) -> str:
    """Return the text of a page without what a newcomer makes of the service."""
    return NEWCOMER.sub("", page.read_text())


def test_the_examples_send_tasks(full_service: Path) -> None:
    texts = blocks(full_service / "README.md", "python")
    # Whole files are those of the newcomer's path, which tests/update follows.
    examples = [text for text in texts if not text.startswith('"""')]

    done = run(["python", "-c", SEND_ALL.format(examples=examples)], full_service, ENV_FILE="")

    for module in (full_service / "app/tasks").glob("[!_]*.py"):
        assert f"from app.tasks.{module.stem} import" in "".join(examples)
    assert done.returncode == 0, done.stdout


def test_the_example_without_a_broker_runs(full_service: Path) -> None:
    readme = lasting(full_service / "README.md")
    command = re.search(r"^\.venv/bin/python (-m app\.call .*)$", readme, re.MULTILINE)
    assert command

    done = run(["sh", "-c", f"python {command[1]}"], full_service, ENV_FILE="")

    assert done.returncode == 0, done.stdout


def test_the_example_call_of_every_type_fits_its_task(tmp_path: Path) -> None:
    types = [
        TaskType(name=name, purpose="shop", soft_limit=1, hard_limit=2)
        for name in (*CATALOGUE_LIMITS, "orders")
    ]
    answers = {"task_types": ", ".join(each.name for each in types)}
    service = render(tmp_path / "worker-celery-shop", answers)
    catalog = run(["python", "-m", "app.catalog", "--json"], service, ENV_FILE="")
    assert catalog.returncode == 0, catalog.stdout
    tasks = json.loads(catalog.stdout)["tasks"]

    for each in types:
        validate(json.loads(each.example_arguments), tasks[each.example_task]["input"])


@pytest.mark.parametrize("page", ["README.md", "AGENTS.md"])
def test_the_files_that_a_page_names_exist(page: str, services: list[Path]) -> None:
    for service in services:
        named = re.findall(
            r"`((?:app|dev|scripts|tests)/[\w/.]+|[\w.]+\.(?:md|yaml|mk|toml))`",
            lasting(service / page),
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
