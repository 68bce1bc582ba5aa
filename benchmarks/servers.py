"""Servers for what is measured: those of a generated service, by its own development tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.harness import clean_environment, driving

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
    # A server that runs already is not ours to measure.
    own = {k: v for k, v in clean_environment().items() if not k.startswith("TEST_")}
    with driving(["-c", RUN], service, own) as line:
        yield json.loads(line)


def process(url: str) -> psutil.Process:
    """Return the process of a server that runs here.

    Raises:
        StopIteration: when nothing that we have started listens at the URL.
    """
    port = urlsplit(url).port
    ours = psutil.Process().children(recursive=True)
    return next(each for each in ours if port in ports(each))


def ports(process: psutil.Process) -> set[int]:
    """Return the ports at which a process listens: none if it has ended."""
    try:
        sockets = process.net_connections("tcp")
    except psutil.NoSuchProcess:
        return set()
    return {each.laddr.port for each in sockets if each.laddr and each.status == "LISTEN"}
