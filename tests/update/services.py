"""Services in Git that follow a template in Git, as those of users do."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import copier._main
import copier._template
from copier import VcsRef
from pathspec import PathSpec

from tests.harness import service_folder


def git(folder: Path, *arguments: str) -> str:
    """Run Git in a folder and return what it prints."""
    identity = ("-c", "user.name=Owner", "-c", "user.email=owner@example.com")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@cache
def share_checkouts() -> None:
    """Check each version of a template out once for all runs of this process, not five times a run.

    A version is a commit and the tag that it is called by.
    """
    check_out = copier._template.clone  # type: ignore[attr-defined]
    root = Path(tempfile.mkdtemp(prefix="checkouts-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)

    def check_out_once(url: str, ref: str = "HEAD", location: str | None = None) -> str:
        version = git(
            Path(url), "describe", "--tags", "--always", "--long", "--abbrev=40", ref
        ).strip()
        if not (root / version).exists():
            check_out(url, ref, str(root / version))
        return str(root / version)

    copier._template.clone = check_out_once  # type: ignore[attr-defined]


def commit_all(folder: Path, message: str) -> None:
    """Commit everything in a folder."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


@dataclass(frozen=True)
class Template:
    """A repository that holds the template, with releases of the test's own."""

    folder: Path

    def release(self, version: str) -> None:
        """Commit and tag what is there."""
        commit_all(self.folder, version)
        git(self.folder, "tag", version)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the template."""
        path = self.folder / "template" / "{{ service.root }}" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


class State(NamedTuple):
    """A file as it is."""

    content: bytes
    executable: bool


States = dict[str, State]

ROOMS = (
    "/app/settings.py",
    "/app/hooks.py",
    "/app/schedule.py",
    "/app/tasks/*.py",
    "/app/services/*.py",
    "/app/schemas/*.py",
    "/app/clients/*.py",
    "/app/workflows/*.py",
    "/app/models/*.py",
    "/app/repositories/*.py",
    "/migrations/versions/*.py",
    "/tests/unit/*.py",
    "/tests/integration/*.py",
    "/tests/clients/*.py",
    "/tests/workflows/*.py",
    "/compose.override.yaml",
    "/local.mk",
    "/deploy/kubernetes/overlays/*/*",
    "/renovate.json",
    "!__init__.py",
)
"""What belongs to the owners. It is a promise: not read from copier.yml, which has to keep it."""

SHARED_ROOMS = {
    "../../.gitlab-ci.yml",
    "../../.pre-commit-config.yaml",
    "../../compose.yaml",
    "../../renovate.json",
}
"""The same at the root of a repository of several services, from the folder of one."""


def different(one: States, other: States) -> list[str]:
    """Return the files in which two services, or two states of one, differ."""
    return sorted(file for file in one.keys() | other.keys() if one.get(file) != other.get(file))


@dataclass(frozen=True)
class Service:
    """A generated service in a repository of its own, or in `services/` of one.

    Files are named from its folder: those at the root of a repository of several are `../../...`.
    """

    folder: Path

    @property
    def repository(self) -> Path:
        """The folder of its repository."""
        return self.folder.parent.parent if self.is_one_of_several else self.folder

    @property
    def is_one_of_several(self) -> bool:
        """Whether its repository is laid out for several services."""
        return (self.folder.parent.parent / self._record_of_several).exists()

    @property
    def record(self) -> str:
        """The file with its answers, in the repository."""
        return self._record_of_several if self.is_one_of_several else ".copier-answers.yml"

    @property
    def _record_of_several(self) -> str:
        return f".copier-answers.{self.folder.name}.yml"

    def copy(self, folder: Path) -> Service:
        """Copy its repository, and return the service in there."""
        shutil.copytree(self.repository, folder)
        return Service(folder / self.folder.relative_to(self.repository))

    def read(self, file: str) -> str:
        """Return the text of a file."""
        return (self.folder / file).read_text()

    def write(self, file: str, text: str) -> None:
        """Replace a file, as an owner would."""
        (self.folder / file).write_text(text)

    def exists(self, file: str) -> bool:
        """Tell whether a file is there."""
        return (self.folder / file).exists()

    def commit(self) -> None:
        """Commit what the owner did."""
        commit_all(self.repository, "Owner's work")

    def update(self, to: str | VcsRef | None = None, **data: str | bool) -> None:
        """Take in a release: the newest, unless another one is named."""
        copier.run_update(
            self.repository,
            answers_file=self.record if self.is_one_of_several else None,
            data=data,
            defaults=True,
            overwrite=True,
            unsafe=True,
            quiet=True,
            vcs_ref=to,
        )

    def files(self) -> dict[str, str]:
        """Return all files with their text, without Git's, Python's and the record of answers."""
        return {name: file.read_text() for name, file in self._files() if not is_record(name)}

    def states(self) -> States:
        """Return all files as they are, byte for byte, without Git's and Python's."""
        return {
            name: State(file.read_bytes(), bool(file.stat().st_mode & 0o100))
            for name, file in self._files()
        }

    def _files(self) -> Iterator[tuple[str, Path]]:
        for file in sorted(self.repository.rglob("*")):
            if file.is_file() and not {".git", "__pycache__"} & set(file.parts):
                yield os.path.relpath(file, self.folder), file

    def conflicts(self) -> list[str]:
        """Return what an update could not merge."""
        unmerged = git(self.repository, "diff", "--name-only", "--diff-filter=U").splitlines()
        marked = [
            file
            for file, state in self.states().items()
            if b"<<<<<<< before updating" in state.content.splitlines() or file.endswith(".rej")
        ]
        return sorted({*unmerged, *marked})

    def changes(self) -> list[str]:
        """Return Git's short status of what an update did."""
        return git(self.repository, "status", "--porcelain").splitlines()


def theirs(files: Iterable[str]) -> set[str]:
    """Return those files that belong to the owners."""
    files = set(files)
    own = {file for file in files if not file.startswith("../")}
    return {*PathSpec.from_lines("gitignore", ROOMS).match_files(own), *(files & SHARED_ROOMS)}


def is_record(file: str) -> bool:
    """Tell whether a file records answers: it names release and template, so no two are equal."""
    return Path(file).name.startswith(".copier-answers.")


class Factory:
    """Generates services from one template."""

    def __init__(self, template: Template, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._made = 0

    def __call__(
        self, answers: Mapping[str, str | bool] | None = None, version: str = "1.0.0"
    ) -> Service:
        """Generate a service and commit it."""
        self._made += 1
        folder = self._folder / f"service{self._made}"
        copier.run_copy(
            str(self._template.folder),
            folder,
            data={"service_name": "worker-celery-shop"} | dict(answers or {}),
            defaults=True,
            unsafe=True,
            quiet=True,
            vcs_ref=version,
        )
        git(folder, "init", "--quiet")
        service = Service(service_folder(folder, answers or {}))
        service.commit()
        return service
