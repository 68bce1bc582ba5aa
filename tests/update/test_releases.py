"""A service made from any release takes in the template as it is now."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness import ROOT, TEMPLATE_PARTS, template_copy
from tests.update.conftest import Factory, Template, git

NOW = "999.0.0"
"""What the working tree is called as a release: newer than all others."""

SHAPES: list[dict[str, str | bool]] = [
    {},
    {
        "task_types": "orders, email",
        "broker": "rabbitmq",
        "result_backend": "database",
        "external_apis": "payments=https://payments.example",
    },
]


def releases() -> list[tuple[str, str]]:
    """Return version and commit of every release, oldest first."""
    lines = (ROOT / "releases.txt").read_text().splitlines()
    entries = [line.split() for line in lines if line and not line.startswith("#")]
    return [(version, commit) for version, commit in entries]


@pytest.fixture
def template(tmp_path: Path) -> Template:
    """A clone with the tags of all releases, and the working tree as the newest one."""
    folder = tmp_path / "template"
    git(tmp_path, "clone", "--quiet", "--no-tags", str(ROOT), str(folder))
    for version, commit in releases():
        try:
            git(folder, "tag", version, commit)
        except subprocess.CalledProcessError:
            pytest.fail(f"the commit of release {version} is missing: fetch the whole history")
    for part in TEMPLATE_PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
        copy = shutil.copytree if (template_copy() / part).is_dir() else shutil.copy
        copy(template_copy() / part, folder / part)
    template = Template(folder)
    template.release(NOW)
    return template


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take the last two releases in all shapes and the oldest in one; with --full, everything."""
    versions = [version for version, _ in releases()]
    recent = versions if metafunc.config.getoption("full") else versions[-2:]
    cases = [(version, answers) for version in recent for answers in SHAPES]
    if versions[0] not in recent:
        cases.append((versions[0], SHAPES[0]))
    metafunc.parametrize(("version", "answers"), cases, ids=str)


def test_an_untouched_service_becomes_what_a_new_one_is(
    version: str, answers: dict[str, str | bool], generate: Factory
) -> None:
    service = generate(answers, version)
    fresh = generate(answers, NOW)

    service.update()

    assert [line for line in service.changes() if line.startswith("U")] == []
    after = service.files()
    assert {file: text for file, text in after.items() if is_ours(file)} == {
        file: text for file, text in fresh.files().items() if is_ours(file)
    }


def is_ours(file: str) -> bool:
    """Tell whether a file comes from the template and gets its fixes."""
    rooms = ("app/tasks/", "app/services/", "app/schemas/", "app/clients/", "app/workflows/")
    tests = ("tests/unit/", "tests/integration/", "tests/clients/", "tests/workflows/")
    single = (
        "app/settings.py",
        "app/hooks.py",
        "app/schedule.py",
        "compose.override.yaml",
        "local.mk",
    )
    return file.endswith("__init__.py") or not (
        file in single or file.startswith(rooms) or file.startswith(tests)
    )
