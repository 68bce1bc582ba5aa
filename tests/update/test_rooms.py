"""What owners need has a room of its own: they change no file of the template for it.

One service gets everything at once and runs on a real broker: as its owners made it, and after an
update that has changed the template all around.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.harness import run
from tests.servers import has_rabbitmq
from tests.update.services import Factory, Service, Template, git, theirs
from tests.update.test_moves import Worker, servers, worker

ANSWERS: dict[str, str | bool] = {
    "task_types": "orders",
    "broker": "rabbitmq",
    "result_backend": "none",
    "beat": False,
    "flower": False,
}

SETTINGS = {
    "QUEUES: list[str] = []": 'QUEUES: list[str] = ["orders.reserve"]',
    "QUEUE_ARGUMENTS: dict[str, dict[str, Any]] = {}": """\
QUEUE_ARGUMENTS: dict[str, dict[str, Any]] = {
    "orders.reserve": {"x-max-length": 1, "x-overflow": "reject-publish"},
}""",
}
"""What the owners write into app/settings.py instead of what is there."""

FIELD = '\n    shop_greeting: str = "hello"\n'

HOOKS = '''

@task_success.connect
def count(sender: BoundTask, **_: object) -> None:
    """Tell of every task that has succeeded."""
    logging.getLogger(__name__).info("one more success of %s", sender.name)
'''

AUDITED = '''"""What audited tasks have in common."""

from __future__ import annotations

import logging

from app.core.task import BaseTask


class AuditedTask(BaseTask):
    """A task that leaves a trace before it runs."""

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Write down what is about to run."""
        logging.getLogger(__name__).info("audited: %s %s", task_id, sorted(kwargs))
'''

GREETINGS = '''"""Greetings: a task type of the owners."""

from __future__ import annotations

import logging

from celery import shared_task
from packaging.version import Version

from app.core.errors import TransientError
from app.core.types import BoundTask
from app.settings import Settings
from app.tasks._audited import AuditedTask


@shared_task(name="shop.greetings.greet", base=AuditedTask, soft_time_limit=50, time_limit=60)
def greet(name: str) -> None:
    """Greet somebody."""
    newest = max("1.9", "1.10", key=Version)
    logging.getLogger(__name__).info("%s %s %s", Settings.load().shop_greeting, name, newest)


@shared_task(name="shop.greetings.insist", base=AuditedTask, bind=True)
def insist(self: BoundTask) -> None:
    """Greet somebody who listens only the second time."""
    if not self.request.retries:
        raise TransientError("not listening")
