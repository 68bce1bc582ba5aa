"""Runs in a generated service: its servers, a worker that has worked, and Flower.

Prints where Flower is as JSON, and ends when its input does.
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

from dev.processes import FreePort, Process
from dev.servers import Servers

USER = "ada"


def main() -> None:
    """Work, show it, and wait."""
    servers, port, password = Servers(), FreePort(), secrets.token_urlsafe()
    with TemporaryDirectory() as name, servers.running():
        folder = Path(name)
        os.environ |= servers.environment
        os.environ |= {
            "ENV_FILE": "",
            "FLOWER_BASIC_AUTH": f"{USER}:{password}",
            "FLOWER_PORT": str(port.number),
            "HEALTH_DIR": f"{folder}/health",
            "METRICS_DIR": f"{folder}/metrics",
            "WORKER_CONCURRENCY": "2",
        }
        from app.celery_app import app

        port.release()
        with (
            Process(["scripts/start_flower.sh"], folder / "flower.log") as flower,
            Process(["scripts/start_worker.sh"], folder / "worker.log") as worker,
        ):
            worker.wait_for_output(" ready.")
            flower.wait_for_output("Visit me at")
            tasks = [task for task in sorted(app.tasks) if task.endswith(".run")]
            for number in range(4):
                for task in tasks:
                    app.send_task(task, kwargs={"job": {"items": ["one"] * number}})
            worker.wait_until(lambda: worker.output().count(" succeeded ") >= 6, "end of the tasks")
            address = f"http://127.0.0.1:{port.number}"
            shown = {"address": address, "username": USER, "password": password, "task": tasks[0]}
            print(json.dumps(shown), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
