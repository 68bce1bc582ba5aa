"""Fixtures for the guarantees. Each test has numbered tasks and workers of its own."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.core.conftest import service_copy  # noqa: F401 (a fixture)
from tests.guarantees import broker
from tests.guarantees.harness import Batch, Workers, wait_until
from tests.guarantees.sizes import SEED

if os.environ.get("TEST_BROKER_URL"):
    pytest.exit("The guarantees stop and kill the broker: unset TEST_BROKER_URL.", returncode=1)

REPORTS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what tests have to say."""
    config.stash[REPORTS] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what tests have to say, and how to repeat this run."""
    for line in config.stash[REPORTS]:
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"The same again: GUARANTEES_SEED={SEED}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the seed and the workers' logs beside a test that fails."""
    report = yield
    if report.failed:
        report.sections.append(("seed", f"GUARANTEES_SEED={SEED}"))
        if workers := getattr(item, "funcargs", {}).get("workers"):
            report.sections.append(("logs of the workers", workers.output()))
    return report


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """What all that happens by chance in a test is made from. The seed repeats it."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """Numbered tasks."""
    return Batch(tmp_path)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """Starts workers, and ends them. The broker is empty at first."""
    broker.empty()
    workers = Workers(tmp_path)
    yield workers
    workers.kill_all()


@pytest.fixture
def none_lost(
    batch: Batch, workers: Workers, request: pytest.FixtureRequest
) -> Callable[[float], None]:
    """Waits some seconds for the tasks, and sees that each is done and that nothing is left."""

    def check(timeout: float) -> None:
        batch.wait_until_done(timeout)
        # A task that runs a second time is under way, perhaps.
        wait_until(lambda: not broker.waiting(), "empty queues", 60.0)
        workers.stop_all()
        assert broker.left_over() == {}
        request.config.stash[REPORTS].append(
            f"{request.node.name}: {batch.published} published, {len(batch.done())} done, "
            f"{batch.duplicates()} run twice"
        )

    return check
