"""A service grows by an update: the same as if it had been made that way."""

from __future__ import annotations

import pytest
from copier import VcsRef

from tests.update.conftest import Factory

FULL: dict[str, str | bool] = {
    "task_types": "email, reports, orders",
    "external_apis": "payments=https://payments.example",
    "beat": True,
    "flower": True,
    "result_backend": "database",
}

SMALLER: list[dict[str, str | bool]] = [
    {"task_types": "email, orders"},
    {"task_types": "reports, email"},
    {"external_apis": ""},
    {"beat": False},
    {"flower": False},
    {"result_backend": "none"},
    {"broker": "rabbitmq"},
]


@pytest.mark.parametrize("smaller", SMALLER, ids=str)
def test_adding_an_answer_later_equals_having_it_from_the_start(
    smaller: dict[str, str | bool], generate: Factory
) -> None:
    grown = generate(FULL | smaller)
    wanted = {name: FULL.get(name, "redis") for name in smaller}
    fresh = generate(FULL | wanted)

    grown.update(to=VcsRef.CURRENT, **wanted)

    after, expected = grown.files(), fresh.files()
    different = {
        file for file in after.keys() | expected.keys() if after.get(file) != expected.get(file)
    }
    assert {file for file in different if not is_of_the_first_day(file)} == set()


def is_of_the_first_day(file: str) -> bool:
    """Tell whether a file of the owners is written for the answers that they began with.

    The schedule has an entry for the examples that were there, and the tests look for a task's
    outcome where the result backend of that day shows it.
    """
    return file == "app/schedule.py" or file.startswith("tests/integration/")
