"""The workflow of a service is run once from end to end, by act, with real servers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.docker import build, docker
from tests.deploy.pipelines import Rendered, load, scripts, steps
from tests.harness import clean_environment, render
from tests.update.services import commit_all, git

RUNNER = "act-local:1"
"""The image that stands for a machine of GitHub."""

CACHE = "act-local-uv"
"""The volume with the packages, so that only one job fetches them."""

PYTHON = "3.13"
"""That of the image: act cannot install another one."""

DOCKERFILE = f"""
FROM python:{PYTHON}-slim
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends git make nodejs \\
    && rm -rf /var/lib/apt/lists/*
"""

STUB = """
name: stub
description: The image has its Python.
inputs:
  python-version:
    description: is there already
runs:
  using: composite
  steps:
    - run: python --version
      shell: bash
"""
"""Stands for the action that installs Python, which cannot be fetched from here."""

SHORT = "tests/unit tests/integration tests/core/test_database.py tests/core/test_results.py"
"""The tests that tell whether the service meets its broker, its results and its database."""

NAME = "worker-celery-act"

ANSWERS: dict[str, str | bool] = {
    "service_name": NAME,
    "task_types": "orders",
    "broker": "redis",
    "result_backend": "redis",
    "database": True,
    "beat": False,
    "flower": False,
    "python_version": PYTHON,
}


@dataclass(frozen=True)
class Act:
    """Runs jobs of a workflow.

    Args:
        service: in a repository, with everything committed.
        home: an empty folder.
    """

    service: Rendered
    home: Path

    def run(self, job: str, *options: str) -> str:
        """Run a job that succeeds, and return what it prints."""
        (self.home / "action.yml").write_text(STUB)
        (workflow,) = self.service.repository.glob(".github/workflows/ci.yml")
        actions = {step["uses"] for step in steps(load(workflow)) if "uses" in step}
        stubs = [each for each in actions if not each.startswith("actions/checkout@")]
        command = [
            *("act", "push", "--workflows", str(workflow), "--job", job, "--rm"),
            *(f"--platform=ubuntu-latest={RUNNER}", "--pull=false", "--action-offline-mode"),
            "--container-daemon-socket=-",
            f"--container-options=--volume={CACHE}:/root/.cache/uv",
            *(f"--local-repository={each}={self.home}" for each in stubs),
            *options,
        ]
        done = subprocess.run(
            command,
            cwd=self.service.repository,
            env=clean_environment() | {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        assert f"{job}] 🏁  Job succeeded" in done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def act(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Act]:
    """The workflow of a small service with a database, ready to run."""
    docker("build", "--quiet", "--tag", RUNNER, "-", given=DOCKERFILE)
    repository = render(tmp_path_factory.mktemp("act") / "service", ANSWERS)
    git(repository, "init", "--quiet")
    commit_all(repository, "A service")
    yield Act(Rendered(repository, ANSWERS, repository), tmp_path_factory.mktemp("home"))
    docker("volume", "rm", CACHE)


def test_style_and_types_are_checked(act: Act) -> None:
    printed = act.run("lint")

    assert "All checks passed!" in printed
    assert "Success: no issues found" in printed


def test_the_tests_pass_on_the_servers_of_the_workflow(
    act: Act, pytestconfig: pytest.Config
) -> None:
    chosen = [] if pytestconfig.getoption("full") else [f"--env=PYTEST_ADDOPTS={SHORT}"]

    printed = act.run("test", f"--matrix=python:{PYTHON}", *chosen)

    assert re.search(r"== \d+ passed", printed)
    assert not re.search(r"\d+ (failed|error|skipped)", printed)


@pytest.fixture
def image(act: Act) -> Iterator[str]:
    """The image of the service, built as the other tests build images: see `build`."""
    yield build(act.service.folder, NAME)
    docker("image", "rm", NAME)


def test_the_image_starts_as_the_workflow_starts_it(act: Act, image: str) -> None:
    (workflow,) = act.service.repository.glob(".github/workflows/ci.yml")
    (command,) = (text for text in scripts(workflow) if text.startswith("docker run"))

    done = subprocess.run(
        ["bash", "-ec", command],
        cwd=act.service.folder,
        text=True,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "act.orders.run" in done.stdout
