"""The model says what the manifests for Kubernetes need to know."""

from __future__ import annotations

from itertools import product

import pytest

from extensions.kubernetes import Worker
from extensions.model import CATALOGUE_LIMITS, Service
from tests import matrix
from tests.model.test_service import ANSWERS

HPA_LONGEST = 3600
"""The longest time, in seconds, for which Kubernetes lets an autoscaler wait."""


def service(**answers: str | bool) -> Service:
    """Return a service that is deployed to Kubernetes."""
    shipped = {"deploy": "kubernetes", "ci": "none", "layout": "standalone"}
    return Service.from_answers(ANSWERS | shipped | answers)


def worker(**answers: str) -> Worker:
    """Return the worker of the first queue."""
    return service(**answers).manifests.workers[0]


def test_each_queue_has_a_worker() -> None:
    described = service(task_types="email, orders_2")

    assert tuple(each.queue for each in described.manifests.workers) == described.queues


def test_names_follow_from_service_and_queue() -> None:
    names = [each.name for each in service(task_types="email, orders_2").manifests.workers]

    assert names == [
        "worker-celery-order-sync-queue-email",
        "worker-celery-order-sync-queue-email--urgent",
        "worker-celery-order-sync-queue-orders-2",
    ]


def test_no_two_queues_share_a_name() -> None:
    types = "email, email_urgent, queue_email, beat, api, relay, migrate, a, a_b, b"

    names = [each.name for each in service(task_types=types).manifests.workers]

    assert len(set(names)) == len(names) == 11


def test_a_task_type_may_be_called_like_another_part_of_the_service() -> None:
    assert worker(task_types="beat").name == "worker-celery-order-sync-queue-beat"


@pytest.mark.parametrize(
    ("name", "task_type"),
    list(product(matrix.NAMES.values(), ["a", "email", "abcdefghijklmnopqrst"])),
)
def test_the_longest_names_are_names_of_kubernetes(name: str, task_type: str) -> None:
    for each in service(service_name=name, task_types=task_type).manifests.workers:
        assert len(each.name) <= 63


def test_tasks_that_compute_ask_for_more_cpu() -> None:
    assert worker(task_types="email").cpu == "100m"
    assert worker(task_types="orders").cpu == "500m"
    assert worker(task_types="ml").cpu == "2000m"


def test_memory_follows_from_the_number_of_processes() -> None:
    assert worker().processes == worker().cpu_limit == 2
    assert worker().memory == "320Mi"
    assert worker().memory_limit == "1024Mi"


@pytest.mark.parametrize(
    ("task_type", "messages"), [("email", 20), ("orders", 4), ("reports", 2), ("ml", 2)]
)
def test_a_pod_is_there_for_as_many_messages_as_it_does_in_time(
    task_type: str, messages: int
) -> None:
    assert worker(task_types=task_type).messages == messages


def test_an_autoscaler_waits_for_the_longest_task_of_the_queue() -> None:
    assert worker(task_types="email").window == 300
    assert worker(task_types="ml").window == 1500
    assert max(hard for _, hard in CATALOGUE_LIMITS.values()) <= HPA_LONGEST


def ports(**answers: str | bool) -> list[int]:
    """Return where a service may connect to."""
    return [port.number for port in service(**answers).manifests.ports]


def test_pods_may_connect_to_what_the_service_uses() -> None:
    plain = {"task_types": "orders", "external_apis": ""}

    assert ports(**plain) == [443, 4318, 6379]
    rabbitmq = {**plain, "broker": "rabbitmq", "result_backend": "none"}
    assert ports(**rabbitmq, flower=False) == [443, 4318, 5671, 5672]
    assert ports(**rabbitmq, flower=True) == [443, 4318, 5671, 5672, 15671, 15672]
    assert ports(**plain, database=True) == [443, 4318, 5432, 6379]
    assert ports(**plain | {"task_types": "email"}) == [443, 465, 587, 4318, 6379]


def test_pods_may_connect_to_the_ports_of_the_apis() -> None:
    apis = "one=http://one.example, two=https://two.example, three=HTTPS://three.example:8443/v1"

    assert ports(task_types="orders", external_apis=apis) == [80, 443, 4318, 6379, 8443]


def test_a_port_that_several_things_share_is_there_once() -> None:
    found = service(task_types="orders", external_apis="broker=http://b.example:6379").manifests

    assert [port.reason for port in found.ports if port.number == 6379] == ["Redis"]


def test_what_logs_in_somewhere_is_a_secret() -> None:
    described = service(database=True, http_api=True)

    assert set(described.manifests.secrets) >= {
        "CELERY_BROKER_URL",
        "CELERY_RESULT_BACKEND",
        "DATABASE_URL",
        "FLOWER_BASIC_AUTH",
        "HTTP_KEYS",
        "PAYMENTS_API_KEY",
        "SMTP_PASSWORD",
        "SMTP_USERNAME",
    }
    assert "FLOWER_BROKER_API" not in described.manifests.secrets
    assert "FLOWER_BROKER_API" in service(broker="rabbitmq").manifests.secrets
    known = {each.name for group in described.variable_groups for each in group.variables}
    assert set(described.manifests.secrets) <= known


def test_the_api_is_killed_after_its_pause_and_its_requests() -> None:
    manifests = service(http_api=True).manifests

    assert manifests.api_grace == manifests.pre_stop + 20
