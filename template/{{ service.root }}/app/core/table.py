"""Prints tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

MAX_WIDTH = 60
"""How many characters of a text a table shows."""


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under headings, each on one line and each column as wide as it needs.

    Args:
        headings: what stands above the columns.
        rows: a value for each column. None is an empty cell.
    """
    lines = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def _cell(value: Any) -> str:
    """Return a value as one line."""
    text = " ".join(str("" if value is None else value).split())
    return text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 3]}..."
