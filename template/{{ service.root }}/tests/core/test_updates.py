"""`make updates` shows what an update would change, and changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.place import ANSWERS, REPOSITORY

RECORD = "_commit: 1.0.0\n_src_path: gh:somebody/template\nservice_name: worker-celery-shop\n"

COPIER = """\
#!/bin/sh
PATH=/usr/bin:/bin
case $1 in
    check-update) exit {check} ;;
    update) {update} ;;
esac
"""
UPDATE = f"""
    printf 'Notes of %s.\\n' "$*"
    for folder; do :; done
    cd "$folder" && sed -i.bak s/1.0.0/2.0.0/ {ANSWERS} && rm {ANSWERS}.bak
    echo 'x = 1' > new.py
"""


class Place:
    """A small service in Git, and the programs that are installed beside it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.repository = (folder / REPOSITORY).resolve()
        self.programs = programs

    def install_copier(self, check: int = 2, update: str = UPDATE) -> None:
        """Put a program where Copier would be.

        Args:
            check: what it exits with when asked for a newer version: 2 means there is one.
            update: the commands of an update. The last argument is the folder.
        """
        program = self.programs / "copier"
        program.write_text(COPIER.format(check=check, update=update))
        program.chmod(0o755)

    def git(self, *arguments: str) -> str:
        """Run Git and return what it prints."""
        identity = ("-c", "user.name=Owner", "-c", "user.email=owner@example.com")
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=self.repository, check=True, capture_output=True, text=True
        ).stdout

    def updates(self, version: str = "", exit_code: int = 0) -> str:
        """Do what `make updates` does, and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "dev.updates", version],
            cwd=self.folder,
            env={**os.environ, "PATH": str(self.programs)},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == exit_code, done.stdout
        return done.stdout


@pytest.fixture
def place(service_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """This service, committed, with Git and Copier."""
    programs = tmp_path_factory.mktemp("programs")
    git = shutil.which("git")
    assert git, "Git is not installed"
    (programs / "git").symlink_to(git)
    place = Place(service_copy, programs)
    place.install_copier()
    (place.repository / ANSWERS).write_text(RECORD)
    (place.repository / ".gitignore").write_text("__pycache__/\n")
    place.git("init", "--quiet")
    place.git("add", "--all")
    place.git("commit", "--quiet", "--message", "Create the service")
    return place


def test_an_update_is_shown_and_not_made(place: Place) -> None:
    (place.folder / "app/hooks.py").write_text("# not committed\n")
    before = place.git("status", "--porcelain")

    shown = place.updates()

    assert shown.startswith("What is not committed is left out here")
    assert "From 1.0.0 to 2.0.0." in shown
    assert "--defaults" in shown
    assert "2 files changed" in shown
    assert "\n+_commit: 2.0.0\n" in shown
    assert "\n+x = 1\n" in shown
    assert "not committed\n" not in shown.partition("\n")[2]
    assert place.git("status", "--porcelain") == before


def test_an_update_to_a_named_version_is_shown(place: Place) -> None:
    place.install_copier(check=0)

    assert "--vcs-ref=2.0.0 --defaults" in place.updates("2.0.0")


def test_a_service_in_a_folder_of_a_larger_repository_is_shown(place: Place) -> None:
    inner = place.repository / "inner"
    names = [path.name for path in place.repository.iterdir() if path.name != ".git"]
    inner.mkdir()
    place.git("mv", *names, "inner")
    place.git("commit", "--quiet", "--message", "Move")

    folder = inner / place.folder.relative_to(place.repository)
    shown = Place(folder, place.programs).updates()

    assert "diff --git a/new.py b/new.py" in shown


def test_where_nothing_is_newer_there_is_nothing_to_show(place: Place) -> None:
    place.install_copier(check=0)

    assert place.updates() == "The service is up to date: 1.0.0.\n"


def test_why_an_update_would_be_refused_is_said(place: Place) -> None:
    place.install_copier(update="echo 'This would delete app/tasks/orders.py' >&2; exit 1")

    assert "take place:\nThis would delete app/tasks/orders.py" in place.updates(exit_code=1)


def test_what_git_says_about_a_template_that_is_away_is_said(place: Place) -> None:
    place.install_copier(
        update="""
    echo 'Traceback (most recent call last):' >&2
    echo 'Stderr: | fatal: Could not read from remote repository.' >&2
    echo '        | and the repository exists.' >&2
    exit 1"""
    )

    assert "take place:\nfatal: Could not read from remote repository.\n" in place.updates(
        exit_code=1
    )


def without_copier(place: Place) -> None:
    (place.programs / "copier").unlink()


def without_git(place: Place) -> None:
    (place.programs / "git").unlink()


def without_commit(place: Place) -> None:
    shutil.rmtree(place.repository / ".git")


def without_template(place: Place) -> None:
    answers = place.repository / ANSWERS
    answers.write_text(RECORD.replace("gh:somebody/template", "../somewhere/template"))


@pytest.mark.parametrize(
    ("remove", "advice"),
    [
        (without_copier, "Copier is not installed: uv tool install copier"),
        (without_git, "Git is not installed"),
        (without_commit, "git init && git add . && git commit"),
        (without_template, "The template is not at ../somewhere/template"),
    ],
)
def test_what_is_missing_is_said(
    remove: Callable[[Place], None], advice: str, place: Place
) -> None:
    remove(place)

    assert advice in place.updates(exit_code=1)
