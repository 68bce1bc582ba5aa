"""Where a service is in its repository, and what an update says about that."""

from __future__ import annotations

from typing import Any

import pytest

from extensions import updates
from tests.model.test_service import service

ALONE = {"service_name": "worker-celery-shop", "task_types": "orders", "broker": "redis"}
"""As a release before the question has recorded it."""

SHARED = {**ALONE, "layout": "monorepo", "ci": "gitlab"}

FOLDER = "services/worker-celery-shop"


@pytest.mark.parametrize(
    ("layout", "root", "prefix", "record"),
    [
        ("standalone", ".", "", ".copier-answers.yml"),
        (
            "monorepo",
            "services/worker-celery-shop",
            "worker-celery-shop-",
            ".copier-answers.worker-celery-shop.yml",
        ),
    ],
)
def test_a_layout_decides_where_things_are(
    layout: str, root: str, prefix: str, record: str
) -> None:
    shop = service(service_name="worker-celery-shop", layout=layout)

    assert (shop.root, shop.root_prefix, shop.answers_file) == (root, prefix, record)


def test_one_of_several_is_updated_by_the_name_of_its_record() -> None:
    shop = service(service_name="worker-celery-shop", layout="monorepo")

    assert service().update_command == "copier update --trust"
    assert shop.update_command == f"copier update --trust --answers-file={shop.answers_file}"


def test_the_owners_files_are_where_the_service_is() -> None:
    alone = updates.owners_files(ALONE, bool)
    shared = updates.owners_files(SHARED, bool)

    assert shared == [*(f"{FOLDER}/{file}" for file in alone), *updates.SHARED_AT_ROOT]


def test_what_is_gone_is_told_from_the_root_of_the_repository() -> None:
    answers = {"task_types": "refunds", "ci": "github", "deploy": ""}
    lost = updates.lost_files({**SHARED, "deploy": "systemd"}, answers, bool)

    assert lost["ci"] == [".gitlab/ci/worker-celery-shop.yml"]
    assert lost["deploy"] == [f"{FOLDER}/deploy/systemd"]
    assert f"{FOLDER}/app/tasks/orders.py" in lost["task_types"]


def test_an_older_service_loses_nothing_by_the_new_questions() -> None:
    new = {"deploy": "kubernetes", "ci": "github", "layout": "standalone"}

    assert updates.lost_files(ALONE, new, bool) == {}
    assert updates.move(ALONE, new, ALONE) == {}


@pytest.mark.parametrize(
    ("recorded", "answers", "at_root", "question"),
    [
        (SHARED, {"layout": "standalone"}, {}, "layout"),
        (SHARED, {"service_name": "worker-celery-store"}, {}, "service_name"),
        (ALONE, {"layout": "monorepo"}, ALONE, "layout"),
        ({}, SHARED, ALONE, "layout"),
    ],
)
def test_a_service_that_would_move_is_named(
    recorded: dict[str, Any], answers: dict[str, Any], at_root: dict[str, Any], question: str
) -> None:
    [(refused, text)] = updates.move(recorded, answers, at_root).items()

    assert refused == question
    assert updates.WAY_OUT in text


@pytest.mark.parametrize(
    ("recorded", "answers", "at_root"),
    [
        ({}, SHARED, {}),
        ({}, SHARED, {"service_name": "somebody-else"}),
        (SHARED, {"task_types": "refunds"}, {}),
        (ALONE, {"service_name": "worker-celery-store"}, ALONE),
    ],
)
def test_a_service_that_stays_is_not(
    recorded: dict[str, Any], answers: dict[str, Any], at_root: dict[str, Any]
) -> None:
    assert updates.move(recorded, answers, at_root) == {}


def test_what_to_include_is_told_where_it_is_missing() -> None:
    files = {"compose.yaml": "include: []\n", ".gitlab-ci.yml": "include:\n- local: own.yml\n"}

    text = updates.to_include(SHARED, files)

    assert f"- path: [{FOLDER}/compose.yaml, {FOLDER}/compose.override.yaml]" in text
    assert "- local: .gitlab/ci/*.yml" in text


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"compose.yaml": f"include:\n  - path: {FOLDER}/compose.yaml\n"},
        {".gitlab-ci.yml": "include:\n  - local: .gitlab/ci/*.yml\n"},
    ],
)
def test_nothing_is_told_where_nothing_is_missing(files: dict[str, str]) -> None:
    assert updates.to_include(SHARED, files) == ""
