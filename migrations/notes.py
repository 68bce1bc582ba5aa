"""Print what the releases between two versions bring, for whoever updates a service."""

from __future__ import annotations

import os
import re
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def main() -> None:
    """Print the notes between the two versions, which Copier passes in the environment."""
    since, until = os.environ["VERSION_PEP440_FROM"], os.environ["VERSION_PEP440_TO"]
    print(notes(CHANGELOG.read_text(encoding="utf-8"), since, until), end="")


def notes(changelog: str, since: str, until: str) -> str:
    """Return the entries of the releases after one version and up to another, newest first.

    Args:
        changelog: the page with all entries, each below its version as heading.
        since: the version that is left. One between two releases, `0.4.0.post3` for example,
            counts as the release before it.
        until: the version that is reached.
    """
    _, *entries = re.split(r"^## ", changelog, flags=re.MULTILINE)
    wanted = [entry for entry in entries if release(since) < release(entry) <= release(until)]
    return "".join(f"\n## {entry.rstrip()}\n" for entry in wanted)


def release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version, or a text after it, begins with."""
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("\n")[0])[:3])


if __name__ == "__main__":
    main()
