"""A newcomer follows "Your first own task in five minutes" of a service's README to the letter."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.docs.pages import NEWCOMER
from tests.harness import run
from tests.servers import has_rabbitmq
from tests.update.services import Factory, Service, git

STEP = re.compile(r"(.*?)```(\w+)\n(.*?)```\n", re.DOTALL)
"""What the text says, and the block of commands or of Python that follows."""

IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Newcomer"), ("EMAIL", "newcomer@example.com"))
}

SHAPES: list[dict[str, str | bool]] = [
    {"task_types": "orders, email"},
    {
        "task_types": "orders",
        "broker": "rabbitmq",
        "result_backend": "none",
        "beat": False,
        "flower": False,
    },
]


@pytest.mark.parametrize("answers", SHAPES, ids=str)
def test_the_first_own_task(answers: dict[str, str | bool], generate: Factory) -> None:
    if answers.get("broker") == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    service = generate(answers)
    lend_environment(service.folder)

    printed = follow(service)

    assert '"be": 2' in printed
    assert "3 passed" in printed
    assert "shop.word_count.run" in run(["python", "-m", "app.catalog"], service.folder).stdout
    written = git(service.folder, "ls-files", "*word_count.py").split()
    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        done = run([sys.executable, "-m", *check, *written], service.folder)
        assert done.returncode == 0, done.stdout
    assert git(service.folder, "status", "--porcelain") == ""


def follow(service: Service) -> str:
    """Do what the section says, in its order, and return what the commands print.

    A block of Python is the whole of the file that the text before it names.
    """
    section = NEWCOMER.search(service.read("README.md"))
    assert section
    printed = ""
    for text, language, block in STEP.findall(section[1]):
        if language == "sh":
            done = run(["sh", "-eux", "-c", block], service.folder, **IDENTITY, ENV_FILE="")
            assert done.returncode == 0, done.stdout
            printed += done.stdout
        else:
            (file,) = re.findall(r"in `([\w/]+\.py)`:\n", text)
            service.write(file, block)
    return printed


def lend_environment(folder: Path) -> None:
    """Let `.venv` of a service be the environment that we run in: `make install` finds it ready."""
    own = folder / ".venv"
    own.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (own / name).symlink_to(Path(sys.prefix, name))
    ready = own / ".ready"
    ready.touch()
    # Newer than whatever the update writes.
    os.utime(ready, (2**32, 2**32))
