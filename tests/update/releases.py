"""The releases of this template, and services made from them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests import matrix
from tests.harness import ROOT, Answers, questions, template_copy
from tests.update.services import Factory, Service, States, Template, git

NOW = "999.0.0"
"""What the working tree is called as a release: newer than all others."""

PARENT = "HEAD~"
"""What users have who follow the branch: the commit before this one."""

BY_PAIRS = matrix.shapes()

OF_SEVERAL = matrix.in_turn(layout="monorepo")
"""What the commit before this one is updated in. Releases that know no such layout are not."""

SHAPES = [*BY_PAIRS, *OF_SEVERAL]


def releases(root: Path = ROOT) -> dict[str, str]:
    """Return the commit of every release, oldest first, and of what was there before this one."""
    lines = (root / "releases.txt").read_text().splitlines()
    commits = dict(line.split() for line in lines if line and not line.startswith("#"))
    return commits | {PARENT: PARENT}


def commit_of(version: str, root: Path = ROOT) -> str:
    """Return the commit of a release.

    Raises:
        pytest.fail.Exception: when this clone is too shallow to have it.
    """
    name = f"{releases(root)[version]}^{{commit}}"
    try:
        return git(root, "rev-parse", "--verify", "--quiet", name).strip()
    except subprocess.CalledProcessError:
        pytest.fail(
            f"the commit of {version} is not in this clone: fetch the whole history, by"
            " `git fetch --unshallow` or, in a workflow, by `fetch-depth: 0`"
        )


def all_releases(folder: Path) -> Template:
    """Clone this repository, with a tag for each release and the working tree as the newest one."""
    git(folder.parent, "clone", "--quiet", "--no-tags", str(ROOT), str(folder))
    for version in releases():
        if version != PARENT:
            git(folder, "tag", version, commit_of(version))
    for part in template_copy().iterdir():
        if part.is_dir():
            shutil.rmtree(folder / part.name, ignore_errors=True)
            shutil.copytree(part, folder / part.name)
        else:
            shutil.copy(part, folder / part.name)
    template = Template(folder)
    template.release(NOW)
    return template


class Stock:
    """Services from all releases, each generated once and then copied."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template"
        self._generate = Factory(all_releases(self._template), folder)
        self._made: dict[tuple[str, ...], Service] = {}

    def service(self, version: str, answers: Answers, folder: Path) -> Service:
        """Return a service of a release, of which nobody else has the files."""
        return self._one(version, answers).copy(folder)

    def news(self, version: str, answers: Answers) -> dict[str, str | bool]:
        """Return the answers to questions that a release does not have: they come by its update."""
        return {name: answers[name] for name in answers.keys() - questions_of(version)}

    def fresh(self, answers: Answers) -> States:
        """Return the files of a service that is made from the working tree."""
        return self._one(NOW, answers).states()

    def _one(self, version: str, answers: Answers) -> Service:
        known = {name: answers[name] for name in answers.keys() & questions_of(version)}
        key = (version, str(sorted(known.items())))
        if key not in self._made:
            self._made[key] = self._generate(known, self._commit(version))
        return self._made[key]

    def _commit(self, version: str) -> str:
        return commit_of(version) if version == PARENT else version


@cache
def questions_of(version: str) -> set[str]:
    """Return the names of the questions of a release, or of the working tree."""
    if version == NOW:
        return set(questions())
    return set(yaml.safe_load(git(ROOT, "show", f"{commit_of(version)}:copier.yml")))


def possible(version: str, shape: int) -> Answers:
    """Return the answers with which a service of a release is updated.

    An update moves no service, so one that is older than the question stays where it is.
    """
    if "layout" in questions_of(version):
        return SHAPES[shape]
    return SHAPES[shape] | {"layout": "standalone"}


def cases(*, full: bool, back: int) -> Iterator[tuple[str, int]]:
    """Yield which releases are updated in which shapes.

    One of the newest in all of them, the oldest in one, and what was there before this commit in a
    few; with --full, every release in every shape.

    Args:
        full: whether it is.
        back: which one of the newest: 1 for the last.
    """
    *versions, parent = releases()
    for version in versions:
        every = full or version == versions[-back]
        number = len(BY_PAIRS) if every else int(version == versions[0])
        yield from ((version, shape) for shape in range(number))
    yield from ((parent, shape) for shape in range(len(BY_PAIRS), len(SHAPES)))


def in_all_cases(metafunc: pytest.Metafunc, back: int) -> None:
    """Run each test of a module that asks for a version and answers in all cases."""
    if {"version", "answers"} <= set(metafunc.fixturenames):
        chosen = list(cases(full=metafunc.config.getoption("full"), back=back))
        metafunc.parametrize(
            ("version", "answers"),
            [(version, possible(version, shape)) for version, shape in chosen],
            ids=[f"{version}-{shape}-{matrix.name(SHAPES[shape])}" for version, shape in chosen],
        )
