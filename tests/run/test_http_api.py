"""The HTTP API does what its OpenAPI page says, whatever it gets. The page itself sends tasks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page

from pictures.browser import browser
from tests.harness import ROOT, Answers, clean_environment, driving, render, run
from tests.servers import has_chromium, has_rabbitmq

DRIVER = ROOT / "tests/run/drive.py"

ANSWERS: Answers = {
    "service_name": "worker-celery-shop",
    "task_types": "reports, export, maintenance, orders",
    "http_api": True,
}

SERVICES: dict[str, Answers] = {
    "redis": {"broker": "redis"},
    "rabbitmq": {"broker": "rabbitmq", "result_backend": "database"},
    "no results": {"broker": "redis", "result_backend": "none"},
}

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

EXAMPLES = {False: 10, True: 100}
"""How many requests each operation gets of each kind, in every run and at full length."""

SEED = 20261122


class Api(NamedTuple):
    """An HTTP API that runs, and a key for it."""

    address: str
    key: str


@contextmanager
def running(service: Path) -> Iterator[Api]:
    """Run a service with a worker and its HTTP API."""
    with driving([str(DRIVER)], service, clean_environment()) as line:
        yield Api(**json.loads(line))


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of one of the services."""
    answers = SERVICES[request.param]
    if answers["broker"] == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    service = tmp_path_factory.mktemp("api") / "service"
    with running(render(service, {**ANSWERS, **answers})) as api:
        yield api


@pytest.mark.parametrize("api", SERVICES, indirect=True)
def test_every_answer_is_as_the_page_says(
    api: Api, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    done = run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{api.address}/openapi.json",
            f"--header=Authorization: Bearer {api.key}",
            f"--checks={','.join(CHECKS)}",
            f"--max-examples={EXAMPLES[pytestconfig.getoption('full')]}",
            f"--seed={SEED}",
            "--generation-database=none",
        ],
        tmp_path,
    )

    assert done.returncode == 0, done.stdout[-12000:]


@pytest.mark.parametrize("api", ["redis"], indirect=True)
def test_a_task_is_sent_from_the_page(api: Api) -> None:
    if not has_chromium():
        pytest.skip("Chromium is not installed; CI treats this as a failure")

    with browser() as chromium:
        page = chromium.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{api.address}/docs")
        let_in(page, api.key)

        sent = execute(page, "/tasks/shop.orders.run", body='{"job": {"items": ["one", "two"]}}')
        assert sent["task"] == "shop.orders.run"
        told = execute(page, "/tasks/{task_id}", task_id=sent["id"])
        assert told["id"] == sent["id"]

    assert all(url.startswith((api.address, "data:")) for url in asked), asked


def let_in(page: Page, key: str) -> None:
    """Give the page a key."""
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    dialog.locator("input").fill(key)
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").click()


def execute(page: Page, path: str, body: str = "", **parameters: str) -> dict[str, str]:
    """Fill in the form of an operation, send it, and return the answer."""
    operation = page.locator(".opblock", has=page.locator(f'[data-path="{path}"]')).first
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    if body:
        operation.locator("textarea.body-param__text").fill(body)
    for name, value in parameters.items():
        operation.locator(f'tr[data-param-name="{name}"] input').fill(value)
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .highlight-code code").first
    answer.wait_for()
    found: dict[str, str] = json.loads(answer.inner_text())
    return found
