"""What is deployed for the tests."""

from __future__ import annotations

import pytest

from tests.deploy.docker import has_docker
from tests.harness import hurry_copier

hurry_copier()


@pytest.fixture(scope="session")
def engine() -> None:
    """Docker runs, and has the images that services are built from and run with."""
    if not has_docker():
        pytest.skip("Docker or its images are missing; CI treats this as a failure")
