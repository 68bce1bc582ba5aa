"""`make release` makes a release whose notes speak to owners, or changes nothing and says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import ROOT

PARTS = ("CHANGELOG.md", "Makefile", "pyproject.toml", "release", "releases.txt")

NOTES = {
    "release.summary": "What this release is.",
    "queues.before": "**RabbitMQ**: delete the queues.\nThey come back.",
    "speed.ours": "Workers start faster.",
    "look.ours": "`make updates`.",
    "mails.yours": "Mails are shorter.",
}

ENTRY = """\
## 99.0.0

What this release is.

Before you update:

- **RabbitMQ**: delete the queues.
  They come back.

Ours:

- `make updates`.
- Workers start faster.

Yours, for new services and newly added task types:

- Mails are shorter.

## """


@dataclass(frozen=True)
class Clone:
    """A clone of this repository as it is now."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """Run Git and return what it prints."""
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Work")

    def take_notes(self, notes: dict[str, str]) -> None:
        """Let these be all notes of the release to come, committed."""
        shutil.rmtree(self.folder / "changes", ignore_errors=True)
        (self.folder / "changes").mkdir()
        for name, text in notes.items():
            (self.folder / f"changes/{name}.md").write_text(f"{text}\n")
        self.commit()

    def release(self, version: str = "99.0.0", *options: str) -> subprocess.CompletedProcess[str]:
        """Do what `make release` does."""
        return subprocess.run(
            [sys.executable, "-m", "release", version, *options],
            cwd=self.folder,
            env={**os.environ, "MAKEFLAGS": ""},
            check=False,
            capture_output=True,
            text=True,
        )

    def refusal(self, version: str = "99.0.0", *options: str) -> str:
        """Return why a release is not made, having seen that nothing was changed."""
        before = self.state()
        done = self.release(version, *options)
        assert done.returncode
        assert self.state() == before
        _, said, reasons = done.stderr.partition("Nothing is released and nothing was changed:")
        assert said
        return reasons

    def state(self) -> list[str]:
        """Return commit, tags and what is not committed."""
        return [self.git("rev-parse", "HEAD"), self.git("tag"), self.git("status", "--porcelain")]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone with notes of all kinds."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Maintainer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "maintainer@example.com")
    clone = Clone(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", "--no-tags", ROOT, clone.folder], check=True)
    for part in PARTS:
        copy = shutil.copy if (ROOT / part).is_file() else shutil.copytree
        shutil.rmtree(clone.folder / part, ignore_errors=True)
        copy(ROOT / part, clone.folder / part)
    clone.take_notes(NOTES)
    return clone


def test_a_release_is_written_committed_listed_and_tagged(clone: Clone) -> None:
    done = clone.release("99.0.0", "--without-tests")

    assert done.returncode == 0, done.stderr
    assert clone.git("status", "--porcelain") == ""
    intro, _, entries = (clone.folder / "CHANGELOG.md").read_text().partition("-->\n\n")
    assert intro.startswith("# Changes\n")
    assert entries.startswith(ENTRY)
    assert clone.git("ls-files", "changes") == ""
    project = tomllib.loads((clone.folder / "pyproject.toml").read_text())
    assert project["project"]["version"] == "99.0.0"
    commit = clone.git("rev-parse", "HEAD~")
    assert (clone.folder / "releases.txt").read_text().endswith(f"\n99.0.0 {commit}\n")
    assert clone.git("rev-parse", "99.0.0") == commit
    assert "0.1.0" in clone.git("tag")


def test_the_next_release_comes_before_it(clone: Clone) -> None:
    clone.release("99.0.0", "--without-tests")
    clone.take_notes(NOTES)

    done = clone.release("99.1.0", "--without-tests")

    assert done.returncode == 0, done.stderr
    changes = (clone.folder / "CHANGELOG.md").read_text()
    assert f"-->\n\n{ENTRY.replace('99.0.0', '99.1.0')}99.0.0\n\nWhat this" in changes


@pytest.mark.parametrize("kind", ["summary", "before", "ours"])
def test_a_release_without_notes_is_refused(kind: str, clone: Clone) -> None:
    kept = {
        name: text
        for name, text in NOTES.items()
        if not name.endswith(kind) and (kind, name) != ("ours", "mails.yours")
    }
    clone.take_notes(kept)

    assert f"there is no note of the kind {kind}: write " in clone.refusal()


def test_a_release_without_any_note_is_refused(clone: Clone) -> None:
    shutil.rmtree(clone.folder / "changes")
    clone.commit()

    assert "there is no note of the kind before" in clone.refusal()


def test_that_there_is_nothing_to_do_has_to_be_said(clone: Clone) -> None:
    clone.take_notes({**NOTES, "queues.before": "Nothing to do."})

    done = clone.release("99.0.0", "--without-tests")

    assert done.returncode == 0, done.stderr
    changes = (clone.folder / "CHANGELOG.md").read_text()
    assert "Before you update:\n\n- Nothing to do.\n\nOurs:" in changes


@pytest.mark.parametrize("name", ["speed.theirs", "speed", "Speed.ours"])
def test_a_note_of_an_unknown_kind_is_refused(name: str, clone: Clone) -> None:
    clone.take_notes({**NOTES, name: "Something."})

    assert f"changes/{name}.md is not a note: " in clone.refusal()


def test_an_empty_note_is_refused(clone: Clone) -> None:
    clone.take_notes({**NOTES, "speed.ours": ""})

    assert "changes/speed.ours.md is empty" in clone.refusal()


@pytest.mark.parametrize("version", ["0.4.0", "0.3.9", "v99", "99.0.0-rc1", ""])
def test_a_version_that_is_not_a_newer_one_is_refused(version: str, clone: Clone) -> None:
    reasons = clone.refusal(version)

    assert "is not newer than the last release" in reasons or "is no version" in reasons


def test_work_that_is_not_committed_is_refused(clone: Clone) -> None:
    (clone.folder / "README.md").write_text("# Half done\n")

    assert "there is work that is not committed" in clone.refusal()


def test_everything_that_is_wrong_is_told_at_once(clone: Clone) -> None:
    clone.take_notes({"speed.ours": "Workers start faster."})
    (clone.folder / "README.md").write_text("# Half done\n")

    assert len(clone.refusal("0.0.1").splitlines()) == len(
        ["", "not newer", "not committed", "no summary", "no before"]
    )


@pytest.mark.parametrize("broken", ["test-all", "tags"])
def test_a_step_that_fails_leaves_everything_as_it_was(broken: str, clone: Clone) -> None:
    makefile = clone.folder / "Makefile"
    makefile.write_text(f"test-all tags:\n\t@test $@ != {broken}\n")
    clone.commit()

    assert "fail" in clone.refusal()
