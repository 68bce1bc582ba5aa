"""The model says what the answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.model import CATALOGUE_LIMITS, RABBITMQ_DEFAULT_TIMEOUT, STOP_MARGIN, Service

ANSWERS: dict[str, Any] = {
    "service_name": "worker-celery-order-sync",
    "description": "Keeps orders in step",
    "task_types": "email, orders_2, etl",
    "broker": "redis",
    "result_backend": "redis",
    "database": False,
    "beat": True,
    "flower": True,
    "http_api": False,
    "deploy": "",
    "ci": "github",
    "layout": "standalone",
    "external_apis": "payments=https://api.payments.example/v1/",
    "python_version": "3.13",
}


def service(**answers: Any) -> Service:
    """Return the service of the default answers, with some changed."""
    return Service.from_answers(ANSWERS | answers)


def packages(*groups: tuple[str, ...]) -> set[str]:
    """Return the names of the packages in groups of requirements."""
    return {entry.partition(">")[0].partition("[")[0] for group in groups for entry in group}


def test_names_follow_from_purpose_and_type() -> None:
    custom = service().task_type("orders_2")

    assert custom.queue == "order-sync.orders_2"
    assert custom.class_name == "Orders2"
    assert custom.title == "Orders 2"


def test_email_has_a_second_queue_for_what_is_urgent() -> None:
    described = service(task_types="email, orders_2")

    assert described.urgent_types == ("email",)
    assert described.task_type("email").urgent_queue == "order-sync.email.urgent"


def test_the_queues_are_those_of_the_types_each_with_its_urgent_one() -> None:
    assert service(task_types="email, orders_2").queues == (
        "order-sync.email",
        "order-sync.email.urgent",
        "order-sync.orders_2",
    )


def test_alerts_wait_for_longer_than_any_task_may_take() -> None:
    long, short = service(task_types="ml"), service(task_types="orders_2")

    assert (long.late_after, long.stuck_after) == (1500, 30)
    assert (short.late_after, short.stuck_after) == (600, 6)


def test_only_types_without_a_worked_example_start_from_the_skeleton() -> None:
    assert [each.name for each in service().custom_types] == ["orders_2"]


def test_an_api_names_its_variables() -> None:
    api = service().apis[0]

    assert (api.url, api.env_prefix) == ("https://api.payments.example/v1", "PAYMENTS_API")


def test_the_longest_task_decides_what_everything_else_waits_for() -> None:
    assert service().longest_task == 1200
    assert service(task_types="email").longest_task == 60


@pytest.mark.parametrize(
    ("broker", "result_backend", "store"),
    [
        ("redis", "none", "redis"),
        ("redis", "database", "redis"),
        ("rabbitmq", "redis", "redis"),
        ("rabbitmq", "database", "database"),
        ("rabbitmq", "none", "none"),
    ],
)
def test_effects_are_noted_in_a_server_that_is_there_anyway(
    broker: str, result_backend: str, store: str
) -> None:
    assert service(broker=broker, result_backend=result_backend).store == store


def test_a_database_of_the_tasks_is_such_a_server_too() -> None:
    assert service(broker="rabbitmq", result_backend="none", database=True).store == "database"
    assert service(database=True).store == "redis"


def test_results_and_rows_share_a_server_where_both_are_in_postgresql() -> None:
    assert service(result_backend="database", database=True).servers == ("broker", "database")
    assert service(broker="rabbitmq", database=True).servers == ("broker", "results", "database")
    assert service(result_backend="none").servers == ("broker",)


def test_a_container_outlives_the_soft_shutdown() -> None:
    assert service().stop_grace == service().soft_shutdown + STOP_MARGIN


@pytest.mark.parametrize(
    ("answers", "needed", "not_needed"),
    [
        ({}, ["redis", "hiredis", "celery-redbeat", "httpx2"], ["sqlalchemy", "psycopg"]),
        (
            {"broker": "rabbitmq", "result_backend": "database"},
            ["sqlalchemy", "psycopg"],
            ["redis", "hiredis", "celery-redbeat"],
        ),
        ({"external_apis": ""}, ["celery"], ["httpx2", "stamina", "pybreaker"]),
        ({"beat": False}, ["celery"], ["celery-redbeat"]),
        ({"database": True}, ["alembic", "psycopg", "sqlalchemy"], []),
        ({"task_types": "orders"}, ["celery"], ["email-validator", "fsspec", "scikit-learn"]),
        ({"task_types": "ml"}, ["scikit-learn", "threadpoolctl", "fsspec"], ["pyarrow"]),
    ],
    ids=str,
)
def test_only_what_the_answers_need_is_installed(
    answers: dict[str, Any], needed: list[str], not_needed: list[str]
) -> None:
    installed = packages(service(**answers).dependencies)

    assert installed.issuperset(needed)
    assert installed.isdisjoint(not_needed)


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
@pytest.mark.parametrize("result_backend", ["redis", "database", "none"])
def test_beat_shares_its_lock_wherever_there_is_redis(broker: str, result_backend: str) -> None:
    made = service(broker=broker, result_backend=result_backend)

    assert made.uses_redbeat == ("redis" in (broker, result_backend))


def test_broker_and_results_do_not_share_a_redis_database() -> None:
    assert service().broker_url != service().result_backend_url


def test_no_worked_example_outlasts_the_patience_of_a_fresh_rabbitmq() -> None:
    longest = max(hard for _, hard in CATALOGUE_LIMITS.values())

    assert longest < RABBITMQ_DEFAULT_TIMEOUT


def test_no_group_of_variables_is_empty() -> None:
    groups = service(task_types="ml").variable_groups

    assert all(group.variables for group in groups)
    assert "Machine learning" in {group.title for group in groups}


def test_no_variable_is_listed_twice() -> None:
    names = [each.name for group in service().variable_groups for each in group.variables]

    assert len(names) == len(set(names))


def test_equal_answers_make_equal_services() -> None:
    assert service() == service()
    assert service() != service(beat=False)


def test_the_example_that_is_shown_runs_by_itself_where_one_does() -> None:
    shown = {
        types: service(task_types=types).example_type.name
        for types in ("email, orders", "email, ml", "email, etl")
    }

    assert shown == {"email, orders": "orders", "email, ml": "ml", "email, etl": "email"}


def test_the_daily_report_is_mailed_where_both_examples_are() -> None:
    mailed = {
        types: service(task_types=types).mails_reports
        for types in ("email", "reports", "email, reports", "email, reports, reports_mail")
    }

    assert [types for types, mails in mailed.items() if mails] == ["email, reports"]
