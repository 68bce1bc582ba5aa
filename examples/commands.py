"""Runs the commands of a page as somebody would who reads it."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from examples.services import Example
from tests.docs.pages import TEMPLATE_URL
from tests.harness import run, template_copy


def copy_command(example: Example) -> str:
    """Return the command that makes the service."""
    answers = [f"--data {quote(f'{name}={text}')}" for name, text in example.answers.items()]
    parts = ["copier copy --trust --defaults", *answers, f"{TEMPLATE_URL} {example.folder}"]
    return " \\\n    ".join(parts)


def shell(commands: str, folder: Path) -> tuple[int, str]:
    """Run commands with the template and the packages of this repository.

    Returns:
        The exit code and the output.
    """
    here = commands.replace(TEMPLATE_URL, quote(str(template_copy())))
    done = run(["sh", "-c", here.replace(".venv/bin/python", "python")], folder, ENV_FILE="")
    return done.returncode, done.stdout


def succeed(commands: str, folder: Path) -> str:
    """Run commands that must work, and return their output.

    Raises:
        RuntimeError: when one does not.
    """
    code, output = shell(commands, folder)
    if code:
        raise RuntimeError(f"{commands}\nended with {code}:\n{output}")
    return output
