"""Every combination of the core answers passes its own tests, on real servers, without a skip."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import matrix
from tests.harness import questions, render, run, share_compiled_templates
from tests.servers import has_rabbitmq, shared_rabbitmq

share_compiled_templates()

AT_ONCE = 4
"""Suites wait for processes to start and stop, so a few more than cores are run at once."""

COMBINATIONS = list(matrix.suites())

PROCESSES = [
    "tests/core/test_beat.py",
    "tests/core/test_dev.py",
    "tests/core/test_encryption.py",
    "tests/core/test_flower.py",
    "tests/core/test_growth.py",
    "tests/core/test_logs.py",
    "tests/core/test_make.py",
    "tests/core/test_pools.py",
    "tests/core/test_scripts.py",
    "tests/core/test_updates.py",
]
"""Tests that start processes of their own, a third of a suite's time. They are run wherever a pair
of answers is new, and everywhere with --full."""

PAIRS = matrix.covering()

Finished = subprocess.CompletedProcess[str]


def test_every_pair_of_task_types_and_another_answer_is_run() -> None:
    others = questions().keys() - {"service_name", "task_types"}
    run_pairs = {
        (answers["task_types"], name, answers[name]) for answers in COMBINATIONS for name in others
    }
    wanted = {
        (types, name, value)
        for types in [*matrix.TASK_TYPES.values(), *matrix.ALONE.values()]
        for name in others
        for value in matrix.values(name)
    }

    assert run_pairs == wanted


def test_every_service_has_a_name_of_its_own() -> None:
    assert len({answers["service_name"] for answers in COMBINATIONS}) == len(COMBINATIONS)


@pytest.fixture(scope="module")
def suites(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[dict[str, Future[Finished]]]:
    """All suites, running side by side."""
    full = pytestconfig.getoption("full")
    root = tmp_path_factory.mktemp("suites")
    services = [
        (render(root / str(answers["service_name"]), answers), answers) for answers in COMBINATIONS
    ]
    with ExitStack() as stack:
        environment = {}
        on_rabbitmq = next(
            folder for folder, answers in services if answers["broker"] == "rabbitmq"
        )
        if has_rabbitmq():
            environment["rabbitmq"] = stack.enter_context(shared_rabbitmq(on_rabbitmq))
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        yield {
            str(answers["service_name"]): pool.submit(
                suite,
                folder,
                environment.get(str(answers["broker"]), ""),
                [] if full or is_new_pair(answers) else PROCESSES,
            )
            for folder, answers in services
        }
        pool.shutdown(cancel_futures=True)


def is_new_pair(answers: dict[str, str | bool]) -> bool:
    """Tell whether this is one of the few combinations in which all pairs of answers occur."""
    return any(answers.items() >= pair.items() for pair in PAIRS)


def suite(service: Path, broker_url: str, left_out: list[str]) -> Finished:
    """Run the tests of a service."""
    options = ["-q", "-p", "no:cacheprovider", "--durations=5"]
    options += [f"--ignore={file}" for file in left_out]
    return run([sys.executable, "-m", "pytest", *options], service, TEST_BROKER_URL=broker_url)


@pytest.mark.parametrize("answers", COMBINATIONS, ids=matrix.name)
def test_a_service_passes_its_own_tests(
    answers: dict[str, str | bool], suites: dict[str, Future[Finished]]
) -> None:
    if answers["broker"] == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")

    done = suites[str(answers["service_name"])].result()

    assert done.returncode == 0, done.stdout[-12000:]
    summary = done.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"\d+ passed(, \d+ warnings?)? in .*", summary), summary
