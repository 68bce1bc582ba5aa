"""Runs in a generated service: its servers, a worker, the exporter, and a Prometheus that looks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dev.processes import FreePort, Process, port_answers
from dev.servers import Servers

ROOT = Path(__file__).parent.parent

CONFIGURATION = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    """A Prometheus that looks each second.

    Args:
        folder: for its files.
        job: the name of the service.
        port: of the exporter.
        rules: its alert rules, as YAML.
    """

    def __init__(self, folder: Path, job: str, port: int, rules: str) -> None:
        self._folder = folder
        self._port = FreePort()
        (folder / "prometheus.yml").write_text(CONFIGURATION.format(job=job, port=port))
        (folder / "rules.yml").write_text(rules)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it.

        Raises:
            NotReady: when it does not start.
        """
        port = self._port.release()
        options = [
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with Process(["prometheus", *options], self._folder / "prometheus.log") as process:
            process.wait_until(lambda: port_answers(port), "answer")
            yield

    def ask(self, path: str, **query: str | float) -> Any:
        """Return the answer of the HTTP API to a question, such as `query_range`."""
        address = f"http://127.0.0.1:{self._port.number}/api/v1/{path}"
        with urllib.request.urlopen(f"{address}?{urllib.parse.urlencode(query)}") as answer:
            return json.load(answer)["data"]

    def firing(self) -> dict[str, list[dict[str, Any]]]:
        """Return the alerts that fire, by name."""
        found: dict[str, list[dict[str, Any]]] = {}
        for alert in self.ask("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert)
        return found


class Stage:
    """The service with all its processes, and whoever looks at it.

    Args:
        rules: the alert rules, as YAML.
    """

    def __init__(self, rules: str = "groups: []") -> None:
        self._temporary = TemporaryDirectory(prefix="stage-")
        self.folder = Path(self._temporary.name)
        self._stack = ExitStack()
        self._number = 0
        self._metrics = FreePort()
        self.servers = Servers()
        self.prometheus = Prometheus(self.folder, _job(), self._metrics.number, rules)
        os.environ |= self.servers.environment
        os.environ |= {
            "ENV_FILE": "",
            "HEALTH_DIR": str(self.folder / "health"),
            "LOG_FORMAT": "text",
            "METRICS_DIR": str(self.folder / "metrics"),
            "METRICS_PORT": str(self._metrics.number),
            "PYTHONPATH": str(ROOT),
            "WORKER_CONCURRENCY": "2",
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the servers and Prometheus; worker and exporter are started one by one.

        Raises:
            NotReady: when one does not start.
        """
        with self._temporary, self.servers.running(), self._stack:
            if Path("scripts/migrate.sh").exists():
                subprocess.run("scripts/migrate.sh", check=True)
            self._stack.enter_context(self.prometheus.running())
            yield

    def start_exporter(self) -> Process:
        """Start the exporter, and wait until it answers."""
        port = self._metrics.release()
        return self._start("scripts/start_metrics.sh").when(lambda: port_answers(port))

    def start_beat(self) -> Process:
        """Start beat, and wait until it sends."""
        beat = self._start("scripts/start_beat.sh")
        return beat.when(lambda: "beat: Starting" in beat.output())

    def start_relay(self) -> Process:
        """Start the relay, and wait until it sends."""
        relay = self._start("scripts/start_relay.sh")
        return relay.when(lambda: "The relay is ready." in relay.output())

    def start_worker(self, **environment: str) -> Process:
        """Start a worker, and wait until it takes messages."""
        command = ["scripts/start_worker.sh", "--include", "pictures.probes"]
        worker = self._start(*command, **environment)
        return worker.when(lambda: " ready." in worker.output())

    def logs(self) -> str:
        """Return the ends of the logs of worker and exporter, for whoever looks for a reason."""
        files = sorted(self.folder.glob("[0-9]*.log"))
        return "\n".join("\n".join(file.read_text().splitlines()[-40:]) for file in files)

    def metrics(self) -> str:
        """Return what Prometheus is shown."""
        address = f"http://127.0.0.1:{self._metrics.number}/metrics"
        with urllib.request.urlopen(address) as answer:
            text: str = answer.read().decode()
            return text

    def _start(self, *command: str, **environment: str) -> Process:
        self._number += 1
        log = self.folder / f"{self._number}.log"
        return self._stack.enter_context(Process(command, log, environment))


def _job() -> str:
    """Return the name of the service, under which Prometheus knows it."""
    found = re.search(r'^name = "(.+)"$', Path("pyproject.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]
