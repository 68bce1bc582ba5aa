"""Reads the metrics as Prometheus does."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families as families

from dev.processes import Process, free_port, port_answers
from tests.conftest import ROOT


class Scrape:
    """All metrics at a moment.

    Args:
        text: what Prometheus gets.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [sample for family in families(text) for sample in family.samples]

    def values(self, name: str, **labels: str) -> list[float]:
        """Return the values of a metric with these labels, whatever the others are."""
        return [
            sample.value
            for sample in self._samples
            if sample.name == name and sample.labels.items() >= labels.items()
        ]

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of them."""
        return sum(self.values(name, **labels))


class Exporter(Process):
    """The process that shows the metrics, started by the script that starts it in production.

    Args:
        log: the file for its output.
        environment: variables on top of our own.
    """

    def __init__(self, log: Path, **environment: str) -> None:
        self.port = free_port()
        variables = {"METRICS_PORT": str(self.port), **environment}
        super().__init__([ROOT / "scripts/start_metrics.sh"], log, variables)

    def __enter__(self) -> Self:
        return self.when(lambda: port_answers(self.port))

    def scrape(self) -> Scrape:
        """Return all metrics as they are now."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as answer:
            return Scrape(answer.read().decode())
