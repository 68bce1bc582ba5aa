"""A service works in an environment made from nothing but its own files, by its own commands."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import ROOT, clean_environment, questions, render, run
from tests.run.core import Aspect, aspects, core_modules, left_out
from tests.servers import has_rabbitmq

AT_ONCE = 2


@dataclass(frozen=True, eq=False)
class Case:
    """A service, and what makes its environment."""

    name: str
    answers: dict[str, str | bool]
    newest_python: bool = False
    installer: str = "uv"
    own_package: str = ""

    @property
    def all_answers(self) -> dict[str, str | bool]:
        """Its answers, with those that it takes from the defaults."""
        defaults = {name: details["default"] for name, details in questions().items()}
        return defaults | self.answers


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
            "database": True,
            "http_api": True,
        },
        newest_python=True,
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


@pytest.fixture(scope="module")
def checked(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[dict[str, Future[None]]]:
    """The checks of all services, running side by side."""
    full = pytestconfig.getoption("full")
    services = {
        case: render(tmp_path_factory.mktemp("fresh") / "service", case.answers)
        for case in CASES
        if case.answers.get("broker") != "rabbitmq" or has_rabbitmq()
    }
    chosen = shares(services)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            case.name: pool.submit(
                check,
                case,
                service,
                set(core_modules(service)) if full else chosen[case],
                measured=full,
            )
            for case, service in services.items()
        }
        pool.shutdown(cancel_futures=True)


def shares(services: dict[Case, Path]) -> dict[Case, set[str]]:
    """Return which tests of the core each service runs: those that none before it does."""
    there = set[Aspect]()
    found = {}
    for case, service in services.items():
        new = aspects(service, case.all_answers) - there
        found[case] = {module for module, *_ in new}
        there |= new
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_a_fresh_service_passes_its_checks(case: Case, checked: dict[str, Future[None]]) -> None:
    if case.name not in checked:
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")

    checked[case.name].result()


def check(case: Case, service: Path, core: set[str], *, measured: bool) -> None:
    """Make an environment for a service, and run its checks in it.

    Args:
        case: what it is made of.
        service: its folder.
        core: which tests of the core it runs.
        measured: whether its tests have to cover what they promise, which takes them twice as long.

    Raises:
        AssertionError: when one of them fails.
    """
    path = tools(service.parent / "bin", case.installer)
    python = newest_python() if case.newest_python else sys.executable
    if case.own_package:
        add_package(service, case.own_package)

    options = [clean_environment()["PYTEST_ADDOPTS"], *left_out(service, core)]
    variables = {"PATH": path, "UV_PYTHON": python, "PYTEST_ADDOPTS": " ".join(options)}
    for target in ("env", "install", "lint", "types", "coverage" if measured else "test"):
        done = run(["make", target], service, **variables)
        assert done.returncode == 0, f"make {target}\n{done.stdout[-8000:]}"
    assert version(str(service / ".venv/bin/python")) == version(python)
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


def newest_python() -> str:
    """Return the newest supported Python that runs on this machine."""
    names = [f"python{each}" for each in questions()["python_version"]["choices"]]
    # Where pyenv is, what it puts on the path may not run, although the versions are there.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = [sys.executable, *filter(None, map(shutil.which, names))]
    found += [str(path) for name in names for path in pyenv.glob(f"*/bin/{name}")]
    return max(found, key=version)


def version(python: str) -> tuple[int, ...]:
    """Return the version of a Python, or nothing if it does not run."""
    done = run([python, "-c", "import sys; print(*sys.version_info[:2])"], ROOT)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()
