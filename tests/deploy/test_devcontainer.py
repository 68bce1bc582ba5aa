"""The dev container opens for an ordinary user, and the tests of the service pass in it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.docker import docker, inspect
from tests.harness import render
from tests.matrix import DESCRIPTIONS, NAMES
from tests.servers import has_npm

PACKAGE = "@devcontainers/cli@0.83"
"""The newest one for the Node.js of Debian 12."""

PYTHON = "3.13"
"""The one of the base image that stands in where no registry can be reached."""

ANSWERS = {
    "standalone": {"layout": "standalone", "broker": "rabbitmq"},
    "monorepo": {"layout": "monorepo", "broker": "redis", "result_backend": "database"},
}
"""Both layouts, and all the servers: RabbitMQ, Valkey and PostgreSQL run without root."""

SHORT = "tests/unit tests/integration tests/core/test_dev.py"
"""The tests of a short run: a task through the worker, and `make dev`."""

FIRST_USER = 1000
"""The number of the user in the image, as that of the first one on most machines."""


@dataclass(frozen=True)
class DevContainer:
    """A dev container that is open.

    Args:
        program: the one that opens dev containers.
        repository: the folder that was opened.
        service: the folder of the service in it.
        config: the devcontainer.json.
    """

    program: Path
    repository: Path
    service: Path
    config: Path

    def tool(self, command: str, *arguments: str) -> str:
        """Run a command of the program on this container and return what it prints."""
        place = ["--workspace-folder", str(self.repository), "--config", str(self.config)]
        done = subprocess.run(
            [self.program, command, *place, *arguments],
            text=True,
            capture_output=True,
            check=False,
            timeout=1800,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout

    def run(self, *command: str) -> str:
        """Run a command in it, as its terminal would, and return what it prints."""
        return self.tool("exec", *command).strip()


@pytest.fixture(scope="module")
def program(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that opens dev containers, which VS Code has inside."""
    if not has_npm():
        pytest.skip("npm is not installed; CI treats this as a failure")
    folder = tmp_path_factory.mktemp("cli")
    subprocess.run(["npm", "install", "--loglevel=error", "--prefix", folder, PACKAGE], check=True)
    return folder / "node_modules/.bin/devcontainer"


@pytest.fixture(scope="module", params=ANSWERS)
def container(
    request: pytest.FixtureRequest, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DevContainer]:
    """The dev container of a small service in each layout."""
    answers = {
        "service_name": NAMES["ordinary"],
        "description": DESCRIPTIONS["special"],
        "task_types": "thumbnails",
        "python_version": PYTHON,
        **ANSWERS[request.param],
    }
    repository = render(tmp_path_factory.mktemp("opened"), answers)
    (config,) = repository.glob(".devcontainer/**/devcontainer.json")
    (makefile,) = repository.glob("**/Makefile")
    opened = DevContainer(program, repository, makefile.parent, config)
    # An environment of the machine, which the container must neither use nor touch.
    (opened.service / ".venv/bin").mkdir(parents=True)
    give_to_ordinary_user(repository)
    try:
        opened.tool("up")
        yield opened
    finally:
        remove(repository)


def remove(repository: Path) -> None:
    """Remove the container of a folder, and its images."""
    label = f"label=devcontainer.local_folder={repository}"
    for container in docker("ps", "--all", "--quiet", "--filter", label).split():
        image = inspect(container)["Config"]["Image"]
        docker("rm", "--force", "--volumes", container)
        # On Linux there are two: in the second, the user has the number of whoever is outside.
        docker("rmi", *{image, image.removesuffix("-uid")})


def give_to_ordinary_user(folder: Path) -> None:
    """Have a folder belong to somebody whom the container can be: nobody is root in it."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, FIRST_USER, FIRST_USER)


def test_it_opens_the_folder_of_the_service_in_the_whole_repository(
    container: DevContainer,
) -> None:
    opened = Path("/workspaces") / container.repository.name
    opened /= container.service.relative_to(container.repository)
    reachable = f"/workspaces/{container.repository.name}/.devcontainer"

    told = container.run("sh", "-c", f"pwd; ls .env .vscode/launch.json; ls -d {reachable}")

    assert told.split() == [str(opened), ".env", ".vscode/launch.json", reachable]


def test_its_user_is_not_root_and_owns_the_workspace(container: DevContainer) -> None:
    number = container.run("sh", "-c", "touch made-inside && id --user")

    made = (container.service / "made-inside").stat()
    assert made.st_uid == container.service.stat().st_uid == int(number) != 0


def test_it_has_an_environment_of_its_own_with_the_python_that_was_asked_for(
    container: DevContainer,
) -> None:
    editor = json.loads(container.config.read_text())["customizations"]["vscode"]
    asked = "import sys, celery; print(sys.executable, '%d.%d' % sys.version_info[:2])"

    program, version = container.run("python", "-c", asked).split()

    assert program == editor["settings"]["python.defaultInterpreterPath"]
    assert version == PYTHON
    assert list((container.service / ".venv").rglob("*")) == [container.service / ".venv/bin"]


def test_the_tests_pass(container: DevContainer, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--full"):
        told = container.run("make", "test", "lint", "types")
    else:
        told = container.run("env", f"PYTEST_ADDOPTS={SHORT}", "make", "test")

    assert " passed in " in told
    assert " skipped" not in told
