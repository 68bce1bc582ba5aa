"""Docker and Docker Compose, as the tests use them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

IMAGES = (
    "python:3.13-slim",
    "redis:8-alpine",
    "rabbitmq:4-management",
    "postgres:18-alpine",
    "astral/uv:0.13",
)
"""The images that services are built from and run with."""

FETCHED = re.compile(r"^# *syntax=.*\n|(?<=.)@sha256:[0-9a-f]{64}", re.MULTILINE)
"""What in a Dockerfile asks a registry, even when the image is there."""


def has_docker() -> bool:
    """Tell whether Docker runs, with Compose and the images. In CI a missing one is a failure.

    Raises:
        pytest.fail.Exception: in CI, when something is missing.
    """
    reason = _missing()
    if reason and os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI leaves nothing out")
    return not reason


@cache
def _missing() -> str:
    """Return what is missing, or an empty text."""
    if not _succeeds("version"):
        return "Docker does not run"
    if not _succeeds("compose", "version"):
        return "Docker Compose is not installed"
    images = [image for image in IMAGES if not _succeeds("image", "inspect", image)]
    return f"images are missing: docker pull {' '.join(images)}" if images else ""


def _succeeds(*arguments: str) -> bool:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def docker(*arguments: str, given: str | None = None) -> str:
    """Run a command of Docker and return what it prints.

    Args:
        arguments: the command.
        given: its input.
    """
    return _printed(["docker", *arguments], given=given)


def build(context: Path, tag: str, **arguments: str) -> str:
    """Build the image of a service, and return its tag.

    Args:
        context: the folder of the service.
        tag: the name of the image.
        arguments: the build arguments.
    """
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    dockerfile = FETCHED.sub("", (context / "Dockerfile").read_text())
    command = ["docker", "build", "--tag", tag, *options, "--file", "-", str(context)]
    _printed(command, given=dockerfile, environment={"DOCKER_BUILDKIT": "1"})
    return tag


def inspect(container: str) -> dict[str, Any]:
    """Return what Docker knows of a container or an image."""
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


@dataclass(frozen=True)
class Stack:
    """The stack of a rendered service, under a project name of its own.

    Args:
        folder: of the service.
        project: what the names of its containers begin with.
        files: what Compose reads, from `folder`.
        profiles: those that are on.
        environment: further variables, `IMAGE_TAG` for example.
    """

    folder: Path
    project: str
    files: tuple[str, ...] = ("compose.yaml",)
    profiles: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def compose(self, *arguments: str, given: str | None = None) -> str:
        """Run a command of Compose and return what it prints."""
        return self.run("docker", "compose", *arguments, given=given)

    def run(self, *command: str, given: str | None = None) -> str:
        """Run a command in the folder, which finds this stack, and return what it prints."""
        found_by = {
            "COMPOSE_FILE": os.pathsep.join(self.files),
            "COMPOSE_PROFILES": ",".join(self.profiles),
            "COMPOSE_PROJECT_NAME": self.project,
        }
        return _printed(
            list(command),
            given=given,
            environment=found_by | self.environment,
            folder=self.folder,
        )

    def up(self, *services: str) -> None:
        """Start the stack, or some of it, and wait until all is healthy."""
        options = ["--wait", "--wait-timeout", "180", "--no-build", "--pull", "never"]
        self.compose("up", "--detach", *options, *services)

    def down(self) -> None:
        """Remove the stack and its volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")

    def python(self, service: str, code: str) -> str:
        """Run Python in a container of a service, and return what it prints."""
        return self.compose("exec", "-T", service, "python", "-c", code)

    def containers(self, *services: str) -> list[dict[str, Any]]:
        """Return what Docker knows of the containers of some services, or of all."""
        ids = self.compose("ps", "--all", "--quiet", *services).split()
        return [inspect(each) for each in ids]


def _printed(
    command: list[str],
    *,
    given: str | None = None,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    done = subprocess.run(
        command,
        input=given,
        stdin=None if given is not None else subprocess.DEVNULL,
        env=os.environ | (environment or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
