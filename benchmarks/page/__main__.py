"""Writes what was measured into docs/speed.md and docs/scale.md, and draws it: make bench-page"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path

from benchmarks.page import plots, scale, speed
from benchmarks.results import RESULTS, Results, read

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = (DOCS / "speed.md", DOCS / "scale.md")

BLOCK = re.compile(
    r"(?P<begin><!-- (?P<name>\w+), by python -m benchmarks\.page -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)

BLOCKS = speed.BLOCKS | scale.BLOCKS


def main() -> None:
    """Write the pages anew, and draw the pictures."""
    ArgumentParser(prog="python -m benchmarks.page", description=__doc__).parse_args()
    results = read(RESULTS)
    plots.draw(results, DOCS / "pictures")
    for page in PAGES:
        page.write_text(written(page.read_text(), results))


def written(text: str, results: Results) -> str:
    """Return a page with its blocks written anew.

    Args:
        text: the page.
        results: what was measured.
    """

    def block(found: re.Match[str]) -> str:
        content = BLOCKS[found["name"]](results)
        return f"{found['begin']}\n{content}\n\n{found['end']}"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    main()
