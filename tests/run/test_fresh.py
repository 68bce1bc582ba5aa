"""A service works in an environment made from nothing but its own files, by its own commands."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.harness import ROOT, render, run
from tests.servers import has_rabbitmq


@dataclass(frozen=True)
class Case:
    """A service, and what makes its environment."""

    name: str
    answers: dict[str, str | bool]
    python: str = "3.11"
    installer: str = "uv"
    broker: str = field(default="redis")
    own_package: str = ""


CASES = [
    Case("default answers", {}),
    Case(
        "own words, two APIs, RabbitMQ and a database",
        {
            "service_name": "worker-celery-claims",
            "description": "Reads claims, checks them and tells the insurer",
            "task_types": "claim_intake, fraud_check",
            "broker": "rabbitmq",
            "result_backend": "database",
            "external_apis": "insurer=https://api.insurer.example/v2, registry=https://reg.example",
        },
        python="3.12",
        broker="rabbitmq",
    ),
    Case(
        "the smallest, by pip",
        {
            "task_types": "etl",
            "result_backend": "none",
            "beat": False,
            "flower": False,
        },
        installer="pip",
        own_package="humanize",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_a_fresh_service_passes_its_checks(case: Case, tmp_path: Path) -> None:
    if case.broker == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    service = render(tmp_path / "service", case.answers)
    path = tools(tmp_path / "bin", case.installer)
    if case.own_package:
        add_package(service, case.own_package)

    for target in ("env", "install", "lint", "types", "coverage"):
        done = run(["make", target], service, PATH=path, UV_PYTHON=python(case.python))
        assert done.returncode == 0, f"make {target}\n{done.stdout[-8000:]}"
    if case.own_package:
        done = run([".venv/bin/python", "-c", f"import {case.own_package}"], service)
        assert done.returncode == 0, done.stdout


def add_package(service: Path, package: str) -> None:
    """Write a package by hand where the owners of a service do."""
    project = service / "pyproject.toml"
    text = project.read_text()
    assert "\ndependencies = []\n" in text
    project.write_text(text.replace("\ndependencies = []\n", f'\ndependencies = ["{package}"]\n'))


def tools(folder: Path, installer: str) -> str:
    """Return a search path with the system's tools, and uv only if it is the installer."""
    folder.mkdir()
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    if installer == "uv":
        found = shutil.which("uv", path=str(Path(sys.executable).parent))
        assert found
        (folder / "uv").symlink_to(found)
    environment = str(Path(sys.executable).parent)
    rest = [part for part in os.environ["PATH"].split(os.pathsep) if part != environment]
    return os.pathsep.join([str(folder), *rest])


def python(version: str) -> str:
    """Return a Python for uv: the wanted version if the machine has it, else our own."""
    found = run(["uv", "python", "find", "--no-python-downloads", version], ROOT)
    return found.stdout.strip() if found.returncode == 0 else sys.executable
