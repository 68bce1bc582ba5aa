"""Shows Prometheus how this service is: `python -m app.metrics`, then GET /metrics."""

from __future__ import annotations

import logging
import signal
import sys
from threading import Event

from prometheus_client import CollectorRegistry, start_http_server

from app.core import health, logs
from app.core.exporter import Exporter
from app.core.shell import load_config

logger = logging.getLogger(__name__)


def main() -> int:
    """Answer until SIGTERM or Ctrl-C.

    Raises:
        SystemExit: when metrics are switched off, or the port is not free.
    """
    config = load_config()
    if not config.metrics_port:
        raise SystemExit("METRICS_PORT=0: metrics are switched off, so there is nothing to show")
    logs.configure()
    health.prepare()
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    # The library's own default registry would add this process.
    registry = CollectorRegistry()
    registry.register(Exporter(config))
    address, port = config.metrics_address, config.metrics_port
    try:
        _, server = start_http_server(port, address, registry)
    except OSError as error:
        raise SystemExit(
            f"METRICS_ADDRESS={address}, METRICS_PORT={port}: cannot listen there "
            f"({error.strerror})"
        ) from None
    logger.info("Metrics are at http://%s:%s/metrics", address, port)
    sign = health.alive("metrics")
    while server.is_alive() and not ended.is_set():
        sign.give()
        ended.wait(health.PULSE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