'''

COMPOSE = """\
services:
  worker:
    environment:
      SHOP_GREETING: hi
    depends_on:
      - ledger
  ledger:
    image: ledger:1
"""

WORKFLOW = """\
name: Audit
on: [push]
jobs:
  audit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: make audit
"""

TARGET = "\n.PHONY: audit\naudit: ## look at the books\n\t@echo the books are right\n"

SEND = """
from app.tasks.greetings import greet, insist

print(greet.delay("Ada").id, insist.delay().id)
"""

MISUSE = """
from app.tasks.greetings import greet

for arguments, options in (({"nobody": 1}, {}), ({"name": "Ada"}, {"time_limit": 999_999})):
    try:
        greet.apply_async(kwargs=arguments, **options)
    except Exception as error:
        print(type(error).__name__)
"""

FILL = """
from app.celery_app import app

for _ in range(50):
    try:
        app.tasks["shop.greetings.greet"].apply_async(["Ada"], queue="shop.orders.reserve")
    except Exception as error:
        raise SystemExit(f"refused: {error!r}")
"""


def move_in(service: Service) -> None:
    """Do what docs/grow.md says about each of these."""
    settings = service.read("app/settings.py")
    for old, new in SETTINGS.items():
        assert old in settings
        settings = settings.replace(old, new)
    service.write("app/settings.py", settings + FIELD)
    hooks = service.read("app/hooks.py")
    imports = "import logging\n\nfrom celery.signals import task_success\n\nfrom app.core.events"
    hooks = hooks.replace("from app.core.events", imports)
    ours = "import TaskEvent\n"
    hooks = hooks.replace(ours, f"{ours}from app.core.types import BoundTask\n")
    service.write("app/hooks.py", hooks + HOOKS)
    service.write("app/tasks/_audited.py", AUDITED)
    service.write("app/tasks/greetings.py", GREETINGS)
    service.write("compose.override.yaml", COMPOSE)
    service.write("local.mk", service.read("local.mk") + TARGET)
    service.write(".github/workflows/audit.yml", WORKFLOW)
    added = run(["uv", "add", "--frozen", "packaging"], service.folder)
    assert added.returncode == 0, added.stdout
    service.commit()


def change_all_around(template: Template) -> None:
    """Release a version in which every place near the owners' has changed."""
    for file, old, new in (
        ("app/settings.py", "The service's own settings.", "Settings of the service."),
        ("app/hooks.py", "What this service does", "All that this service does"),
        ("app/core/task.py.jinja", "The base class of every task", "The base of all tasks"),
        ("app/core/discovery.py.jinja", "Finds the modules", "Finds all modules"),
        ("app/celeryconfig.py.jinja", '_timeout": 5.0', '_timeout": 6.0'),
        ("pyproject.toml.jinja", "\nworker = [\n", '\nworker = [\n    "tzdata>=2026.1",\n'),
        ("compose.yaml.jinja", "    HEALTH_DIR: /tmp/health\n", "    HEALTH_DIR: /tmp/signs\n"),
        ("Makefile.jinja", "## list the commands", "## list all commands"),
    ):
        template.edit(file, old, new)
    template.release("1.1.0")


def touched(service: Service) -> list[str]:
    """Return the files of the template that the owners have changed since the first commit."""
    first = git(service.folder, "rev-list", "--max-parents=0", "HEAD").strip()
    rendered = git(service.folder, "ls-tree", "-r", "--name-only", first).splitlines()
    changed = git(service.folder, "diff", "--name-only", first, "HEAD").splitlines()
    of_template = set(changed) & set(rendered) - theirs(rendered)
    if len({without_own_packages(service, commit) for commit in (first, "HEAD")}) == 1:
        of_template.discard("pyproject.toml")
    return sorted(of_template)


def without_own_packages(service: Service, commit: str) -> str:
    """Return what pyproject.toml says at a commit beside the packages of the owners."""
    project = tomllib.loads(git(service.folder, "show", f"{commit}:pyproject.toml"))
    del project["project"]["dependencies"]
    return json.dumps(project)


@dataclass(frozen=True)
class Running:
    """The service with a worker."""

    service: Service
    worker: Worker
    variables: dict[str, str]

    def python(self, program: str) -> list[str]:
        """Return the words that a program prints which runs in the service."""
        command = [sys.executable, "-c", program]
        return run(command, self.service.folder, ENV_FILE="", **self.variables).stdout.split()


@pytest.fixture(scope="module")
def template(first_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template as it is now, released as 1.0.0."""
    folder = tmp_path_factory.mktemp("rooms") / "template"
    return Template(shutil.copytree(first_release, folder))


@pytest.fixture(scope="module")
def made(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """The service, as its owners have made it."""
    made = Factory(template, tmp_path_factory.mktemp("services"))(ANSWERS)
    move_in(made)
    return made


@pytest.fixture(scope="module")
def variables(made: Service) -> Iterator[dict[str, str]]:
    """The servers of the service, and the setting that its owners give it."""
    if not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    with servers(made) as variables:
        yield {**variables, "SHOP_GREETING": "bonjour"}


@pytest.fixture(scope="module", params=["as its owners made it", "after an update"])
def service(request: pytest.FixtureRequest, made: Service, template: Template) -> Service:
    """The service, once as it was made and then updated."""
    if request.param == "after an update":
        change_all_around(template)
        made.update()
    return made


@pytest.fixture(scope="module")
def running(
    service: Service, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The service with a worker that leaves one queue alone."""
    log = tmp_path_factory.mktemp("worker") / "log"
    queues = {"WORKER_QUEUES": "shop.orders,shop.greetings"}
    with worker(service, log, variables | queues) as started:
        yield Running(service, started, variables)


def test_the_owners_have_changed_no_file_of_the_template(made: Service) -> None:
    assert touched(made) == []

    made.write("app/config.py", made.read("app/config.py") + "\n")
    made.commit()
    assert touched(made) == ["app/config.py"]
    git(made.folder, "reset", "--quiet", "--hard", "HEAD~")


def test_an_update_changes_the_files_of_the_template_alone(service: Service) -> None:
    changed = set(git(service.folder, "diff", "--name-only", "HEAD").split())
    own = {"app/tasks/_audited.py", "app/tasks/greetings.py", ".github/workflows/audit.yml"}

    assert service.conflicts() == []
    assert (theirs(changed) | own) & changed == set()
    assert bool(changed) == ("list all commands" in service.read("Makefile"))


def test_a_setting_a_package_a_signal_handler_and_a_base_task(running: Running) -> None:
    greeted, insisted = running.python(SEND)

    running.worker.wait_for(f"[{greeted}] succeeded")
    running.worker.wait_for("bonjour Ada 1.10")
    running.worker.wait_for("one more success of shop.greetings.greet")
    running.worker.wait_for(f"audited: {greeted} ['name']")
    # What our own base task promises holds for a class that is made from it.
    running.worker.wait_for(insisted, "retry: Retry in")
    running.worker.wait_for(f"[{insisted}] succeeded")
    assert running.python(MISUSE) == ["InvalidArguments", "InvalidTask"]


def test_an_option_of_a_queue(running: Running) -> None:
    assert running.python(FILL) == ["refused:", "OperationalError('')"]


def test_a_service_in_compose(service: Service) -> None:
    done = run(["docker-compose", "config", "--format", "json"], service.folder)
    assert done.returncode == 0, done.stdout
    services = json.loads(done.stdout)["services"]

    assert services["ledger"]["image"] == "ledger:1"
    assert services["worker"]["depends_on"].keys() == {"broker", "ledger"}
    assert services["worker"]["environment"]["SHOP_GREETING"] == "hi"
    assert services["worker"]["environment"]["CELERY_BROKER_URL"].startswith("amqp://")


def test_a_job_of_ci_and_a_target_of_make(service: Service) -> None:
    jobs = yaml.safe_load(service.read(".github/workflows/audit.yml"))["jobs"]
    commands = [step["run"] for step in jobs["audit"]["steps"] if "run" in step]

    done = [run(["sh", "-c", command], service.folder) for command in commands]

    assert [each.stdout for each in done] == ["the books are right\n"]


def test_a_package_that_is_declared(service: Service) -> None:
    project = tomllib.loads(service.read("pyproject.toml"))

    assert project["project"]["dependencies"] == ["packaging"]
