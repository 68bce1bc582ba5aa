"""A dozen steps in a row on a service that its owners have made their own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from copier import VcsRef

from extensions.model import CATALOGUE_LIMITS
from tests.harness import run
from tests.servers import has_rabbitmq
from tests.update.services import Factory, Service, theirs

AT_ONCE = 2
"""How many states of the service are tested while it grows on."""

SMALLEST: dict[str, str | bool] = {
    "task_types": "orders",
    "result_backend": "none",
    "beat": False,
    "flower": False,
}

ADDITIONS = {
    "app/tasks/orders.py": """

@shared_task(name="shop.orders.count", soft_time_limit=50, time_limit=60, ignore_result=False)
def count(job: OrdersInput) -> int:
    \"\"\"Count the items of a job.\"\"\"
    return len(job.items)
""",
    "app/services/orders.py": '\n\nLARGEST = 500\n"""How many items an order may have."""\n',
    "app/settings.py": '\n    shop_currency: str = "EUR"\n',
    "app/hooks.py": '\n\nCHANNEL = "#orders"\n"""Where failures are told."""\n',
    "tests/unit/test_orders.py": """

def test_a_currency_is_set() -> None:
    assert Settings.load().shop_currency == "EUR"
""",
    "compose.override.yaml": "# The containers of the owners come here.\n",
    "local.mk": "\n.PHONY: hello\nhello: ## say hello\n\t@echo hello\n",
}
"""What the owners add at the end of files of theirs."""

RETURNS = '''"""Returns: a task type that the owners have written themselves."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="shop.returns.run", soft_time_limit=50, time_limit=60)
def run(parcel: str) -> None:
    """Take a parcel back."""
'''

Step = Callable[[Service], None]


def command(*arguments: str) -> Step:
    """Return a step that is a command of the service's Makefile."""

    def step(service: Service) -> None:
        done = run(["make", *arguments], service.folder)
        assert done.returncode == 0, done.stdout

    return step


def answers(**data: str | bool) -> Step:
    """Return a step that changes answers."""
    return lambda service: service.update(to=VcsRef.CURRENT, **data)


STEPS: dict[str, Step] = {
    "a task type": command("add-task", "NAME=refunds"),
    "a worked example": answers(task_types="orders, refunds, email"),
    "an API": command("add-api", "NAME=payments", "URL=https://pay.example/v1"),
    "results": answers(result_backend="redis"),
    "beat": answers(beat=True),
    "the whole catalogue": answers(
        task_types=", ".join(dict.fromkeys(["orders", "refunds", "email", *CATALOGUE_LIMITS]))
    ),
    "Flower": answers(flower=True),
    "a second API": answers(
        external_apis="payments=https://pay.example/v1, rates=https://rates.example"
    ),
    "an HTTP API": answers(http_api=True),
    "a database": answers(database=True),
    "another broker": answers(broker="rabbitmq"),
    "another result backend": answers(result_backend="database"),
}

TESTED = ("an API", "results", "a database", "another broker", "another result backend")
"""The steps after which tests are run: those that change what tasks run on. With --full, all."""


def test_a_service_grows_step_by_step(
    generate: Factory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    has_broker, full = has_rabbitmq(), request.config.getoption("full")
    service = generate(SMALLEST)
    make_it_our_own(service)
    suites: dict[str, Future[CompletedProcess[str]]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, step in STEPS.items():
            before = owned(service)
            step(service)
            assert service.conflicts() == [], name
            after = owned(service)
            assert {file: after.get(file) for file in before} == before, name
            if name == "beat":
                service.write("app/schedule.py", service.read("app/schedule.py") + "# Ours now.\n")
            service.commit()
            if name not in TESTED and not full:
                continue
            if has_broker or "broker: rabbitmq" not in service.read(".copier-answers.yml"):
                state = shutil.copytree(service.folder, tmp_path / f"after {name}")
                suites[name] = pool.submit(suite, state, whole=full)

    for name, done in suites.items():
        assert done.result().returncode == 0, f"after {name}:\n{done.result().stdout[-8000:]}"


def make_it_our_own(service: Service) -> None:
    """Do to a new service what owners do in their first week."""
    for file, text in ADDITIONS.items():
        service.write(file, service.read(file) + text)
    tests = service.read("tests/unit/test_orders.py")
    imported = "from app.services.orders import process\n"
    assert imported in tests
    service.write(
        "tests/unit/test_orders.py",
        tests.replace(imported, f"{imported}from app.settings import Settings\n"),
    )
    service.write("app/tasks/returns.py", RETURNS)
    project = service.read("pyproject.toml")
    service.write(
        "pyproject.toml", project.replace("dependencies = []", 'dependencies = ["packaging"]')
    )
    service.commit()


def owned(service: Service) -> dict[str, str]:
    """Return the owners' files as they are, and the line that they have in pyproject.toml."""
    files = service.files()
    package = [
        line
        for line in files["pyproject.toml"].splitlines()
        if line == 'dependencies = ["packaging"]'
    ]
    return {file: files[file] for file in theirs(files)} | {"own package": str(package)}


def suite(folder: Path, *, whole: bool) -> CompletedProcess[str]:
    """Lint a service and run its tests: all of them, or those of what its owners wrote."""
    style = run([sys.executable, "-m", "ruff", "check", "."], folder)
    if style.returncode:
        return style
    chosen = [] if whole else ["tests/unit/test_orders.py", "tests/integration/test_orders.py"]
    options = ["-q", "-p", "no:cacheprovider", "--durations=5"]
    return run([sys.executable, "-m", "pytest", *options, *chosen], folder)
