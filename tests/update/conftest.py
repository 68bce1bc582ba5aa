"""Services in Git that follow a template in Git, as those of users do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import copier
import pytest
from copier import VcsRef

from tests.harness import TEMPLATE_PARTS, share_compiled_templates, template_copy

share_compiled_templates()


def git(folder: Path, *arguments: str) -> str:
    """Run Git in a folder and return what it prints."""
    identity = ("-c", "user.name=Owner", "-c", "user.email=owner@example.com")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


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


@dataclass(frozen=True)
class Service:
    """A generated service in a repository of its own."""

    folder: Path

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
        commit_all(self.folder, "Owner's work")

    def update(self, to: str | VcsRef | None = None, **data: str | bool) -> None:
        """Take in a release: the newest, unless another one is named."""
        copier.run_update(
            self.folder,
            data=data,
            defaults=True,
            overwrite=True,
            unsafe=True,
            quiet=True,
            vcs_ref=to,
        )

    def files(self) -> dict[str, str]:
        """Return all files with their text, without Git's, Python's and the record of answers."""
        return {
            str(file.relative_to(self.folder)): file.read_text()
            for file in sorted(self.folder.rglob("*"))
            if file.is_file() and not {".git", "__pycache__"} & set(file.parts)
            if file.name != ".copier-answers.yml"
        }

    def changes(self) -> list[str]:
        """Return Git's short status of what an update did."""
        return git(self.folder, "status", "--porcelain").splitlines()


@pytest.fixture
def template(tmp_path: Path) -> Template:
    """The template as it is now, released as 1.0.0."""
    folder = tmp_path / "template"
    folder.mkdir()
    for part in TEMPLATE_PARTS:
        source = template_copy() / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    git(folder, "init", "--quiet")
    template = Template(folder)
    template.release("1.0.0")
    return template


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
        service = Service(folder)
        service.commit()
        return service


@pytest.fixture
def generate(template: Template, tmp_path: Path) -> Factory:
    """Make services."""
    return Factory(template, tmp_path)
