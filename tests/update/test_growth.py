"""A service grows by an update: the same as if it had been made that way."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from copier import VcsRef

from extensions.model import CATALOGUE_LIMITS
from extensions.updates import DATABASE_FILES
from tests.harness import render
from tests.update.services import Factory, Service, theirs

TYPES = (*CATALOGUE_LIMITS, "orders")

FULL: dict[str, str | bool] = {
    "task_types": ", ".join(TYPES),
    "external_apis": "payments=https://payments.example",
    "beat": True,
    "flower": True,
    "result_backend": "database",
    "database": True,
    "http_api": True,
    "deploy": "kubernetes, systemd",
    "ci": "github",
}

SCHEDULE = "app/schedule.py"
EXAMPLE = ".env.example"
ADDED = DATABASE_FILES["ai"]
GUARDED_MAIL = ("app/services/email.py", "app/schemas/email.py", "tests/unit/test_email.py")


def without(name: str) -> dict[str, str | bool]:
    """Return the answer for all task types but one."""
    return {"task_types": ", ".join(each for each in TYPES if each != name)}


SMALLER: list[dict[str, str | bool]] = [
    *map(without, TYPES),
    {"external_apis": ""},
    {"beat": False},
    {"flower": False},
    {"result_backend": "none"},
    {"database": False},
    {"http_api": False},
    {"deploy": ""},
    {"ci": "none"},
    {"broker": "rabbitmq"},
    {"broker": "rabbitmq", "result_backend": "none"},
]


@pytest.mark.parametrize("smaller", SMALLER, ids=str)
def test_adding_an_answer_later_equals_having_it_from_the_start(
    smaller: dict[str, str | bool], generate: Factory
) -> None:
    grown = generate(FULL | smaller)
    wanted = {name: FULL.get(name, "redis") for name in smaller}

    grown.update(to=VcsRef.CURRENT, **wanted)

    after, expected = grown.files(), full_service()
    different = {
        file for file in after.keys() | expected.keys() if after.get(file) != expected.get(file)
    }
    assert {file for file in different if not is_of_the_first_day(file, smaller)} == set()


def test_a_variable_of_the_owners_and_those_of_a_new_api_do_not_touch(generate: Factory) -> None:
    service = generate()
    place = "# Your own settings come here.\n"
    assert place in service.read(EXAMPLE)
    service.write(EXAMPLE, service.read(EXAMPLE).replace(place, f"{place}SHOP_CURRENCY=EUR\n"))
    service.commit()

    service.update(to=VcsRef.CURRENT, external_apis="payments=https://payments.example")

    assert service.conflicts() == []
    assert f"{place}SHOP_CURRENCY=EUR\n" in service.read(EXAMPLE)
    assert "PAYMENTS_API_URL=" in service.read(EXAMPLE)


@cache
def full_service() -> dict[str, str]:
    """Return the files of a service that has everything from the start."""
    with TemporaryDirectory() as folder:
        answers = {"service_name": "worker-celery-shop", **FULL}
        return Service(render(Path(folder), answers)).files()


def is_of_the_first_day(file: str, smaller: dict[str, str | bool]) -> bool:
    """Tell whether a file of the owners is written for the answers that they began with.

    docs/grow.md names them: the schedule has an entry for the examples that were there, mail is
    guarded if there was a place to note it, examples use a database if there was one, and tests
    look for a task's outcome where the result backend of that day shows it.
    """
    if "database" in smaller:
        return bool(theirs([file])) and file not in ADDED
    if "result_backend" in smaller:
        guarded = "broker" in smaller and file in GUARDED_MAIL
        return guarded or file.startswith(("tests/integration/", "tests/workflows/"))
    return file == SCHEDULE
