"""Makes the examples, and writes their pages from what the services say of themselves."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from examples.commands import copy_command, shell, succeed
from examples.services import EXAMPLES, Example
from tests.harness import ROOT

FOLDERS = {
    ".": "Makefile, Dockerfile, compose stack, README",
    ".devcontainer": "the same machine for every developer",
    ".github": "what GitHub does for it",
    ".github/workflows": "checks of each change, and proposals of updates",
    ".vscode": "tasks in the debugger",
    "app": "the application, its configuration, and three commands",
    "app/clients": "one module for each API",
    "app/core": "plumbing: argument checks, retries, transport, dead letters, health",
    "app/schemas": "what goes into a task and comes out",
    "app/services": "the work, without Celery",
    "app/tasks": "one module for each task type",
    "app/workflows": "how tasks work together",
    "deploy": "the stack in production",
    "deploy/monitoring": "dashboard and alerts, with tests of their own",
    "dev": "make dev, and servers for the tests",
    "scripts": "start each process, and ask whether it lives",
    "tests": "what all tests share",
    "tests/clients": "each API, on a server of the test's own",
    "tests/core": "that the plumbing works",
    "tests/guarantees": "kill workers and brokers while numbered tasks run",
    "tests/integration": "each task type, through a real broker and worker",
    "tests/unit": "the work, without a broker",
    "tests/workflows": "each workflow",
}
"""What is in each folder that a service may have."""

PROCESSES = {
    "worker": ("as many as you like", "does the tasks, of all queues or those in `WORKER_QUEUES`"),
    "beat": ("one", "sends tasks by the clock"),
    "Flower": ("one, if you want it", "a web page with workers and tasks, behind a password"),
}
"""How many of each process there may be, and what it does."""

OF_THIS_MACHINE = re.compile("localhost|example")
"""What a default has in it that is of no use where a service runs."""


def pages(folder: Path) -> dict[str, str]:
    """Make all examples below a folder, side by side, and return their pages by name."""
    with ThreadPoolExecutor() as pool:
        texts = pool.map(lambda example: page(example, folder), EXAMPLES)
        return {f"{example.page}.md": text for example, text in zip(EXAMPLES, texts, strict=True)}


def page(example: Example, folder: Path) -> str:
    """Make an example below a folder and return its page.

    Raises:
        ValueError: when the page would leave something out.
        RuntimeError: when a command that must work does not.
    """
    command = copy_command(example)
    succeed(command, folder)
    service = folder / example.folder
    parts = [
        f"# {example.title}",
        " ".join(example.text.split()),
        block("sh", command),
        "`make examples` makes this service by this command, and the page from what it finds.",
        *about_tasks(json.loads(succeed(".venv/bin/python -m app.catalog --json", service))),
        *about_processes(example, service),
        *about_variables(example, service),
        *about_files(service),
        *about_calls(example, service),
    ]
    return "\n\n".join(parts) + "\n"


def about_tasks(catalog: dict[str, Any]) -> Iterator[str]:
    """Yield the tasks of a catalogue, with queues and limits."""
    tasks = catalog["tasks"]
    yield "## Tasks"
    yield table(
        ("task", "what it does", "queue", "soft and hard limit", "result"),
        [
            (
                f"`{name}`",
                task["description"].partition("\n")[0],
                f"`{task['queue']}`",
                f"{task['limits']['soft']} / {task['limits']['hard']} s",
                "kept" if task["result"] else "not kept",
            )
            for name, task in tasks.items()
        ],
    )
    yield retries([task["retries"] for task in tasks.values()])
    further = set(catalog["queues"]) - {task["queue"] for task in tasks.values()}
    if further:
        yield f"What must not wait goes through {listed(sorted(further))}."


def retries(policies: list[dict[str, Any]]) -> str:
    """Return how the tasks are tried again.

    Raises:
        ValueError: when they are not in the same way.
    """
    policy = policies[0]
    if any(other != policy for other in policies):
        raise ValueError("the tasks are tried again in different ways: give them a column")
    return (
        f"A task that fails for a reason that may pass is tried again up to {policy['max']} times,"
        f" after {policy['first_pause']} to {policy['longest_pause']} seconds."
        " What cannot succeed is kept as a dead letter of its queue."
    )


def about_processes(example: Example, service: Path) -> Iterator[str]:
    """Yield the processes, how each is started, and what they need."""
    scripts = {name: f"scripts/start_{name.lower()}.sh" for name in PROCESSES}
    yield "## Processes"
    yield table(
        ("process", "started by", "how many", "what it does"),
        [
            (name, f"`{script}`", *PROCESSES[name])
            for name, script in scripts.items()
            if (service / script).exists()
        ],
    )
    schedule = service / "app/schedule.py"
    if schedule.exists():
        yield f"Beat sends what `app/schedule.py` names: {listed(scheduled(schedule))}."
    yield f"{example.servers} On your machine, `make dev` starts all of it."


def scheduled(schedule: Path) -> list[str]:
    """Return the names of the tasks that beat sends."""
    return [
        ast.literal_eval(value)
        for node in ast.walk(ast.parse(schedule.read_text()))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "task"
    ]


def about_variables(example: Example, service: Path) -> Iterator[str]:
    """Yield the variables that must be given, with their defaults.

    Raises:
        ValueError: when the service has none of this name, or one more that must be given.
    """
    text = (service / ".env.example").read_text()
    defaults = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    unknown = example.variables.keys() - defaults.keys()
    of_no_use = {name for name, default in defaults.items() if OF_THIS_MACHINE.search(default)}
    if unknown or of_no_use - example.variables.keys():
        raise ValueError(
            f"{example.folder} has no variable {sorted(unknown)}, or must be given"
            f" {sorted(of_no_use - example.variables.keys())}: say so in examples/services.py"
        )
    yield "## Variables"
    yield "Every variable has a default for a developer's machine. Where the service runs, give:"
    yield table(
        ("variable", "default", "what to give"),
        [
            (f"`{name}`", f"`{default}`" if default else "", example.variables[name])
            for name, default in defaults.items()
            if name in example.variables
        ],
    )


def about_files(service: Path) -> Iterator[str]:
    """Yield the tree of the files, with one line for each folder."""
    yield "## Files"
    yield block("text", "\n".join(tree(service)))
    yield "No update touches what is *yours*: [Updating](../update.md) says more."


def tree(service: Path) -> Iterator[str]:
    """Yield a line for each folder: what is in it, and which of its files are the owners'.

    Raises:
        ValueError: when FOLDERS does not have one.
    """
    files = sorted(
        file.relative_to(service)
        for file in service.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    )
    for folder in sorted({folder for file in files for folder in file.parents}):
        if str(folder) not in FOLDERS:
            raise ValueError(f"FOLDERS in examples/pages.py does not say what is in {folder}")
        place = f"{'  ' * len(folder.parts)}{folder.name or service.name}/"
        yours = [file.name for file in files if file.parent == folder and is_yours(file)]
        names = f"; yours: {', '.join(yours)}" if yours else ""
        yield f"{place:<27} {FOLDERS[str(folder)]}{names}"


def is_yours(file: Path) -> bool:
    """Tell whether a file is rendered once and then belongs to the owners."""
    return file.name != "__init__.py" and any(fnmatch(str(file), each) for each in rendered_once())


@cache
def rendered_once() -> list[str]:
    """Return the patterns of what Copier leaves to the owners."""
    patterns = yaml.safe_load((ROOT / "copier.yml").read_text())["_skip_if_exists"]
    return [each.removeprefix("**/") for each in patterns if not each.startswith("!")]


def about_calls(example: Example, service: Path) -> Iterator[str]:
    """Yield the first calls, with what they print."""
    yield "## First calls"
    yield "After `make install`, and without any server."
    for call in example.calls:
        _, output = shell(call.commands, service)
        yield call.text
        yield block("sh", call.commands.rstrip("\n"))
        yield block("text", output.rstrip("\n"))


def block(language: str, text: str) -> str:
    """Return a fenced block."""
    return f"```{language}\n{text}\n```"


def table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table."""
    lines = [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (headings, *rows)]
    return "\n".join([lines[0], "|---" * len(headings) + "|", *lines[1:]])


def listed(names: list[str]) -> str:
    """Return names as code, or that there are none."""
    return ", ".join(f"`{name}`" for name in names) or "nothing yet"
