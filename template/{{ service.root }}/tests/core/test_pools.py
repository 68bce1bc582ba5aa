"""The pools of a worker: what is refused because they cannot do it. `make guarantees` runs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from celery.signals import worker_init
from pydantic import ValidationError

from app import celeryconfig
from app.config import Config
from dev.processes import START_TIMEOUT
from tests.conftest import Worker, probe
from tests.core.probes import QUEUE, meet

AT_ONCE = 20
"""How many tasks a worker runs at a time."""

OTHERS = 2
"""How many the other worker of the tests may run meanwhile."""

THREADS: dict[str, Any] = {"worker_pool": "threads", "worker_ignore_limits": "all"}


def refused(**settings: Any) -> str:
    """Return why the settings are refused."""
    with pytest.raises(ValidationError) as error:
        Config(**settings)
    return str(error.value)


def is_ready(worker: Worker) -> bool:
    """Tell whether the probe says that a worker takes messages."""
    return probe("worker", "ready", "60", WORKER_NAME=worker.short_name).returncode == 0


def test_a_pool_runs_many_tasks_at_once_in_one_process(tmp_path: Path) -> None:
    variables = {
        "WORKER_CONCURRENCY": str(AT_ONCE),
        "WORKER_IGNORE_LIMITS": "all",
        "WORKER_NAME": f"threads-{os.getpid()}",
        "WORKER_POOL": "threads",
        "WORKER_QUEUES": QUEUE,
    }
    (tmp_path / "here").mkdir()

    with Worker(tmp_path / "log", "--include", "tests.core.probes", **variables) as crowded:
        crowded.wait_for_output(" ready.")
        crowded.wait_until(lambda: is_ready(crowded), "sign of life")
        for number in range(AT_ONCE + OTHERS):
            meet.delay(str(tmp_path / "here"), str(number), AT_ONCE)
        crowded.wait_until(
            lambda: len(crowded.lines(meet.name, "succeeded")) >= AT_ONCE - OTHERS,
            "tasks that have met",
        )

        assert crowded.stop(START_TIMEOUT) == 0


@pytest.mark.parametrize(
    ("pool", "needed", "reason"),
    [
        ("threads", "all", "no time limits"),
        ("gevent", "soft", "no soft time limits"),
    ],
)
def test_a_pool_that_cannot_keep_limits_is_refused_until_that_is_meant(
    pool: str, needed: str, reason: str
) -> None:
    message = refused(worker_pool=pool)

    assert f"WORKER_POOL={pool} keeps {reason}" in message
    assert f"If this is meant, set WORKER_IGNORE_LIMITS={needed}" in message
    assert Config(worker_pool=pool, worker_ignore_limits=needed)


def test_a_worker_has_no_more_greenlets_than_it_can_wait_for() -> None:
    message = refused(worker_pool="gevent", worker_ignore_limits="soft", worker_concurrency=301)

    assert "WORKER_CONCURRENCY=301 is above 300" in message


def test_limits_that_the_pool_keeps_cannot_be_ignored() -> None:
    assert "WORKER_POOL=prefork keeps all time limits" in refused(worker_ignore_limits="all")


def test_processes_are_replaced_only_where_there_are_some() -> None:
    message = refused(**THREADS, worker_max_tasks_per_child=10, worker_max_memory_per_child=10)

    assert "WORKER_MAX_TASKS_PER_CHILD replaces processes, WORKER_POOL=threads has none" in message
    assert "WORKER_MAX_MEMORY_PER_CHILD replaces processes" in message


def test_only_processes_can_become_more_and_fewer() -> None:
    assert "WORKER_AUTOSCALE does not work with" in refused(**THREADS, worker_autoscale="10,2")


def test_another_pool_of_the_command_line_is_refused() -> None:
    class Started:
        pool_cls = "threads"

    with pytest.raises(SystemExit, match="WORKER_POOL=prefork, but the command line asks for"):
        worker_init.send(sender=Started())


def test_there_are_connections_for_all_tasks_of_a_process() -> None:
    many = Config(**THREADS, worker_concurrency=50)

    assert celeryconfig.settings(many)["broker_pool_limit"] == 50
