"""`app/core` is public: what the owners' files of any release take from ours is still there."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from tests import matrix
from tests.harness import ROOT, run
from tests.update.interface import broken, documented, taken
from tests.update.releases import NOW, PARENT, Stock, releases
from tests.update.services import Service

EVERYTHING: dict[str, str | bool] = {
    "task_types": matrix.TASK_TYPES["all"],
    "external_apis": matrix.APIS["two"],
    "database": True,
    "http_api": True,
}

BROKERS = {"redis": "redis", "rabbitmq": "database"}
"""Each broker, with a result backend."""

OLD: dict[str, str | bool] = {
    "task_types": "email, reports, etl, orders",
    "external_apis": matrix.APIS["two"],
}

VERSIONS = [version for version in releases() if version != PARENT]


def major(version: str) -> str:
    """Return the first number of a version."""
    return version.partition(".")[0]


@pytest.mark.parametrize("broker", BROKERS)
def test_what_the_owners_files_take_from_ours_is_still_there(
    broker: str, stock: Stock, tmp_path: Path
) -> None:
    current = major(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    answers = EVERYTHING | {"broker": broker, "result_backend": BROKERS[broker]}
    now = stock.service(NOW, answers, tmp_path / "now")
    for line, last in {major(version): version for version in VERSIONS}.items():
        names: dict[str, str] = {}
        for version in (each for each in VERSIONS if major(each) == line):
            service = stock.service(version, EVERYTHING, tmp_path / version)
            promised = documented(version) | taken(service)
            names |= {name: f"{place} of {version}" for name, place in promised.items()}
        assert {"app.core.errors.PermanentError", "tests.conftest.Worker"} <= names.keys()
        warned = None if line == current else Service(tmp_path / last)
        assert broken(names, now, warned) == {}


def test_an_untouched_service_of_the_first_release_passes_all_checks(
    stock: Stock, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    service = stock.service(VERSIONS[0], OLD, tmp_path / "service")
    service.update()
    whole = request.config.getoption("full")
    commands = {
        "ruff": ["check", "."],
        "mypy": [],
        "pytest": ["-q", "-p", "no:cacheprovider", *(() if whole else ["tests/unit"])],
    }

    for tool, options in commands.items():
        done = run([sys.executable, "-m", tool, *options], service.folder)
        assert done.returncode == 0, done.stdout[-8000:]
        if tool == "mypy":
            assert "file_inside is deprecated: file_inside will go: open" in done.stdout
