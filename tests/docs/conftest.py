"""Services for the tests of the pages, rendered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Answers, hurry_copier, render

hurry_copier()


@pytest.fixture(scope="session")
def default_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with the default answers."""
    return render(tmp_path_factory.mktemp("default") / "worker-celery-example", {})


RECIPE: Answers = {
    "task_types": "email, reports, etl, ml, ai, export",
    "external_apis": "payments=https://api.payments.example/v1",
}


@pytest.fixture(scope="session")
def recipe_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with the task types of the recipe, and everything that it has beside the worker."""
    answers = {**RECIPE, "deploy": "systemd"}
    return render(tmp_path_factory.mktemp("recipe") / "worker-celery-example", answers)


@pytest.fixture(scope="session")
def full_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with everything that there is."""
    answers = {**RECIPE, "database": True, "http_api": True}
    return render(tmp_path_factory.mktemp("full") / "worker-celery-example", answers)
