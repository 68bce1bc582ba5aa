"""Show what an update from the template would change: `make updates`. It changes nothing.

The update is made in a copy of what is committed, by Copier, and then compared.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.growth import need_copier
from dev.place import ANSWERS, REPOSITORY, UPDATE

NEWER = 2
"""What `copier check-update --quiet` exits with when there is a newer version."""


def main() -> None:
    """Show the update to the version of the command line, or to the newest if it names none.

    Raises:
        SystemExit: when something is missing, or an update would be refused.
    """
    wanted = sys.argv[1]
    need_copier()
    os.chdir(REPOSITORY)
    need_commit()
    need_template()
    version = recorded(ANSWERS, "_commit")
    if wanted == version or (not wanted and is_current()):
        print(f"The service is up to date: {version}.")
        return
    if run("git", "status", "--porcelain", "--", "."):
        print("What is not committed is left out here, and has to be committed before an update.")
    with TemporaryDirectory(prefix="updates-") as folder:
        show(committed(Path(folder)), wanted)


def need_commit() -> None:
    """Make sure that the service, with its answers, is committed.

    Raises:
        SystemExit: when it is not.
    """
    if not shutil.which("git"):
        raise SystemExit("Git is not installed, and an update needs it.")
    if succeeds("git", "cat-file", "-e", f"HEAD:./{ANSWERS}"):
        return
    first = "" if succeeds("git", "rev-parse", "--git-dir") else "git init && "
    raise SystemExit(
        f"An update compares with what is committed, and {ANSWERS} is not:"
        f' {first}git add . && git commit -m "Create the service"'
    )


def need_template() -> None:
    """Make sure that the recorded place of the template can be found from here.

    Raises:
        SystemExit: when it is a path that leads nowhere.
    """
    place = recorded(ANSWERS, "_src_path")
    if ":" not in place and not Path(place).expanduser().exists():
        raise SystemExit(
            f"The template is not at {place}, where {ANSWERS} has it. Write its URL or its whole"
            " path as `_src_path` into that file, and commit."
        )


def recorded(answers: Path, name: str) -> str:
    """Return what a file of answers records under a name, which is one line."""
    found = re.search(rf"^{name}: *(.*?) *$", answers.read_text(), re.MULTILINE)
    return found[1].strip("'\"") if found else ""


def is_current() -> bool:
    """Tell whether the template has no newer version.

    Raises:
        SystemExit: when Copier cannot tell.
    """
    check = ["copier", "check-update", "--quiet", f"--answers-file={ANSWERS}"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    if done.returncode not in (0, NEWER):
        raise SystemExit(f"Copier cannot look for a newer version: {reason(done.stderr)}")
    return done.returncode == 0


def committed(folder: Path) -> Path:
    """Copy what is committed into an empty folder, and return where the answers are in there."""
    top, inside = run("git", "rev-parse", "--show-toplevel", "--show-prefix").split("\n")[:2]
    run("git", "clone", "--quiet", "--no-tags", top, str(folder / "copy"))
    return folder / "copy" / inside


def show(copy: Path, wanted: str) -> None:
    """Update a copy of the service, and print what that brings.

    Raises:
        SystemExit: when the update is refused.
    """
    before = recorded(copy / ANSWERS, "_commit")
    # From here, so that a path to the template means the same as for a real update.
    update = [*UPDATE, *([f"--vcs-ref={wanted}"] if wanted else [])]
    done = subprocess.run(
        [*update, "--defaults", str(copy)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"The update would not take place:\n{reason(done.stderr)}")
    print(f"From {before} to {recorded(copy / ANSWERS, '_commit')}. Nothing is changed yet:")
    place = "" if Path() == REPOSITORY else f" in {Path.cwd()}"
    print(f"`{' '.join(update)}` does it{place}.")
    print(done.stdout)
    conflicts = run("git", "diff", "--name-only", "--diff-filter=U", "--relative", folder=copy)
    if conflicts:
        print(f"You and the template changed the same lines of:\n{conflicts}")
    run("git", "add", "--all", ".", folder=copy)
    compare = ["git", "diff", "--cached", "--relative"]
    print(run(*compare, "--stat", "HEAD", folder=copy), flush=True)
    # Git itself shows it page by page on a terminal.
    subprocess.run([*compare, "HEAD"], cwd=copy, check=False)


def reason(errors: str) -> str:
    """Return what Copier says about a failure, or Git within it, without a traceback."""
    text = errors.strip()
    if "Traceback (most recent call last)" not in text:
        return text
    said = re.search("fatal: .*", text)
    return said[0] if said else text.splitlines()[-1]


def succeeds(*command: str) -> bool:
    """Run a command without its output, and tell whether it succeeds."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(*command: str, folder: Path = Path()) -> str:
    """Run a command that cannot fail, and return what it prints."""
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
