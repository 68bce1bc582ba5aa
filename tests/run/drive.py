"""Runs in a generated service: its servers, a worker, and the HTTP API.

Prints where the API is as JSON, and ends when its input does.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

# Python puts the folder of this file first; the service is where we run.
sys.path[0] = str(Path.cwd())

from dev.processes import FreePort, Process, port_answers
from dev.servers import Servers


def main() -> None:
    """Run all, say where, and wait."""
    servers, port, key = Servers(), FreePort(), secrets.token_urlsafe(32)
    with TemporaryDirectory() as name, servers.running():
        folder = Path(name)
        os.environ |= servers.environment
        os.environ |= {
            "ENV_FILE": "",
            "HEALTH_DIR": f"{folder}/health",
            "HTTP_KEYS": f"tests={key}",
            "HTTP_PORT": str(port.number),
            "HTTP_RATE": "none",
            "METRICS_DIR": f"{folder}/metrics",
            "WORKER_CONCURRENCY": "2",
        }
        port.release()
        with (
            Process(["scripts/start_worker.sh"], folder / "worker.log") as worker,
            Process(["scripts/start_api.sh"], folder / "api.log") as api,
        ):
            worker.wait_for_output(" ready.")
            api.wait_until(lambda: port_answers(port.number), "answer")
            address = f"http://127.0.0.1:{port.number}"
            print(json.dumps({"address": address, "key": key}), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
