"""Servers for what is measured: those of a generated service, by its own development tools."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness import clean_environment

RUN = """
import json, sys
from dev.servers import Servers
servers = Servers()
with servers.running():
    print(json.dumps(servers.environment), flush=True)
    sys.stdin.read()
"""


@contextmanager
def running(service: Path) -> Iterator[dict[str, str]]:
    """Run the servers of a service, and yield the variables that lead to them.

    Raises:
        RuntimeError: when they do not start.
    """
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=service,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as servers:
        assert servers.stdin is not None
        assert servers.stdout is not None
        line = servers.stdout.readline()
        if not line:
            raise RuntimeError(f"the servers of {service} did not start")
        try:
            yield json.loads(line)
        finally:
            servers.stdin.close()
            servers.wait(60)
