"""`make add-task` and `make add-api` keep what there is."""

from __future__ import annotations

import pytest

from dev.growth import entries

PAYMENTS = "payments=https://pay.example/v1"
GEO = "geo=http://localhost:8080"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("task_types: email, order_sync\nupdated: email\n", ["email", "order_sync"]),
        ("task_types: 'email, order_sync'\n", ["email", "order_sync"]),
        ("task_types: email,\n    order_sync\nupdated: email\n", ["email", "order_sync"]),
        ("task_types: email\n", ["email"]),
    ],
    ids=["plain", "quoted", "over two lines", "one"],
)
def test_task_types_are_read_from_the_answers(answers: str, expected: list[str]) -> None:
    assert entries(f"python_version: '3.13'\n{answers}", "task_types") == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (f"external_apis: {PAYMENTS}, {GEO}\n", [PAYMENTS, GEO]),
        (f"external_apis: {PAYMENTS},\n    {GEO}\nflower: true\n", [PAYMENTS, GEO]),
        ("external_apis: ''\nflower: true\n", []),
        ("flower: true\n", []),
    ],
    ids=["two", "over two lines", "none", "not asked yet"],
)
def test_apis_are_read_from_the_answers(answers: str, expected: list[str]) -> None:
    assert entries(f"broker: redis\n{answers}", "external_apis") == expected
