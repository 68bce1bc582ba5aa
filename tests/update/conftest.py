"""A template and services that tests may change, made once and then copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import hurry_copier, template_copy
from tests.update.releases import Stock
from tests.update.services import (
    Factory,
    Template,
    git,
    share_checkouts,
)

hurry_copier()
share_checkouts()


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let mypy read the packages that all services have once, not for each of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.mktemp("mypy")))
        yield


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it is now, released as 1.0.0, for copies of it."""
    folder = tmp_path_factory.mktemp("template") / "template"
    shutil.copytree(template_copy(), folder)
    git(folder, "init", "--quiet")
    Template(folder).release("1.0.0")
    return folder


@pytest.fixture
def template(first_release: Path, tmp_path: Path) -> Template:
    """The template as it is now, released as 1.0.0."""
    return Template(shutil.copytree(first_release, tmp_path / "template"))


@pytest.fixture
def generate(template: Template, tmp_path: Path) -> Factory:
    """Make services."""
    return Factory(template, tmp_path)


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Services from all releases."""
    return Stock(tmp_path_factory.mktemp("stock"))
