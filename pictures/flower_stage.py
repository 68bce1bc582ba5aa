"""Runs in a generated service: its servers, a worker that has worked, and Flower.

Prints where Flower is as JSON, and ends when its input does.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
            address = f"http://127.0.0.1:{port.number}"
            worker.wait_for_output(" ready.")
            flower.wait_for_output("Visit me at")
            # It knows of a worker once it hears of what happens, and not before.
            heard_of = f"{address}/workers?json=1"
            flower.wait_until(lambda: bool(ask(heard_of, password)["data"]), "worker")
            tasks = [task for task in sorted(app.tasks) if task.endswith(".run")]
            for number in range(4):
                for task in tasks:
                    app.send_task(task, kwargs={"job": {"items": ["one"] * number}})
            # The empty ones fail.
            done = f"{address}/api/tasks?state=SUCCESS"
            flower.wait_until(lambda: len(ask(done, password)) == 3 * len(tasks), "tasks")
            shown = {"address": address, "username": USER, "password": password, "task": tasks[0]}
            print(json.dumps(shown), flush=True)
            sys.stdin.read()


def ask(url: str, password: str) -> Any:
    """Return what Flower answers to somebody with the login."""
    login = base64.b64encode(f"{USER}:{password}".encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
