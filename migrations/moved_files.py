"""Keep what owners wrote into a file of the template that a release renames or drops.

Copier deletes the old file and renders the new one, whatever was written into the old one. This
runs after it, brings edited files back, and merges each into the new file if there is one.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

MOVED: dict[str, dict[str, str | None]] = {
    "0.4.0": {"tests/core/test_add_task.py": "tests/core/test_growth.py"},
}
"""By release, the files that it renames with their new names, or None for those that it drops.

They are in the folder of the service."""

TEMPLATE = Path(__file__).resolve().parent.parent
COMPARISON = "copier._main."
"""What the names of the folders begin with in which Copier renders only to compare. The template
takes the answers as they are recorded there (`extensions/hook.py`)."""

LABELS = ("before updating", "last update", "after updating")
"""What Copier writes beside the markers of a conflict."""


def main() -> None:
    """Keep the edits of all files that are gone, in a service of the working directory.

    Copier passes the name of the file with the answers, and the version before in VERSION_FROM.
    """
    answers = Path(sys.argv[1])
    place = folder_of(yaml.safe_load(answers.read_text(encoding="utf-8")))
    answers = Path(os.path.relpath(answers, place))
    os.chdir(place)
    gone = {old: committed(old) for old in all_moves() if not Path(old).exists()}
    texts = {old: text for old, text in gone.items() if text and not is_untouched(text)}
    if not texts:
        return
    # Now, so that nothing is lost if what follows fails.
    git("checkout", "--quiet", "HEAD", "--", *texts)
    with TemporaryDirectory(prefix=COMPARISON) as folder:
        before = rendered_before(Path(folder), str(answers)) / place
        for old, text in texts.items():
            base = (before / old).read_bytes() if (before / old).exists() else b""
            if text == base:
                Path(old).unlink()
            else:
                keep(old, successor(old), text, base)


def folder_of(answers: Mapping[str, Any]) -> Path:
    """Return the folder of a service in its repository."""
    if answers.get("layout") == "monorepo":
        return Path("services", answers["service_name"])
    return Path()


def all_moves() -> dict[str, str | None]:
    """Return the moves of all releases."""
    return {old: new for moves in MOVED.values() for old, new in moves.items()}


def successor(old: str) -> str | None:
    """Return what a file is called now, however often it was renamed."""
    moves = all_moves()
    new = moves[old]
    while new in moves:
        new = moves[new]
    return new


def committed(file: str) -> bytes | None:
    """Return a file as it was before the update, if it was there."""
    done = subprocess.run(["git", "show", f"HEAD:./{file}"], capture_output=True, check=False)
    return None if done.returncode else done.stdout


def is_untouched(text: bytes) -> bool:
    """Tell whether the version before had this very text: a file that needs no rendering."""
    tree = git("-C", str(TEMPLATE), "ls-tree", "-r", os.environ["VERSION_FROM"])
    return git("hash-object", "--stdin", stdin=text).strip() in tree.split()


def rendered_before(folder: Path, answers: str) -> Path:
    """Render the repository of the service as the version before does, and return where.

    Args:
        folder: an empty one to work in.
        answers: the file of the service that records its answers.
    """
    archive = git("-C", str(TEMPLATE), "archive", os.environ["VERSION_FROM"])
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder / "template", filter="data")
    recorded = folder / "answers.yml"
    recorded.write_bytes(committed(answers) or b"")
    copy = ["copier", "copy", "--quiet", "--trust", "--defaults", f"--data-file={recorded}"]
    places = [str(folder / "template"), str(folder / "repository")]
    subprocess.run([sys.executable, "-m", *copy, *places], check=True)
    return folder / "repository"


def keep(old: str, new: str | None, text: bytes, base: bytes) -> None:
    """Merge an edited file into its successor, or leave it where that is not possible.

    Args:
        old: the path that it had, and has again.
        new: the path of its successor, if it has one.
        text: what the owners made of it.
        base: what the template had made of it.
    """
    if new is None or not Path(new).exists() or committed(new) is not None:
        print(f"{old} left the template. It stays, because you edited it.")
        return
    if merge(Path(new), text, base):
        print(f"{old} is {new} now, with your edits.")
    else:
        # Git would take the conflict for one of the old file, and name that.
        git("rm", "--quiet", "--cached", "--", old)
        print(f"{old} is {new} now. Your edits are in it as a conflict.")
    Path(old).unlink()


def merge(new: Path, text: bytes, base: bytes) -> bool:
    """Merge the owners' text into a new file, and return whether that went without a conflict."""
    versions = {"1": base, "2": text, "3": new.read_bytes()}
    objects = {
        stage: git("hash-object", "-w", "--stdin", stdin=version).decode().strip()
        for stage, version in versions.items()
    }
    names = [part for label in LABELS for part in ("-L", label)]
    with TemporaryDirectory() as folder:
        files = [Path(folder, stage) for stage in "213"]
        for file in files:
            file.write_bytes(versions[file.name])
        command = ["git", "merge-file", "--stdout", *names, *map(str, files)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    new.write_bytes(done.stdout)
    if done.returncode:
        mark_conflict(new, objects)
    return not done.returncode


def mark_conflict(file: Path, objects: dict[str, str]) -> None:
    """Tell Git that a file is not merged, as Copier does."""
    path = git("rev-parse", "--show-prefix").decode().strip() + file.as_posix()
    mode = "100755" if os.access(file, os.X_OK) else "100644"
    entries = [f"{mode} {name} {stage}\t{path}\n" for stage, name in objects.items()]
    git("update-index", "--index-info", stdin="".join(entries).encode())


def git(*arguments: str, stdin: bytes | None = None) -> bytes:
    """Run Git and return what it prints.

    Raises:
        CalledProcessError: when it fails.
    """
    return subprocess.run(
        ["git", *arguments], input=stdin, stdout=subprocess.PIPE, check=True
    ).stdout


if __name__ == "__main__":
    main()
