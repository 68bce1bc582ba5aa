"""Add a task type: `make add-task NAME=invoices`.

It needs no installed package: to install may write `uv.lock`, and then Copier refuses to update.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

ANSWERS = Path(".copier-answers.yml")
COMMAND = ("copier", "update", "--trust", "--vcs-ref=:current:", "--defaults")


def main() -> None:
    """Have Copier render the files of one more task type, without moving to a newer template.

    Raises:
        SystemExit: when there is no name, or no Copier.
    """
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not name:
        raise SystemExit("Name the task type: make add-task NAME=invoices")
    if not shutil.which("copier"):
        raise SystemExit(
            "Copier is not installed: uv tool install copier --with copier-template-extensions"
        )
    names = ", ".join([*task_types(ANSWERS.read_text()), name])
    os.execvp(COMMAND[0], [*COMMAND, "--data", f"task_types={names}"])


def task_types(answers: str) -> list[str]:
    """Return the names in the answer `task_types`, which may be quoted and run over lines."""
    answer = re.search(r"^task_types:(.*(?:\n +.*)*)", answers, re.MULTILINE)
    return re.findall(r"\w+", answer[1]) if answer else []


if __name__ == "__main__":
    main()
