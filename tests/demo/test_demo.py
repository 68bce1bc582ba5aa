"""`make demo` shows a worker that works, and leaves nothing running."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psutil
import pytest

from tests.harness import ROOT, run
from tests.servers import has_rabbitmq


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_the_demo_runs_a_task_of_every_type(broker: str, tmp_path: Path) -> None:
    if broker == "rabbitmq" and not has_rabbitmq():
        return _it_says_how_to_install_rabbitmq(tmp_path)

    done = run([sys.executable, "-m", "demo", "--broker", broker], ROOT, TMPDIR=str(tmp_path))

    assert done.returncode == 0, done.stdout
    for task in ("email.send", "reports.custom", "etl.run"):
        assert re.search(rf"example\.{task} +\d+\.\d s  \S", done.stdout), done.stdout
    assert "3 rows loaded, 1 rejected" in done.stdout
    assert processes_below(tmp_path) == []
    return None


def _it_says_how_to_install_rabbitmq(folder: Path) -> None:
    done = run([sys.executable, "-m", "demo", "--broker", "rabbitmq"], ROOT, TMPDIR=str(folder))
    assert done.returncode == 1
    assert "apt install rabbitmq-server" in done.stdout


def processes_below(folder: Path) -> list[str]:
    """Return the command lines of processes that run in a folder or were started from it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or [])
        if str(folder) in command or str(process.info["cwd"]).startswith(str(folder)):
            found.append(command)
    return found
