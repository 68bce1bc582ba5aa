"""Fixtures for the tests of the plumbing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def service_copy(tmp_path: Path) -> Path:
    """A copy of this service, to be changed."""
    copy = tmp_path / "service"
    for name in ("app", "dev", "scripts"):
        shutil.copytree(ROOT / name, copy / name)
    return copy
