"""What the stack of production has to know, and which of its processes."""

from __future__ import annotations

from typing import Any

from extensions.stack import Secret
from tests.model.test_service import service


def names(secrets: tuple[Secret, ...]) -> list[str]:
    """Return the names of secrets."""
    return [secret.name for secret in secrets]


def defaults(**answers: Any) -> dict[str, str]:
    """Return what the secrets of a service are that nobody gives."""
    return {secret.name: secret.default for secret in service(**answers).stack.secrets}


def test_each_process_gets_the_secrets_that_it_needs() -> None:
    stack = service(task_types="email, ai", database=True, http_api=True).stack

    assert names(stack.common_secrets) == [
        "CELERY_BROKER_URL",
        "CELERY_RESULT_BACKEND",
        "DATABASE_URL",
    ]
    assert names(stack.worker_secrets) == ["SMTP_PASSWORD", "AI_API_KEY", "PAYMENTS_API_KEY"]
    assert names(stack.api_secrets) == ["HTTP_KEYS"]
    assert names(stack.flower_secrets) == ["FLOWER_BASIC_AUTH"]


def test_a_small_service_has_one_secret() -> None:
    stack = service(task_types="a", external_apis="", result_backend="none", flower=False).stack

    assert names(stack.secrets) == ["CELERY_BROKER_URL"]
    assert stack.secret_files == ("CELERY_BROKER_URL", "redis.acl")
    assert stack.passwords == ("broker",)


def test_redis_knows_the_service_by_its_name() -> None:
    server = "redis://worker-celery-order-sync:$broker@broker:6379"
    assert defaults()["CELERY_BROKER_URL"] == f"{server}/0"
    assert defaults()["CELERY_RESULT_BACKEND"] == f"{server}/1"


def test_results_in_redis_beside_rabbitmq_have_a_server_and_a_password_of_their_own() -> None:
    stack = service(broker="rabbitmq").stack

    assert stack.passwords == ("broker", "redis")
    assert {"rabbitmq.conf", "redis.acl"} < set(stack.secret_files)
    found = defaults(broker="rabbitmq")
    assert found["CELERY_BROKER_URL"] == "amqp://celery:$broker@broker:5672//"
    assert found["CELERY_RESULT_BACKEND"].endswith(":$redis@redis:6379/1")


def test_rows_and_results_share_a_database() -> None:
    found = defaults(result_backend="database", database=True)
    url = "postgresql+psycopg://celery:$database@database:5432/celery"
    assert found["DATABASE_URL"] == url
    assert found["CELERY_RESULT_BACKEND"] == f"db+{url}"


def test_stacks_of_one_repository_share_no_name() -> None:
    described = service(layout="monorepo", broker="rabbitmq", database=True)

    assert described.compose_prefix == "order-sync-"
    assert "@order-sync-broker:" in described.compose_broker_url
    assert "//order-sync-redis:" in described.compose_result_backend_url
    assert "@order-sync-database:" in described.compose_database_url
    secrets = {secret.name: secret.default for secret in described.stack.secrets}
    assert "@order-sync-broker:" in secrets["CELERY_BROKER_URL"]
    assert "@order-sync-redis:" in secrets["CELERY_RESULT_BACKEND"]
    assert "@order-sync-database:" in secrets["DATABASE_URL"]
