"""The picture of Flower: its page of tasks in a real browser, after a worker has worked."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, HttpCredentials, Page, ViewportSize

from pictures.browser import browser
from tests.harness import ROOT, Answers, clean_environment, driving, render

PICTURE = ROOT / "docs/pictures/flower.png"
STAGE = ROOT / "pictures/flower_stage.py"

ANSWERS: Answers = {"service_name": "worker-celery-shop", "task_types": "orders, thumbnails"}

SIZE: ViewportSize = {"width": 1280, "height": 640}

TIMEOUT = 60_000
"""Milliseconds that a page may take, on a machine that has much to do."""

COLOURS = 64
"""How many are in the file: a picture for a page needs no more."""


class Flower(NamedTuple):
    """A Flower that runs, and its login."""

    address: str
    username: str
    password: str
    task: str
    """The name of a task that has run."""


def main() -> None:
    """Run a service with Flower, and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        service = render(Path(folder) / "service", ANSWERS)
        with running(service) as flower, browser() as chromium:
            page = visit(chromium, flower, "/tasks")
            page.get_by_text("SUCCESS").first.wait_for()
            picture = Image.open(BytesIO(page.screenshot()))
    PICTURE.parent.mkdir(exist_ok=True)
    picture.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)


@contextmanager
def running(service: Path, **environment: str) -> Iterator[Flower]:
    """Run a service with a worker that has worked, and Flower.

    Args:
        service: its folder.
        environment: variables on top of our own.
    """
    with driving([str(STAGE)], service, clean_environment() | environment) as line:
        yield Flower(**json.loads(line))


def visit(chromium: Browser, flower: Flower, path: str) -> Page:
    """Open a page of Flower with the login."""
    login: HttpCredentials = {"username": flower.username, "password": flower.password}
    page = chromium.new_page(http_credentials=login, viewport=SIZE)
    page.set_default_timeout(TIMEOUT)
    page.goto(flower.address + path)
    return page


if __name__ == "__main__":
    main()
