"""Writes docs/examples: `make examples`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from examples.pages import pages
from tests.harness import ROOT

FOLDER = ROOT / "docs/examples"


def main() -> None:
    """Make the examples in a temporary folder and write their pages."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="examples-") as folder:
        for name, text in pages(Path(folder)).items():
            (FOLDER / name).write_text(text)
            print(f"docs/examples/{name}")


if __name__ == "__main__":
    main()
