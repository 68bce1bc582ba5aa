"""The pages hold together: links lead somewhere, examples parse, the release is described."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import PAGES, blocks, prose
from tests.harness import ROOT


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_examples_parse(page: Path) -> None:
    for text in blocks(page, "python"):
        ast.parse(text)
    for text in blocks(page, "json"):
        assert json.loads(text)
    for text in blocks(page, "yaml"):
        assert yaml.safe_load(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_block_says_what_it_is(page: Path) -> None:
    fences = re.findall(r"^ *```(\w*)$", page.read_text(), re.MULTILINE)

    assert set(fences[::2]) <= {"console", "json", "python", "sh", "text", "yaml"}
    assert set(fences[1::2]) <= {""}


def test_every_page_of_the_guide_can_be_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    pages = [str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")]

    assert pages
    assert [page for page in pages if f"({page})" not in readme] == []


def test_the_changelog_begins_with_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    releases = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert releases[0] == version


def test_the_supported_pythons_are_those_of_question_and_workflow() -> None:
    offered = yaml.safe_load((ROOT / "copier.yml").read_text())["python_version"]["choices"]
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())

    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == offered
    assert f"| Python | {', '.join(offered)} |" in (ROOT / "README.md").read_text()
