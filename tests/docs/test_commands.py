"""Every command on the pages works when somebody follows them from top to bottom."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pexpect
import pytest

from tests.docs.pages import GUIDE, TEMPLATE_URL, blocks
from tests.harness import ROOT, questions, template_copy

RUN_ELSEWHERE = {
    "make demo": "tests/demo runs it",
    "make test": "here it would run itself; in a service tests/run runs it",
    "make coverage": "tests/run runs it in new services",
    "make types": "tests/run runs it in new services",
    "make dev": "it runs until Ctrl-C; tests/core/test_dev.py of each service runs it",
}
"""Commands that are left out here, with the reason."""

PAGES_WITH_COMMANDS = [page for page in GUIDE if blocks(page, "sh")]

AT_ONCE = 3
"""How many pages are followed side by side: much of the time is waiting for packages and Git."""

PATIENCE = 900
"""Seconds after which a page counts as hung that neither ends nor asks, on a busy machine."""

ENTER = "\r"
SETTINGS = ROOT / "docs/create.md"
NEXT_RELEASE = """\
git -C "$TEMPLATE" commit --quiet --allow-empty --message "Next release"
git -C "$TEMPLATE" tag 99.0.0
"""
"""Between making the service and updating it, on the page about updates."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, Future[str]]]:
    """What the terminal shows when somebody follows a page, for each page."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = {page: tmp_path_factory.mktemp(page.stem) for page in PAGES_WITH_COMMANDS}
        yield {page: pool.submit(follow, page, folder) for page, folder in folders.items()}
        pool.shutdown(cancel_futures=True)


def clone(folder: Path) -> Path:
    """Make a clone of this repository as it is now, with a release, and return where it is."""
    template = folder / "copier-celery-worker"
    shutil.copytree(template_copy(), template)
    commands = "git init --quiet && git add . && git commit --quiet -m Release && git tag 0.1.0"
    subprocess.run(["sh", "-c", commands], cwd=template, check=True, env=environment(template))
    return template


def environment(template: Path) -> dict[str, str]:
    """Return the environment of somebody with Copier and uv, who has never used the template."""
    settings = template.parent / "settings.yml"
    if not settings.exists():
        settings.write_text("{}\n")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "VENV")
    }
    person = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Owner"), ("EMAIL", "owner@example.com"))
    }
    return {
        **inherited,
        **person,
        "COPIER_SETTINGS_PATH": str(settings),
        "ENV_FILE": "",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PAGER": "cat",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        # Nothing behind this terminal would answer where its cursor is.
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "TEMPLATE": str(template),
        "TERM": "xterm",
        "UV_PYTHON": sys.executable,
    }


def script(page: Path, template: Path) -> str:
    """Return the commands of a page, without those that are run elsewhere."""
    parts = blocks(page, "sh")
    if page.name == "update.md":
        parts.insert(1, NEXT_RELEASE)
    text = "set -eux\n" + "\n".join(parts).replace(TEMPLATE_URL, str(template))
    for command in RUN_ELSEWHERE:
        text = re.sub(rf"^{command}( +#.*)?$", ":", text, flags=re.MULTILINE)
    return text


def follow(page: Path, folder: Path) -> str:
    """Run the commands of a page in a terminal, take every default, and return the output.

    Raises:
        AssertionError: when one fails.
    """
    template = clone(folder)
    if page == SETTINGS:
        trust = "".join(blocks(page, "yaml")).replace(TEMPLATE_URL, str(template))
        (folder / "settings.yml").write_text(trust)
    file = folder / "page.sh"
    file.write_text(script(page, template))
    start = folder / "empty"
    start.mkdir()
    terminal = pexpect.spawn(
        "sh",
        [str(file)],
        cwd=start,
        env=environment(template),
        dimensions=(50, 250),
        encoding="utf-8",
        timeout=PATIENCE,
    )
    asked = [
        re.escape(str(details["help"]).partition("?")[0] + "?") for details in questions().values()
    ]
    terminal.logfile_read = StringIO()
    while terminal.expect([pexpect.EOF, *asked]):
        terminal.send(ENTER)
    terminal.close()
    output = terminal.logfile_read.getvalue().replace("\r\n", "\n")
    assert terminal.exitstatus == 0, output[-6000:]
    return output


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=lambda page: str(page.name))
def test_the_commands_of_a_page_work(page: Path, outputs: dict[Path, Future[str]]) -> None:
    output = outputs[page].result()

    assert [line for line in shown(page) if line not in output] == []


def shown(page: Path) -> list[str]:
    """Return the lines of output that a guide page shows."""
    texts = [] if page.parent == ROOT else blocks(page, "text")
    return [line for text in texts for line in text.splitlines()]


def test_an_untrusted_template_is_refused(tmp_path: Path) -> None:
    template = clone(tmp_path)

    done = subprocess.run(
        ["copier", "copy", "--defaults", str(template), str(tmp_path / "service")],
        env=environment(template),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "--trust" in done.stderr


def test_every_command_that_is_left_out_is_on_a_page() -> None:
    text = "\n".join(block for page in GUIDE for block in blocks(page, "sh"))

    assert [command for command in RUN_ELSEWHERE if command not in text] == []


def test_the_commands_for_contributors_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = "\n".join(blocks(ROOT / "CONTRIBUTING.md", "sh")).splitlines()

    wanted = [target for line in lines for target in line.removeprefix("make ").split()]

    assert wanted
    assert set(wanted) <= set(targets)


def test_the_location_of_the_template_is_written_in_one_way() -> None:
    others = [
        f"{page.name}: {found}"
        for page in GUIDE
        for found in re.findall(r"\S*copier-celery-worker\b", page.read_text())
        if "OWNER" in found and TEMPLATE_URL not in found
    ]

    assert not others
