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
from tests.harness import hurry_copier, questions, render, run, service_folder
from tests.run.core import Aspect, aspects, core_modules, left_out
from tests.run.test_fresh import CASES
from tests.servers import has_rabbitmq, shared_rabbitmq

hurry_copier()

AT_ONCE = 4
"""Suites wait for processes to start and stop, so a few more than cores are run at once."""

COMBINATIONS = list(matrix.suites())

Answer = matrix.Answer
Answers = dict[str, Answer]
Services = list[tuple[Path, Answers]]
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
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Return the folders and the answers of all services."""
    root = tmp_path_factory.mktemp("suites")
    return [
        (service_folder(render(root / str(answers["service_name"]), answers), answers), answers)
        for answers in COMBINATIONS
    ]


def shares(services: Services, fresh: Services) -> dict[Path, set[str]]:
    """Return which tests of the core a few services run: those that no other one does.

    They are run in fresh environments (test_fresh.py), and with --full everywhere. Together they
    are all there are, with each broker, and those about results with each backend.

    Args:
        services: all of them.
        fresh: those whose tests are run whole in environments of their own.
    """
    there = set[Aspect]().union(*(aspects(*service) for service in fresh))
    candidates = [(folder, aspects(folder, answers)) for folder, answers in services]
    found: dict[Path, set[str]] = {}
    for folder in matrix.few(candidates, there):
        new = dict(candidates)[folder] - there
        found[folder] = {module for module, *_ in new}
        there |= new
    return found


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Return the folders and the answers of the services of test_fresh.py."""
    root = tmp_path_factory.mktemp("fresh")
    return [
        (render(root / f"{number}", case.answers), case.all_answers)
        for number, case in enumerate(CASES)
    ]


@pytest.fixture(scope="module")
def suites(
    services: Services, fresh: Services, pytestconfig: pytest.Config
) -> Iterator[dict[str, Future[Finished]]]:
    """All suites, running side by side."""
    full = pytestconfig.getoption("full")
    chosen = shares(services, fresh)
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
                set(core_modules(folder)) if full else chosen.get(folder, set()),
            )
            for folder, answers in services
        }
        pool.shutdown(cancel_futures=True)


def suite(service: Path, broker_url: str, core: set[str]) -> Finished:
    """Run the tests of a service: those of what it does, and some of the core."""
    options = ["-q", "-p", "no:cacheprovider", "--durations=5", *left_out(service, core)]
    return run([sys.executable, "-m", "pytest", *options], service, TEST_BROKER_URL=broker_url)


@pytest.mark.parametrize("answers", COMBINATIONS, ids=matrix.name)
def test_a_service_passes_its_own_tests(
    answers: Answers, suites: dict[str, Future[Finished]]
) -> None:
    if answers["broker"] == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")

    done = suites[str(answers["service_name"])].result()

    assert done.returncode == 0, done.stdout[-12000:]
    summary = done.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"\d+ passed(, \d+ warnings?)? in .*", summary), summary
