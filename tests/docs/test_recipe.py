"""Whoever comes from the common recipe finds everything, and none of its faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import code, table
from tests.harness import ROOT, run

PAGE = ROOT / "docs/coming-from-the-recipe.md"

ITEMS = {
    "app/celery_app.py",
    "celeryconfig.py",
    "app/config.py",
    *(f"app/tasks/{kind}_tasks.py" for kind in ("email", "report", "etl", "ml", "ai", "export")),
    "app/services/",
    "app/processors/",
    "app/workflows/",
    *(f"app/utils/{module}.py" for module in ("logger", "retry", "metrics")),
    "app/schemas/task_schemas.py",
    "tests/unit",
    "tests/integration",
    *(f"scripts/start_{process}.sh" for process in ("worker", "beat", "flower")),
    "requirements.txt",
    "requirements-dev.txt",
    "Dockerfile",
    ".dockerignore",
    "pytest.ini",
    ".flake8",
    "black",
    ".env.example",
    "compose integration for worker, beat and Flower",
    ".devcontainer/<service>-container/devcontainer.json",
    "systemd unit",
    "src/ instead of app/",
}
"""What the recipe has."""

PATH = re.compile(r"\.?\w[\w/.-]*(/|\.\w+)|Dockerfile|\.dockerignore")

SETTINGS = """
import json
from app.celery_app import app
from app.config import Config
from app.core.celery_settings import known_settings
from app.core.task import BaseTask

try:
    known_settings({"task_max_retries": 3})
    refused = False
except ValueError:
    refused = True
app.finalize()
own = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
conf = app.conf
print(json.dumps({
    "refused": refused,
    "schedules": [type(entry["schedule"]).__name__ for entry in conf.beat_schedule.values()],
    "retried": [error.__name__ for error in BaseTask.autoretry_for],
    "backoff": BaseTask.retry_backoff,
    "backoff_max": BaseTask.retry_backoff_max,
    "jitter": BaseTask.retry_jitter,
    "visibility_timeout": conf.broker_transport_options["visibility_timeout"],
    "limits": [task.time_limit for task in own],
    "servers": [conf.broker_url, conf.result_backend],
    "queues": sorted(queue.name for queue in conf.task_queues),
}))
"""


def test_everything_in_the_recipe_is_in_the_table() -> None:
    rows = table(PAGE, "in the recipe")

    assert {name.replace("`", "") for name, _ in rows} == ITEMS


def test_what_the_table_points_to_exists(recipe_service: Path) -> None:
    for name, here in table(PAGE, "in the recipe"):
        paths = [text for text in code(here) if PATH.fullmatch(text)]
        missing = [path for path in paths if not (recipe_service / path).exists()]
        assert not missing, f"{name}: {missing}"
        assert paths or here.startswith("dropped, because"), name
        # A folder without a file is no room.
        assert all(any((recipe_service / path).rglob("*")) for path in paths if path.endswith("/"))


def test_what_was_dropped_is_gone(recipe_service: Path) -> None:
    dropped = [
        name
        for row, here in table(PAGE, "in the recipe")
        if here.startswith("dropped")
        for name in code(row)
        if name != "app/"
    ]

    assert dropped
    assert [name for name in dropped if (recipe_service / name).exists()] == []


@pytest.fixture(scope="module")
def facts(recipe_service: Path) -> dict[str, Any]:
    """What the application of a generated service is really set to."""
    done = run(["python", "-c", SETTINGS], recipe_service, ENV_FILE="")
    assert done.returncode == 0, done.stdout
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def text_of(service: Path, pattern: str) -> str:
    """Return the text of all files of a service that match."""
    files = [file for file in service.rglob(pattern) if file.is_file()]
    assert files, pattern
    return "\n".join(file.read_text() for file in files)


Check = Callable[[Path, dict[str, Any]], bool]


def _report_ends(service: Path, _: dict[str, Any]) -> bool:
    files = ("app/tasks/reports.py", "app/workflows/reports_mail.py")
    source = "\n".join((service / file).read_text() for file in files)
    sending = r"\b(daily|daily_mail|custom)\.(s|si|delay|apply_async)\(|chain\("
    return not re.search(sending, source)


def _queues_follow_the_types(service: Path, facts: dict[str, Any]) -> bool:
    types = [file.stem for file in (service / "app/tasks").glob("[!_]*.py")]
    commands = [
        line
        for line in text_of(service, "start_worker.sh").splitlines()
        if not line.startswith("#")
    ]
    queues = [*(f"example.{name}" for name in types), "example.email.urgent"]
    return facts["queues"] == sorted(queues) and not any(
        queue in line for queue in facts["queues"] for line in commands
    )


def _flower_has_a_password(service: Path, _: dict[str, Any]) -> bool:
    made = run(["make", "env"], service)
    assert made.returncode == 0, made.stdout
    found = re.search(r"^FLOWER_BASIC_AUTH=admin:(\S+)$", text_of(service, ".env"), re.MULTILINE)
    scripts = text_of(service, "*.sh") + text_of(service, "compose.yaml")
    return bool(found and len(found[1]) > 20) and "--basic_auth" not in scripts


def _nothing_is_unused(service: Path, _: dict[str, Any]) -> bool:
    """Here for mail and databases; tests/render looks at every package of every combination."""
    project = text_of(service, "pyproject.toml")
    return not re.search("sqlalchemy|psycopg|pytest-celery|==", project)


FAULTS: dict[str, Check] = {
    "task_max_retries": lambda _, facts: facts["refused"],
    "begins with itself": _report_ends,
    "a dictionary as": lambda _, facts: not {"dict", "str"} & set(facts["schedules"]),
    "update_state": lambda service, _: 'state="FAILURE"' not in text_of(service, "*.py"),
    "retry on every": lambda _, facts: (
        facts["retried"]
        == ["TransientError", "ConnectionError", "TimeoutError", "OperationalError"]
    ),
    "pauses without": lambda _, facts: facts["jitter"] and 0 < facts["backoff_max"] <= 3600,
    "queues in the start script": _queues_follow_the_types,
    "one Redis database": lambda _, facts: len(set(facts["servers"])) == 2,
    "no visibility timeout": lambda _, facts: (
        facts["visibility_timeout"] >= 3 * max(*facts["limits"], facts["backoff_max"])
    ),
    "inspect ping": lambda service, _: (
        "inspect" not in text_of(service, "compose.yaml") + text_of(service, "Dockerfile")
    ),
    "--basic_auth=": _flower_has_a_password,
    "packages for databases": _nothing_is_unused,
}
"""What begins or marks the row of each fault, and what a service without it is like."""


@pytest.mark.parametrize("mark", FAULTS)
def test_a_fault_of_the_recipe_is_not_ours(
    mark: str, recipe_service: Path, facts: dict[str, Any]
) -> None:
    assert FAULTS[mark](recipe_service, facts)


def test_every_fault_in_the_table_is_looked_for() -> None:
    faults = PAGE.read_text().partition("## What does not carry over")[2]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$", faults, re.MULTILINE)

    unmatched = [row for row in rows if not any(mark in row for mark in FAULTS)]
    assert unmatched == ["in the recipe"]
    assert len(rows) - 1 == len(FAULTS)
