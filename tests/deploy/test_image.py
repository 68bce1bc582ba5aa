"""The image of a service, by itself, as `docker run` has it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.docker import build, docker, inspect
from tests.harness import render, run
from tests.matrix import DESCRIPTIONS

NAME = "worker-celery-image"
STOPPED_BY_SIGTERM = 128 + 15

PATIENCE = 10
"""Seconds in which a container ends that has nothing to do, on a busy machine, too."""

HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with packages of its own, one of which its lock file holds back."""
    answers: dict[str, str | bool] = {
        "service_name": NAME,
        "description": DESCRIPTIONS["special"],
        "task_types": "orders_sync",
        "beat": False,
        "flower": False,
    }
    service = render(tmp_path_factory.mktemp("image") / "service", answers)
    project = service / "pyproject.toml"
    own = 'dependencies = ["iniconfig>=2"]'
    project.write_text(project.read_text().replace("dependencies = []", own, 1))
    locked = run(["uv", "lock", "--quiet", "--upgrade-package", "iniconfig==2.0.0"], service)
    assert locked.returncode == 0, locked.stdout
    (service / "secrets").mkdir()
    (service / "secrets/CELERY_BROKER_URL").write_text("redis://secret@broker:6379/0")
    (service / ".env").write_text("SECRET=yes\n")
    return service


@pytest.fixture(scope="module")
def image(engine: None, service: Path) -> Iterator[str]:
    """Its image."""
    tag = build(service, f"{NAME}:1.2.3", VERSION="1.2.3", REVISION="0123abc")
    yield tag
    docker("rmi", "--force", tag)


@contextmanager
def running(image: str, *options: str) -> Iterator[str]:
    """Run a container of the image, and yield its id."""
    container = docker("run", "--detach", *options, image).strip()
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container)


def test_it_says_what_it_is(image: str) -> None:
    config = inspect(image)["Config"]
    assert (
        config["Labels"].items()
        >= {
            "org.opencontainers.image.title": NAME,
            "org.opencontainers.image.description": DESCRIPTIONS["special"],
            "org.opencontainers.image.version": "1.2.3",
            "org.opencontainers.image.revision": "0123abc",
        }.items()
    )
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "scripts/probe.sh", "worker", "alive"]


def test_it_has_the_packages_of_the_lock_file(image: str) -> None:
    code = "import importlib.metadata as m; print(m.version('iniconfig'))"
    assert docker("run", "--rm", image, "python", "-c", code).strip() == "2.0.0"


def test_it_has_what_the_service_needs_and_nothing_else(image: str) -> None:
    listed = docker("run", "--rm", image, "sh", "-c", "ls -A /srv; ls /opt/venv/bin")
    assert listed.split()[:3] == ["app", "scripts", "var"]
    assert not {"pytest", "ruff", "mypy", "flower", "pip", "uv"} & set(listed.split())


def test_it_starts_with_the_bytecode_that_it_has(image: str) -> None:
    count = "find /srv/app /opt/venv/lib -name '*.py' | while read -r file; do "
    count += 'set -- "${file%/*}"/__pycache__/"$(basename "$file" .py)".*.pyc; '
    count += '[ -e "$1" ] || echo "$file"; done'
    assert docker("run", "--rm", image, "sh", "-c", count).split() == []


@pytest.mark.parametrize("user", ["10001:10001", "4711:4711"])
def test_any_user_can_run_it_with_nothing_to_write_to_but_tmp(image: str, user: str) -> None:
    with running(image, *HARDENED, "--user", user) as container:
        wait_for_sign_of_life(container)


def test_a_worker_heeds_sigterm(image: str) -> None:
    with running(image, *HARDENED) as container:
        wait_for_sign_of_life(container)

        assert seconds_to_stop(container) < PATIENCE
        assert inspect(container)["State"]["ExitCode"] == 0


def test_what_a_task_leaves_behind_is_no_zombie(image: str) -> None:
    with running(image, *HARDENED) as container:
        docker("exec", container, "sh", "-c", "(sleep 0.2 &)")
        wait_for_sign_of_life(container)
        assert "Z" not in "".join(docker("top", container, "-eo", "pid,stat").split())


def test_a_worker_heeds_sigterm_while_it_starts(image: str) -> None:
    with running(image, *HARDENED) as container:
        assert seconds_to_stop(container) < PATIENCE
        assert inspect(container)["State"]["ExitCode"] in (0, STOPPED_BY_SIGTERM)


def wait_for_sign_of_life(container: str) -> None:
    """Wait until the health check of the image passes."""
    probe = "until scripts/probe.sh worker alive 2>/dev/null; do sleep 0.1; done"
    docker("exec", container, "timeout", "180", "sh", "-c", probe)


def seconds_to_stop(container: str) -> float:
    """Stop a container, and return how long that took."""
    began = time.monotonic()
    docker("stop", "--time", str(2 * PATIENCE), container)
    return time.monotonic() - began
