"""Reads the pages of this repository."""

from __future__ import annotations

import re
from pathlib import Path

from tests.harness import ROOT

TEMPLATE_URL = "gh:OWNER/copier-celery-worker"
"""What stands in the pages for the location of this repository."""

GUIDE = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
"""The pages for users."""

EXAMPLES = sorted((ROOT / "docs/examples").glob("*.md"))
"""The pages that `make examples` writes. tests/docs/test_examples.py runs their commands."""

PAGES = [
    *GUIDE,
    *EXAMPLES,
    *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")),
]

NEWCOMER = re.compile(
    r"^## Your first own task in five minutes\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL
)
"""The section of a service's README that tests/update follows: what it names is still to come."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Return the contents of the fenced blocks of a language."""
    return [text for name, text in _BLOCK.findall(page.read_text()) if name == language]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text())


def table(page: Path, first_heading: str) -> list[list[str]]:
    """Return the rows, without the head, of the table whose first column has this heading.

    Raises:
        AssertionError: when the page has no such table.
    """
    head = rf"^\| {re.escape(first_heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)"
    found = re.search(head, page.read_text(), re.MULTILINE)
    assert found, f"{page.name} has no table that begins with {first_heading}"
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in found[1].splitlines()]


def code(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
