"""The hooks of services check what is committed, in each layout, by prek and by pre-commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import render, run
from tests.update.services import commit_all, git

SMALL: dict[str, str | bool] = {"task_types": "orders", "beat": False, "flower": False}

BADLY_FORMATTED = "answer = [  42 ]\n"
FORMATTED = "answer = [42]\n"
WRONG = "import os\nanswer: int = undefined_name\n"
"""What ruff finds fault with and cannot mend."""

RUNNERS = (("prek", "run", "--all-files"), ("pre-commit", "run", "--all-files"))


def service(repository: Path, name: str, layout: str = "standalone") -> Path:
    """Render a service with the tools that `make install` would install, and return its folder."""
    render(repository, {**SMALL, "service_name": name, "layout": layout})
    folder = repository / "services" / name if layout == "monorepo" else repository
    (folder / ".venv").symlink_to(sys.prefix)
    with (folder / ".gitignore").open("a") as ignored:
        # A link is no folder.
        ignored.write(".venv\n")
    return folder


@pytest.fixture
def standalone(tmp_path: Path) -> Path:
    """A service in a repository of its own."""
    folder = service(tmp_path / "shop", "worker-celery-shop")
    git(folder, "init", "--quiet")
    commit_all(folder, "A service")
    return folder


@pytest.fixture
def monorepo(tmp_path: Path) -> Path:
    """A repository with two services."""
    repository = tmp_path / "repository"
    for name in ("worker-celery-shop", "worker-celery-mail"):
        service(repository, name, "monorepo")
    git(repository, "init", "--quiet")
    commit_all(repository, "Two services")
    return repository


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the runners keep stays here."""
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek"))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))


def install(folder: Path) -> None:
    """Install the hooks as a developer does."""
    done = run(["make", "hooks", f"PYTHON={sys.executable}"], folder)
    assert done.returncode == 0, done.stdout


def commit(folder: Path) -> subprocess.CompletedProcess[str]:
    """Commit everything, with the environment of an editor: no tool of ours is in its path."""
    git(folder, "add", "--all")
    path = os.pathsep.join(
        part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(sys.prefix)
    )
    identity = ["-c", "user.name=Owner", "-c", "user.email=owner@example.com"]
    return subprocess.run(
        ["git", *identity, "commit", "--message", "A change"],
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner[0])
def test_a_new_service_passes(standalone: Path, runner: tuple[str, ...]) -> None:
    done = run([*runner], standalone)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Passed") == 4
    assert git(standalone, "status", "--porcelain") == ""


@pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner[0])
def test_what_is_badly_formatted_is_mended(standalone: Path, runner: tuple[str, ...]) -> None:
    module = standalone / "app/settings.py"
    module.write_text(module.read_text() + f"\n{BADLY_FORMATTED}")
    git(standalone, "add", "--all")

    done = run([*runner], standalone)

    assert done.returncode == 1
    assert module.read_text().endswith(f"\n{FORMATTED}")


def test_the_tools_may_be_in_an_environment_elsewhere(standalone: Path) -> None:
    (standalone / ".venv").unlink()

    done = run(["prek", "run", "--all-files"], standalone, VENV=sys.prefix)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Passed") == 4


def test_types_are_checked_on_demand(standalone: Path) -> None:
    config = (standalone / ".pre-commit-config.yaml").read_text()
    hook = run(["prek", "run", "--all-files", "--stage", "manual", "--dry-run"], standalone)

    assert "stages: [manual]" in config
    assert "mypy" in hook.stdout


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("app/settings.py", WRONG, "undefined_name"),
        ("scripts/start_worker.sh", "echo $1\n", "SC2086"),
        ("local.mk", "<<<<<<< before updating\n", "leftover conflict marker"),
        ("local.mk", "hello:   \n", "trailing whitespace"),
    ],
)
def test_a_commit_with_a_fault_is_refused(
    standalone: Path, file: str, text: str, found: str
) -> None:
    install(standalone)
    with (standalone / file).open("a") as changed:
        changed.write(f"\n{text}")

    done = commit(standalone)

    assert done.returncode == 1
    assert found in done.stdout
    assert git(standalone, "log", "--format=%s").splitlines() == ["A service"]


def test_a_good_commit_passes(standalone: Path) -> None:
    install(standalone)
    (standalone / "app/answer.py").write_text(FORMATTED)

    done = commit(standalone)

    assert done.returncode == 0, done.stdout


def test_in_a_repository_of_services_each_is_checked_by_its_own_hooks(monorepo: Path) -> None:
    install(monorepo / "services/worker-celery-shop")
    for folder in (monorepo / "services").iterdir():
        (folder / "app/answer.py").write_text(WRONG)

    done = commit(monorepo)

    assert done.returncode == 1
    assert re.findall(r"services/\S+", done.stdout) == [
        "services/worker-celery-mail",
        "services/worker-celery-shop",
    ]
