"""A browser of this machine, without a window."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
"""What it may be called. Playwright's own would have to be downloaded."""

OPTIONS = ["--no-sandbox", "--force-color-profile=srgb"]
"""Root may not start it with a sandbox, and the pages are our own."""


def program() -> str | None:
    """Return the path of the browser, if there is one."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run the browser."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program(), args=OPTIONS)
        try:
            yield running
        finally:
            running.close()
