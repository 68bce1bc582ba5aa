"""What the commands that let this service grow have in common: its answers, and Copier.

They need no installed package: to install may write `uv.lock`, and then Copier refuses to update.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import NoReturn

from dev.place import ANSWERS, REPOSITORY, UPDATE


def entries(answers: str, question: str) -> list[str]:
    """Return the entries of an answer that is a list with commas.

    Args:
        answers: the text of the file with all answers, in which one may be quoted and run over
            lines.
        question: its name.
    """
    answer = re.search(rf"^{question}:(.*(?:\n +.*)*)", answers, re.MULTILINE)
    text = answer[1].replace("'", "").replace('"', "") if answer else ""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def add(question: str, entry: str) -> NoReturn:
    """Have Copier render what one more entry brings, without moving to a newer template.

    Raises:
        SystemExit: when there is no Copier.
    """
    need_copier()
    os.chdir(REPOSITORY)
    answer = ", ".join([*entries(ANSWERS.read_text(), question), entry])
    options = ["--vcs-ref=:current:", "--defaults", "--data", f"{question}={answer}"]
    os.execvp(UPDATE[0], [*UPDATE, *options])


def need_copier() -> None:
    """Make sure that Copier is there.

    Raises:
        SystemExit: when it is not.
    """
    if not shutil.which("copier"):
        raise SystemExit(
            "Copier is not installed: uv tool install copier --with copier-template-extensions"
        )
