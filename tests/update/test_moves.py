"""A task type is retired or renamed, and a broker changed, without losing a message that waits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from copier import VcsRef

from tests.harness import run
from tests.servers import has_rabbitmq
from tests.update.services import Factory, Service

LEAN: dict[str, str | bool] = {"beat": False, "flower": False, "result_backend": "none"}

TYPE_FILES = ("app/tasks", "app/services", "app/schemas", "tests/unit", "tests/integration")

SERVERS = """
import json
import sys
from dev.servers import Servers

servers = Servers()
with servers.running():
    print(json.dumps(servers.environment), flush=True)
    sys.stdin.read()
"""

SEND = """
import sys
from app.celery_app import app

task, countdown = sys.argv[1:]
call = app.tasks[task].s(job={"items": ["one"]})
print(call.apply_async(countdown=float(countdown)).id)
"""


@contextmanager
def servers(service: Service) -> Iterator[dict[str, str]]:
    """Run what a service needs, and yield the variables that lead there."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVERS],
        cwd=service.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(60)


class Worker:
    """A worker of a service as it is now."""

    def __init__(self, service: Service, log: Path, variables: dict[str, str]) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [service.folder / "scripts/start_worker.sh"],
                cwd=service.folder,
                env={**os.environ, "PATH": path, "ENV_FILE": "", **variables},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, *texts: str) -> None:
        """Wait until a line of the log has all the texts.

        Raises:
            AssertionError: when there is none in two minutes.
        """
        end = time.monotonic() + 120
        while not any(all(text in line for text in texts) for line in self.lines()):
            assert time.monotonic() < end, "\n".join([str(texts), *self.lines()[-40:]])
            time.sleep(0.02)

    def lines(self) -> list[str]:
        """Return the lines of its log."""
        return self._log.read_text().splitlines()


@contextmanager
def worker(service: Service, log: Path, variables: dict[str, str]) -> Iterator[Worker]:
    """Run a worker until the block ends."""
    running = Worker(service, log, {"WORKER_CONCURRENCY": "1", **variables})
    try:
        running.wait_for(" ready.")
        yield running
    finally:
        running.process.terminate()
        running.process.wait(60)


def send(service: Service, environment: dict[str, str], task: str, countdown: float = 0) -> str:
    """Send a task with the code of a service, and return its id."""
    command = [sys.executable, "-c", SEND, task, str(countdown)]
    done = run(command, service.folder, ENV_FILE="", **environment)
    assert done.returncode == 0, done.stdout
    return done.stdout.split()[-1]


def as_it_is(service: Service, folder: Path) -> Service:
    """Return a copy, as it is deployed somewhere."""
    return Service(shutil.copytree(service.folder, folder))


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_what_waits_for_a_retired_type_is_done_by_older_code(
    broker: str, generate: Factory, tmp_path: Path
) -> None:
    if broker == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    service = generate(LEAN | {"task_types": "orders, refunds", "broker": broker})
    older = as_it_is(service, tmp_path / "older")

    with servers(service) as environment:
        # The queues are made by the first worker.
        with worker(older, tmp_path / "first", environment):
            pass
        late = send(older, environment, "shop.refunds.run")
        service.update(to=VcsRef.CURRENT, task_types="orders", allow_removal=True)
        with worker(service, tmp_path / "new", environment) as new:
            order = send(service, environment, "shop.orders.run")
            new.wait_for(f"[{order}] succeeded")
            assert not [line for line in new.lines() if late in line]
        with worker(
            older, tmp_path / "old", {**environment, "WORKER_QUEUES": "shop.refunds"}
        ) as old:
            old.wait_for(f"[{late}] succeeded")


def test_a_renamed_type_does_what_is_sent_by_its_old_name(
    generate: Factory, tmp_path: Path
) -> None:
    service = generate(LEAN | {"task_types": "invoices"})
    older = as_it_is(service, tmp_path / "older")

    with servers(service) as environment:
        waiting = send(older, environment, "shop.invoices.run")
        rename(service)
        with worker(service, tmp_path / "new", environment) as new:
            new.wait_for(f"[{waiting}] succeeded")
            late = send(older, environment, "shop.invoices.run")
            new.wait_for(f"[{late}] succeeded")


def rename(service: Service) -> None:
    """Do what docs/grow.md says, step by step."""
    service.update(to=VcsRef.CURRENT, task_types="invoices, bills")
    settings = service.read("app/settings.py")
    none = "ALIASES: dict[str, str] = {}"
    assert none in settings
    aliases = 'ALIASES: dict[str, str] = {"shop.invoices.run": "shop.bills.run"}'
    service.write("app/settings.py", settings.replace(none, aliases))
    for folder in TYPE_FILES:
        prefix = "test_" if folder.startswith("tests/") else ""
        (service.folder / folder / f"{prefix}invoices.py").unlink()
    service.commit()
    # Nothing is deleted that is still there, so nothing has to be allowed.
    service.update(to=VcsRef.CURRENT, task_types="bills")
    service.commit()


def test_two_brokers_side_by_side_lose_nothing(generate: Factory, tmp_path: Path) -> None:
    if not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    service = generate(LEAN | {"task_types": "orders"})
    older = as_it_is(service, tmp_path / "older")

    with servers(older) as redis:
        waiting = send(older, redis, "shop.orders.run")
        delayed = send(older, redis, "shop.orders.run", countdown=3)
        service.update(to=VcsRef.CURRENT, broker="rabbitmq")
        with (
            servers(service) as rabbitmq,
            worker(service, tmp_path / "new", rabbitmq) as new,
            worker(older, tmp_path / "old", redis) as old,
        ):
            fresh = send(service, rabbitmq, "shop.orders.run")
            new.wait_for(f"[{fresh}] succeeded")
            old.wait_for(f"[{waiting}] succeeded")
            old.wait_for(f"[{delayed}] succeeded")
