"""Starts the HTTP API with the settings of the service: `python -m app.core.http_api`."""

from __future__ import annotations

import argparse
import signal
import sys
from math import ceil
from types import FrameType

import uvicorn

from app.core import health, logs, sentry
from app.core.http_api import events
from app.core.http_api.servers import DEADLINE
from app.core.http_api.settings import HttpSettings
from app.core.shell import load_config

GRACE = ceil(DEADLINE) + 5
"""Seconds that requests get once the process is told to stop."""


class Server(uvicorn.Server):
    """uvicorn's own, which does not wait for streams."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take no more requests, and end when those are answered that there are."""
        events.stopping.set()
        super().handle_exit(sig, frame)


def main() -> int:
    """Answer until SIGTERM or Ctrl-C.

    Raises:
        SystemExit: when variables are missing or wrong, or the port is not free.
    """
    parser = argparse.ArgumentParser(prog="python -m app.core.http_api", description=__doc__)
    parser.add_argument("api", nargs="?", default="app.api:api", help="where it is in the code")
    api = parser.parse_args().api
    load_config()
    settings = HttpSettings.load()
    logs.configure()
    health.prepare()
    config = uvicorn.Config(
        api,
        host=settings.http_address,
        port=settings.http_port,
        # Ours has a line for each request.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    sentry.connect()
    for number in (signal.SIGTERM, signal.SIGINT):
        # At its end uvicorn raises once more what it was told to stop by.
        signal.signal(number, signal.SIG_IGN)
    Server(config).run()
    sentry.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
