"""What the tests need of the machine: whether it is there, and a RabbitMQ that services share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import demo.__main__
import pictures.browser
from tests.harness import clean_environment, driving

NODE = """
import sys
from dev.rabbitmq import RabbitMQ
node = RabbitMQ()
with node.running():
    print(node.url, flush=True)
    sys.stdin.read()
"""


def has_rabbitmq() -> bool:
    """Tell whether RabbitMQ is installed. In CI a missing one is a failure.

    Raises:
        pytest.fail.Exception: in CI, when it is missing.
    """
    return _is_there("RabbitMQ", demo.__main__.has_rabbitmq())


def has_prometheus() -> bool:
    """Tell whether Prometheus is installed, with promtool. In CI a missing one is a failure.

    Raises:
        pytest.fail.Exception: in CI, when it is missing.
    """
    return _is_there("Prometheus", bool(shutil.which("prometheus") and shutil.which("promtool")))


def has_chromium() -> bool:
    """Tell whether a browser is installed. In CI a missing one is a failure.

    Raises:
        pytest.fail.Exception: in CI, when it is missing.
    """
    return _is_there("Chromium", bool(pictures.browser.program()))


def has_npm() -> bool:
    """Tell whether npm is installed. In CI a missing one is a failure.

    Raises:
        pytest.fail.Exception: in CI, when it is missing.
    """
    return _is_there("npm", bool(shutil.which("npx")))


def _is_there(name: str, found: bool) -> bool:
    if not found and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI leaves nothing out")
    return found


@contextmanager
def shared_rabbitmq(service: Path) -> Iterator[str]:
    """Run one node, as a service's own development tools do, and yield its URL."""
    with driving(["-c", NODE], service, clean_environment()) as url:
        yield url
