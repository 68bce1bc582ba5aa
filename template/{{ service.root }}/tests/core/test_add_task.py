"""`make add-task` keeps the task types that there are."""

from __future__ import annotations

import pytest

from dev.add_task import task_types


@pytest.mark.parametrize(
    "answers",
    [
        "python_version: '3.13'\ntask_types: email, order_sync\n",
        "task_types: 'email, order_sync'\nupdated: email\n",
        "task_types: email,\n    order_sync\nupdated: email\n",
    ],
    ids=["plain", "quoted", "over two lines"],
)
def test_they_are_read_from_the_answers(answers: str) -> None:
    assert task_types(answers) == ["email", "order_sync"]
