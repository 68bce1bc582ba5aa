"""Runs in a generated service: a minute of work, and what the panels of its dashboard show of it.

Prints the panels as JSON, each with the data that Prometheus gives for its expressions.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Python puts the folder of this file first; the service is where we run.
sys.path[0] = str(Path.cwd())
sys.path.append(str(Path(__file__).parent.parent))

from pictures.stage import Stage

SECONDS = 75
"""How long it works."""

RUSH = range(25, 40)
"""The seconds in which more is sent than the worker gets done."""

RATE_INTERVAL = "5s"
"""What Grafana puts for $__rate_interval, for a Prometheus that looks each second."""


def main() -> None:
    """Work, look, and print."""
    stage = Stage()
    with stage.running():
        from app.core.discovery import queue_names

        read, unread = queue_names()
        stage.start_exporter()
        stage.start_beat()
        stage.start_worker(WORKER_QUEUES=read, TASK_RETRY_BACKOFF="1")
        begun = time.time()
        send(unread)
        print(json.dumps(list(shown(stage, begun, time.time()))))


def send(unread: str) -> None:
    """Send tasks for a while.

    Args:
        unread: a queue that no worker reads.
    """
    from pictures.probes import crash, relay, work

    for second in range(SECONDS):
        for _ in range(25 if second in RUSH else 8):
            work.delay(0.1, failing=0.05, flaky=0.05)
        relay.delay(0.1, times=2)
        if second % 10 == 0:
            work.apply_async([0.1], queue=unread)
        if second == SECONDS // 2:
            crash.delay()
        time.sleep(1)


def shown(stage: Stage, start: float, end: float) -> Iterator[dict[str, Any]]:
    """Yield each panel and heading of the dashboard, with its lines.

    Args:
        stage: what is looked at.
        start: from when on, in seconds since 1970.
        end: until when.
    """
    dashboard = json.loads(Path("deploy/monitoring/dashboard.json").read_text())
    for panel in dashboard["panels"]:
        lines = [
            line
            for target in panel.get("targets", [])
            for line in queried(stage, target, {"job": dashboard["title"]}, start, end)
        ]
        yield {"panel": panel, "lines": lines}


def queried(
    stage: Stage, target: dict[str, str], variables: dict[str, str], start: float, end: float
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a query of a panel: their names, and their points from `start` on."""
    expression = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
    for name, value in variables.items():
        expression = expression.replace(f"${name}", value)
    found = stage.prometheus.ask("query_range", query=expression, start=start, end=end, step=1)
    for series in found["result"]:
        name = filled(target["legendFormat"], series["metric"])
        points = [(when - start, float(value)) for when, value in series["values"]]
        yield {"name": name, "points": points}


def filled(legend: str, labels: dict[str, str]) -> str:
    """Return the name of a line."""
    return re.sub(r"{{(\w+)}}", lambda match: labels[match[1]], legend)


if __name__ == "__main__":
    main()
