"""The pipelines follow from the answers."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.pipeline import Pipeline
from tests.model.test_service import service


def pipeline(**answers: Any) -> Pipeline:
    """Return the pipeline of the default answers, with some changed."""
    return service(**answers).pipeline


def images(**answers: Any) -> dict[str, str]:
    """Return the servers that the tests meet, with their images."""
    return {server.name: server.image for server in pipeline(**answers).servers}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, {"broker": "redis:8-alpine"}),
        ({"result_backend": "none"}, {"broker": "redis:8-alpine"}),
        (
            {"broker": "rabbitmq", "result_backend": "redis"},
            {"broker": "rabbitmq:4-management", "redis": "redis:8-alpine"},
        ),
        (
            {"broker": "rabbitmq", "result_backend": "none"},
            {"broker": "rabbitmq:4-management"},
        ),
        (
            {"result_backend": "database", "database": True},
            {"broker": "redis:8-alpine", "database": "postgres:18-alpine"},
        ),
        (
            {"result_backend": "database"},
            {"broker": "redis:8-alpine", "database": "postgres:18-alpine"},
        ),
    ],
)
def test_the_tests_meet_each_server_of_the_service_once(
    answers: dict[str, Any], expected: dict[str, str]
) -> None:
    assert images(**answers) == expected


def test_the_tests_run_on_the_python_of_the_image_and_on_the_oldest() -> None:
    assert pipeline(python_version="3.13").pythons == ("3.11", "3.13")
    assert pipeline(python_version="3.11").pythons == ("3.11",)


def test_a_configuration_that_services_share_fits_all_of_them() -> None:
    one = pipeline(service_name="worker-celery-shop", layout="monorepo")
    other = pipeline(service_name="worker-celery-mail", layout="monorepo")

    assert one.our_files == other.our_files
    assert one.project_files == other.project_files == ("services/worker-celery-*/pyproject.toml",)
    assert pipeline().project_files == ("pyproject.toml",)
