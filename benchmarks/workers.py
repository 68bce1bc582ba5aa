"""Who does the tasks: generated services, Celery as it comes, and the common recipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import copier

from tests.harness import ROOT, Answers, render, run

APPS = Path(__file__).parent / "apps"
"""What runs in other processes than this: tasks, and programs that send them."""

CHILDREN = 2
"""How many tasks a worker does at a time, unless a figure is about that."""

BLIND = {"LOG_LEVEL": "WARNING", "METRICS_PORT": "0"}
"""A service that neither writes lines about tasks nor counts them."""


@dataclass(frozen=True)
class Worker:
    """A worker, and the program that sends it tasks.

    Attributes:
        folder: where both run.
        command: starts the worker; `{name}` is its name, if several need one.
        publish: sends tasks; their number follows.
        environment: variables of both.
    """

    folder: Path
    command: tuple[str, ...]
    publish: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def where(self, **environment: str) -> Self:
        """Return the same with more variables."""
        return replace(self, environment={**self.environment, **environment})


def celery(settings: str, *options: str, app: str = "celery_app") -> Worker:
    """Return a worker of Celery.

    Args:
        settings: `bare` for Celery's defaults, `recipe` for those of the common recipe.
        options: of `celery worker`, on top of the number of its processes.
        app: the module of `apps/`.
    """
    own = ("--hostname", "{name}@%h", f"-c{CHILDREN}", *options)
    return Worker(
        APPS,
        ("python", "-m", "celery", "--app", app, "worker", *own),
        (sys.executable, "publish.py", app),
        {"BENCH_SETTINGS": settings},
    )


def generated(service: Path, app: str = "service_task", **environment: str) -> Worker:
    """Return the worker of a generated service, as production starts it.

    Args:
        service: its folder.
        app: the module of `apps/`.
        environment: variables on top of what production sets.
    """
    return Worker(
        service,
        ("scripts/start_worker.sh", "--include", app),
        (sys.executable, str(APPS / "publish.py"), app),
        {
            "ENV_FILE": "",
            "LOG_FORMAT": "json",
            "PYTHONPATH": f"{service}:{APPS}",
            "WORKER_CONCURRENCY": str(CHILDREN),
            **environment,
        },
    )


def service(folder: Path, broker: str, **answers: str | bool) -> Path:
    """Render the service that is measured.

    Args:
        folder: where.
        broker: `redis` or `rabbitmq`.
        answers: to further questions.
    """
    return render(folder, chosen(broker, answers))


def earlier_service(folder: Path, broker: str, state: str, **answers: str | bool) -> Path:
    """Render the same service as an earlier state of the template makes it.

    Args:
        folder: where.
        broker: `redis` or `rabbitmq`.
        state: the commit, as Git takes it.
        answers: to further questions.

    Raises:
        RuntimeError: when this clone does not have the commit.
    """
    if run(["git", "cat-file", "-e", f"{state}^{{commit}}"], ROOT).returncode:
        raise RuntimeError(
            f"the commit {state} is not in this clone: fetch the whole history, by"
            " `git fetch --unshallow` or, in a workflow, by `fetch-depth: 0`"
        )
    copier.run_copy(
        str(ROOT),
        folder,
        data=dict(chosen(broker, answers)),
        vcs_ref=state,
        defaults=True,
        unsafe=True,
        quiet=True,
    )
    return folder


def chosen(broker: str, answers: Answers) -> Answers:
    """Return the answers of a service of which what is measured is the largest part."""
    ours = {"service_name": "worker-celery-bench", "task_types": "nothing"}
    return {**ours, "broker": broker, "result_backend": "redis", **answers}
