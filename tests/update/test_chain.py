"""A service that its owners have worked on goes through all releases.

None of their edits is in a file that a release has moved: up to 0.4.0, updates lost such an edit,
and no later release can bring it back.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.harness import Answers, run
from tests.servers import has_rabbitmq
from tests.update.edits import EDITS, work_on
from tests.update.releases import NOW, PARENT, Stock, releases
from tests.update.services import Service, different, theirs

FIRST, *LATER = [version for version in releases() if version != PARENT] + [NOW]

NOT_YET = {
    "removed schedule entry",
    "own queue",
    "alias of a task",
    "own Celery setting",
    "line at the end of .env.example",
}
"""The edits that need what the first release does not have."""

SHAPES: dict[str, Answers] = {
    "redis": {
        "task_types": "orders, refunds, email, reports, etl",
        "external_apis": "payments=https://payments.example",
    },
    "rabbitmq": {
        "task_types": "orders, refunds, email, reports, etl",
        "external_apis": "payments=https://payments.example",
        "broker": "rabbitmq",
        "result_backend": "database",
    },
}

FLAWED = (
    "tests/core/test_environment.py::test_the_example_names_only_variables_that_the_service_reads"
)
"""A test of the releases up to 0.4.0. It fails where an example is deleted, as our owners do."""

UNCHANGED = "--ignore=tests/core"
"""Tests that the service has in common with a new one: tests/run runs them."""

AT_ONCE = 2
"""How many states of the service are tested while the next ones are made."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take one broker, and with --full both."""
    metafunc.parametrize("broker", SHAPES if metafunc.config.getoption("full") else ["redis"])


def test_one_by_one_and_in_one_leap_come_to_the_same_and_lose_nothing(
    broker: str, stock: Stock, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if broker == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    service = stock.service(FIRST, SHAPES[broker], tmp_path / "service")
    traces = work_on(service)
    assert {edit.name for edit in EDITS} - {trace.name for trace in traces} == NOT_YET
    written = service.states()
    leap = Service(shutil.copytree(service.folder, tmp_path / "leap"))
    fresh = stock.fresh(SHAPES[broker])
    ours = fresh.keys() - theirs(fresh)

    suites: dict[str, Future[CompletedProcess[str]]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for version in LATER:
            update(service, version)
            if version == NOW or request.config.getoption("full"):
                state = shutil.copytree(service.folder, tmp_path / version)
                left_out = f"--deselect={FLAWED}" if version != NOW else UNCHANGED
                suites[version] = pool.submit(suite, state, left_out)
        update(leap, NOW)

    end = service.states()
    assert [loss for trace in traces for loss in trace.losses(written, end, ours)] == []
    assert different(end, leap.states()) == []
    for version, done in suites.items():
        assert done.result().returncode == 0, f"{version}:\n{done.result().stdout[-8000:]}"


def update(service: Service, version: str) -> None:
    """Take in a release, and commit it."""
    service.update(to=version)
    assert service.conflicts() == [], version
    service.commit()


def suite(folder: Path, left_out: str) -> CompletedProcess[str]:
    """Check the style and the types of a service, and run its tests but for some."""
    for check in (["ruff", "check", "."], ["mypy"]):
        done = run([sys.executable, "-m", *check], folder)
        if done.returncode:
            return done
    options = ["-q", "-p", "no:cacheprovider", left_out]
    return run([sys.executable, "-m", "pytest", *options], folder, ENV_FILE="")
