"""Where something is measured: servers of a generated service, tasks, and workers that do them."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import servers
from benchmarks.workers import APPS, Worker
from tests.harness import clean_environment

PATIENCE = 600.0
"""Seconds after which we take it that something stands still."""

STOPPING = 20
"""Seconds that a process gets to end in good order."""


@contextmanager
def stage(worker: Worker, service: Path) -> Iterator[Stage]:
    """Run servers for a worker, and stop them at the end, with all that was started.

    Args:
        worker: who does the tasks.
        service: the folder of the service whose servers are used.

    Raises:
        RuntimeError: when they do not start.
    """
    with servers.running(service) as found, stage_on(found, worker) as on:
        yield on


@contextmanager
def stage_on(found: Mapping[str, str], worker: Worker) -> Iterator[Stage]:
    """Use servers that run, and stop at the end what was started.

    Args:
        found: the variables that lead to them.
        worker: who does the tasks.
    """
    with TemporaryDirectory() as folder:
        on = Stage(Path(folder), found, worker)
        try:
            yield on
        finally:
            on.stop()


class Stage:
    """Tasks, and workers that note in a file when they have done one.

    Args:
        folder: for this file and their logs, empty at first.
        found: the variables that lead to the servers.
        worker: who does the tasks.

    Attributes:
        folder: the same.
        done: the file.
        environment: the variables of the worker, and of who sends it tasks.
        broker_url: that of the broker.
    """

    def __init__(self, folder: Path, found: Mapping[str, str], worker: Worker) -> None:
        self.folder = folder
        self.done = folder / "done"
        self.broker_url = found["CELERY_BROKER_URL"]
        self.environment = {
            **clean_environment(),
            **found,
            "BENCH_RESULTS": found.get("CELERY_RESULT_BACKEND", ""),
            "BENCH_DONE": str(self.done),
            "METRICS_DIR": str(folder / "metrics"),
            **worker.environment,
        }
        self._worker = worker
        self._running: list[subprocess.Popen[bytes]] = []
        self._started = 0

    @cached_property
    def broker(self) -> psutil.Process:
        """The process of the broker."""
        return servers.process(self.broker_url)

    @property
    def pids(self) -> list[int]:
        """The main processes of all that was started and not stopped."""
        return [each.pid for each in self._running]

    def publish(self, tasks: int) -> None:
        """Send tasks to the worker.

        Raises:
            subprocess.CalledProcessError: when that fails.
        """
        self._run(*self._worker.publish, str(tasks))

    def send(self, program: str, *arguments: str, given: str = "") -> str:
        """Run a program of `apps/` beside the worker, and return what it prints.

        Args:
            program: its file.
            arguments: its arguments.
            given: its input.

        Raises:
            subprocess.CalledProcessError: when it fails.
        """
        return self._run(sys.executable, str(APPS / program), *arguments, given=given)

    def _run(self, *command: str, given: str = "") -> str:
        return subprocess.run(
            command,
            cwd=self._worker.folder,
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def start(self, nodes: int = 1, worker: Worker | None = None, **environment: str) -> None:
        """Start workers.

        Args:
            nodes: how many.
            worker: which, if not that of the stage.
            environment: variables of these workers alone.
        """
        started = worker or self._worker
        for _ in range(nodes):
            name = f"worker-{self._started}"
            own = {
                "HEALTH_DIR": str(self.folder / f"health-{self._started}"),
                "WORKER_NAME": name,
                **started.environment,
                **environment,
            }
            with (self.folder / f"log-{self._started}").open("wb") as log:
                self._running.append(
                    subprocess.Popen(
                        [part.format(name=name) for part in started.command],
                        cwd=started.folder,
                        env={**self.environment, **own},
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
            self._started += 1

    def stop(self) -> None:
        """Stop all that was started: in good order if that is soon enough."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()

    def count(self) -> int:
        """Return how many tasks are done."""
        return self.done.stat().st_size // 8 if self.done.exists() else 0

    def stamps(self) -> list[float]:
        """Return when each task was done, in order, in seconds."""
        content = self.done.read_bytes()
        whole = content[: len(content) // 8 * 8]
        return sorted(stamp for (stamp,) in struct.iter_unpack("d", whole))

    def wait_for_tasks(self, number: int) -> None:
        """Wait until so many tasks are done.

        Raises:
            RuntimeError: when that takes too long.
        """
        self.wait_until(lambda: self.count() >= number, f"{number} tasks")

    def wait_until_ready(self, nodes: int) -> None:
        """Wait until so many workers of a generated service take tasks.

        Raises:
            RuntimeError: when that takes too long.
        """
        health = self.folder.glob
        self.wait_until(lambda: len([*health("health-*/*.ready")]) >= nodes, f"{nodes} workers")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition.

        Args:
            condition: it.
            what: what it is called in the error.

        Raises:
            RuntimeError: when it takes too long, with the ends of all logs.
        """
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                logs = sorted(self.folder.glob("log-*"))
                ends = "\n".join(log.read_text()[-2000:] for log in logs)
                raise RuntimeError(f"no {what} in {PATIENCE:.0f} s\n{ends}")
            time.sleep(0.005)
