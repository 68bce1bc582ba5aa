"""Flower in a real browser: it shows workers and tasks to who has the password, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from pictures.browser import browser
from pictures.flower import ANSWERS, running, visit
from tests.harness import render
from tests.servers import has_chromium, has_rabbitmq

POST = "path => fetch(path, {method: 'POST'}).then(answer => answer.status)"


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_flower_shows_a_worker_and_a_task_that_has_ended(broker: str, tmp_path: Path) -> None:
    if not has_chromium() or (broker == "rabbitmq" and not has_rabbitmq()):
        pytest.skip("Chromium or RabbitMQ is not installed; CI treats this as a failure")
    service = render(tmp_path / "service", {**ANSWERS, "broker": broker})

    with running(service) as flower, browser() as chromium:
        stranger = visit(chromium, flower._replace(password="guess"), "/workers")
        assert "SUCCESS" not in stranger.content()
        assert "Access denied" in stranger.content()

        page = visit(chromium, flower, "/workers")
        worker = page.locator("#workers-table tbody tr", has_text="worker@")
        worker.get_by_text("Online").wait_for()
        worker.get_by_role("link").first.click()
        page.wait_for_url("**/worker/*")
        assert_read_only(page)

        page.goto(f"{flower.address}/tasks")
        ended = page.locator("#tasks-table tbody tr", has_text="SUCCESS")
        task = ended.filter(has_text=flower.task)
        task.first.wait_for()
        page.goto(
            flower.address + str(task.locator("a[href*='/task/']").first.get_attribute("href"))
        )
        details = page.locator(".task-details-card").inner_text()
        assert flower.task in details
        assert details.count("hidden") == 3
        assert "items" not in details

        page.goto(f"{flower.address}/broker")
        # RabbitMQ tells the length of its queues only where its management is switched on.
        queues = page.locator("table tbody tr", has_text=flower.task.rpartition(".")[0])
        assert queues.count() == (1 if broker == "redis" else 0)


def assert_read_only(page: Page) -> None:
    """See that the page of a worker offers nothing to do, and that nothing can be done without."""
    name = page.url.rpartition("/")[2]
    page.get_by_text("worker@").first.wait_for()
    assert page.get_by_role("button", name="Shut down").count() == 0
    assert page.evaluate(POST, f"/api/worker/shutdown/{name}") == 403
