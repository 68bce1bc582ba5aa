"""A deploy replaces workers one by one, while older and newer code sends. No task is lost."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from app.core.discovery import queue_name
from dev.processes import START_TIMEOUT, Process
from tests.conftest import ROOT, WORKER_ENVIRONMENT
from tests.guarantees import broker
from tests.guarantees.harness import wait_until, whole_lines

TASKS = """
import os

from celery import shared_task
from pydantic import BaseModel


class Entry(BaseModel):
    number: int


@shared_task(name=f"{QUEUE}.note")
def note(file: str, entry: Entry) -> None:
    notes = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(notes, f"{entry.number} {RELEASE}\\n".encode())
    os.close(notes)
"""
"""A module with a task that notes which number it got, and by which release it was run."""

NEW_TASKS = TASKS.replace("number: int", "number: int\n    remark: str = 'none'").replace(
    "entry: Entry)", "entry: Entry, times: int = 1)"
)
"""The same in a later release: with one more field and one more argument."""

SENDER = """
import importlib, itertools, pathlib, sys, time

file, end, number = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
modules = [importlib.import_module(f"app.tasks.{module}") for module in sys.argv[4:]]
for tasks in itertools.cycle(modules):
    if end.exists():
        break
    tasks.note.delay(file, tasks.Entry(number=number))
    number += 2
    time.sleep(0.005)
print(f"sent up to {number}.")
"""
"""A program that sends every second number, to its modules by turns, until it is told to end."""

ALIASES = {f"{queue_name('old_name')}.note": f"{queue_name('new_name')}.note"}
"""What the later release needs, because it has renamed one of two task types."""


class Release:
    """A copy of this service with two task types of its own, one of which is renamed later.

    Args:
        folder: where it is made. The tasks call the release by its name.
        modules: the names of its task types.
        tasks: the code of each.
        aliases: its further names of tasks.
    """

    def __init__(
        self, folder: Path, modules: Sequence[str], tasks: str, aliases: dict[str, str]
    ) -> None:
        self._folder = folder
        self._modules = modules
        for part in ("app", "scripts"):
            shutil.copytree(ROOT / part, folder / part)
        for module in modules:
            constants = f"RELEASE = {folder.name!r}\nQUEUE = {queue_name(module)!r}\n"
            (folder / f"app/tasks/{module}.py").write_text(constants + tasks)
        with (folder / "app/settings.py").open("a") as settings:
            settings.write(f"\nALIASES = {aliases!r}\n")

    def worker(self, number: int) -> Process:
        """Start a worker."""
        name = f"{self._folder.name}{number}-{os.getpid()}"
        return Process(
            [self._folder / "scripts/start_worker.sh"],
            self._folder / f"worker{number}.log",
            {**WORKER_ENVIRONMENT, "WORKER_NAME": name},
            self._folder,
        )

    def sender(self, file: Path, end: Path, first: int) -> Process:
        """Start to send numbers, from the first one on."""
        return Process(
            [sys.executable, "-c", SENDER, str(file), str(end), str(first), *self._modules],
            self._folder / "sender.log",
            folder=self._folder,
        )


def sent_by(sender: Process, first: int) -> set[int]:
    """Return the numbers that a sender has sent, once it has ended."""
    assert sender.wait() == 0, sender.output()
    last = int(sender.output().split("sent up to ")[1].rstrip(".\n"))
    return set(range(first, last, 2))


class Notes:
    """What the tasks have noted.

    Args:
        file: where.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def numbers(self, release: str = "") -> set[int]:
        """Return the numbers that were noted, by all releases or by one."""
        lines = (line.split() for line in whole_lines(self._file))
        return {int(number) for number, noted_by in lines if release in ("", noted_by)}

    def wait_for_both_senders(self, release: str) -> None:
        """Wait until a release has run what the older and what the newer code has sent."""
        both = {0, 1}
        wait_until(
            lambda: {number % 2 for number in self.numbers(release)} == both,
            f"message of both senders, run by the {release} release",
            START_TIMEOUT,
        )


def test_a_rolling_deploy_loses_no_task(tmp_path: Path) -> None:
    broker.empty()
    old = Release(tmp_path / "old", ["kept", "old_name"], TASKS, {})
    new = Release(tmp_path / "new", ["kept", "new_name"], NEW_TASKS, ALIASES)
    file, end = tmp_path / "notes", tmp_path / "end"
    notes = Notes(file)

    with ExitStack() as stack:
        old_workers = [stack.enter_context(old.worker(number)) for number in range(2)]
        for worker in old_workers:
            worker.wait_for_output(" ready.")
        senders = [
            stack.enter_context(release.sender(file, end, first))
            for first, release in enumerate((old, new))
        ]
        notes.wait_for_both_senders("old")
        new_workers = []
        for number, worker in enumerate(old_workers):
            assert worker.stop() == 0
            new_workers.append(stack.enter_context(new.worker(number)))
            new_workers[-1].wait_for_output(" ready.")
        notes.wait_for_both_senders("new")
        end.touch()

        sent = set().union(*(sent_by(sender, first) for first, sender in enumerate(senders)))
        wait_until(lambda: notes.numbers() == sent, "note of each number", 120.0)
        for worker in new_workers:
            worker.stop()

    assert not [worker for worker in old_workers + new_workers if "raised" in worker.output()]
    assert broker.left_over() == {}
