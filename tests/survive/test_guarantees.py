"""A service keeps its promises on each broker, whatever breaks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.harness import render, run
from tests.servers import has_rabbitmq

SERVICES: dict[str, dict[str, str | bool]] = {
    "redis": {"service_name": "worker-celery-survivor", "database": True, "http_api": True},
    "rabbitmq": {
        "service_name": "worker-celery-survivor",
        "broker": "rabbitmq",
        "result_backend": "database",
        "database": True,
        "http_api": True,
    },
}

SHORT = {
    "GUARANTEES_TASKS": "400",
    "GUARANTEES_KILLS": "2",
    "GUARANTEES_MESSAGES": "200",
    "GUARANTEES_COUNTED": "400",
    "GUARANTEES_REQUESTS": "300",
    "GUARANTEES_WRITES": "100",
    "GUARANTEES_RELAY_KILLS": "3",
}
"""What every run is content with. The full length has the defaults of the service."""

POOLS = {"redis": "gevent", "rabbitmq": "threads"}
"""So is it with one pool for each broker, beside that of processes."""

AT_ONCE = 1
"""One after the other: each keeps two cores busy, and some promises are about time."""

Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[dict[str, Future[Finished]]]:
    """`make guarantees` in each service."""
    root = tmp_path_factory.mktemp("survive")
    full = pytestconfig.getoption("full")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(
                run,
                ["make", "guarantees", f"PYTHON={sys.executable}"],
                render(root / name, answers),
                **({} if full else SHORT | {"GUARANTEES_POOLS": POOLS[name]}),
            )
            for name, answers in SERVICES.items()
            if name != "rabbitmq" or has_rabbitmq()
        }


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_its_promises(name: str, runs: dict[str, Future[Finished]]) -> None:
    if name not in runs:
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")

    done = runs[name].result()

    assert done.returncode == 0, failed_parts(done.stdout)
    summaries = re.findall(r"^=+ (.* in \S+s.*) =+$", done.stdout, re.MULTILINE)
    assert summaries
    for summary in summaries:
        assert re.fullmatch(r"\d+ passed in .*", summary), summary


def failed_parts(output: str) -> str:
    """Return what the lanes have printed of which a test has failed: of each its end."""
    lanes = re.split(r"^=+ test session starts =+$", output, flags=re.MULTILINE)
    failed = [lane[-8000:] for lane in lanes if not re.search(r"^=+ \d+ passed in ", lane, re.M)]
    return "\n".join([*failed, output[-2000:]])
