"""Make a release: check everything, run all tests, write the changelog, commit and tag.

When something is wrong, nothing is changed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

KINDS = {
    "summary": "one sentence that says what the release is",
    "before": "what owners of a service have to do or to know, or `Nothing to do.`",
    "ours": "what an update brings to a service",
    "yours": "what only new services get",
}
"""The kinds of notes, as towncrier has them in pyproject.toml."""

CHANGES = Path("changes")
RELEASES = Path("releases.txt")
PROJECT = Path("pyproject.toml")

_FRAGMENT = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")


def main() -> None:
    """Make the release of the command line, in the repository of the working directory.

    Raises:
        SystemExit: when something is wrong, with all of it.
    """
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--without-tests", action="store_true", help="they have been run")
    options = parser.parse_args()
    version: str = options.version
    found = [*version_faults(version), *tree_faults(), *notes_faults()]
    if found:
        raise SystemExit("\n  ".join(["Nothing is released and nothing was changed:", *found]))
    if not options.without_tests and subprocess.run(["make", "test-all"], check=False).returncode:
        raise SystemExit("Nothing is released and nothing was changed: the tests fail.")
    # They take long, and what was written meanwhile would be lost if a step failed.
    if found := tree_faults():
        raise SystemExit(f"Nothing is released and nothing was changed: {found[0]}")
    publish(version)
    print(f"{version} is released. Push the branch and the tag.")


def version_faults(version: str) -> list[str]:
    """Return what is wrong with a version: it has three numbers and is newer than the last."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return [f"'{version}' is no version: make release VERSION=1.2.3"]
    last = RELEASES.read_text().split()[-2]
    if _numbers(version) <= _numbers(last):
        return [f"{version} is not newer than the last release, {last}"]
    return []


def tree_faults() -> list[str]:
    """Return that there is work which the release would not have."""
    if not git("status", "--porcelain"):
        return []
    return ["there is work that is not committed: commit or stash it"]


def notes_faults() -> list[str]:
    """Return what is wrong with the notes, or missing."""
    files = sorted(CHANGES.glob("*"))
    found = [
        f"{file} is not a note: its name is <words>.<kind>.md with a kind of {', '.join(KINDS)}"
        for file in files
        if not _FRAGMENT.fullmatch(file.name)
    ]
    found += [f"{file} is empty" for file in files if not file.read_text().strip()]
    number = {kind: len(list(CHANGES.glob(f"*.{kind}.md"))) for kind in KINDS}
    found += [_missing(kind) for kind in ("summary", "before") if not number[kind]]
    if number["summary"] > 1:
        found.append("there are several summaries: keep one")
    if not number["ours"] + number["yours"]:
        found.append(_missing("ours"))
    return found


def publish(version: str) -> None:
    """Write the changelog and the version, commit, list the release, and tag it.

    Raises:
        SystemExit: when a step fails. The steps before are taken back.
    """
    before = git("rev-parse", "HEAD")
    try:
        _run(sys.executable, "-m", "towncrier", "build", "--yes", "--version", version)
        line = f'version = "{version}"'
        text = re.sub(r'^version = ".*"$', line, PROJECT.read_text(), count=1, flags=re.MULTILINE)
        PROJECT.write_text(text)
        _run("git", "commit", "--quiet", "--all", "--message", f"Release {version}")
        commit = git("rev-parse", "HEAD")
        RELEASES.write_text(f"{RELEASES.read_text()}{version} {commit}\n")
        _run("git", "commit", "--quiet", "--all", "--message", f"List release {version}")
        _run("make", "--silent", "tags")
    except subprocess.CalledProcessError as error:
        git("reset", "--quiet", "--hard", before)
        raise SystemExit(
            f"Nothing is released and nothing was changed: {' '.join(error.cmd)} failed:"
            f"\n{error.stderr}"
        ) from None


def git(*arguments: str) -> str:
    """Run Git and return what it prints."""
    return _run("git", *arguments)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _missing(kind: str) -> str:
    return (
        f"there is no note of the kind {kind}: write {KINDS[kind]} into changes/<words>.{kind}.md"
    )


if __name__ == "__main__":
    main()
