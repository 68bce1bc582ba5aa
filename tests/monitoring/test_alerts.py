"""Alerts fire when a live service breaks, and clear when it is mended.

Every run plays two scenes on Redis. With --full each alert fires and clears on both brokers.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness import ROOT, Answers, render, run
from tests.monitoring.quick import quickened
from tests.servers import has_rabbitmq

DRIVE = ROOT / "tests/monitoring/drive.py"

SHORT = {"redis": ("no_metrics", "no_worker")}
"""The scenes of every run. Those of a scene are described in drive.py."""

ALL = (*SHORT["redis"], "no_broker", "no_canary", "no_process", "no_success", "no_relay")

FULL = {"redis": ALL, "rabbitmq": ALL}
"""The scenes with --full: about two minutes for each broker."""

SERVICES: dict[str, Answers] = {
    "redis": {"task_types": "orders_sync, thumbnails", "database": True},
    "rabbitmq": {
        "task_types": "orders_sync",
        "broker": "rabbitmq",
        "result_backend": "none",
        "database": True,
    },
}

Seen = dict[str, Any]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> dict[Path, Seen]:
    """What was seen in live services, by their folders."""
    scenes = FULL if pytestconfig.getoption("full") else SHORT
    root = tmp_path_factory.mktemp("live")
    services = {
        render(root / broker, SERVICES[broker]): scenes[broker]
        for broker in scenes
        if broker != "rabbitmq" or has_rabbitmq()
    }
    return {service: play(service, scenes) for service, scenes in services.items()}


def play(service: Path, scenes: tuple[str, ...]) -> Seen:
    """Play scenes in a service, with its rules made quick, and return what was seen."""
    rules = service / "quick.yml"
    rules.write_text(quickened((service / "deploy/monitoring/alerts.yml").read_text()))
    done = run([sys.executable, str(DRIVE), str(rules), *scenes], service)
    assert done.returncode == 0, done.stdout[-8000:]
    seen: Seen = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_alerts_fire_and_clear(live: dict[Path, Seen], pytestconfig: pytest.Config) -> None:
    short = {"CeleryMetricsGone", "CeleryQueueUnread"}
    for service, seen in live.items():
        document = yaml.safe_load((service / "deploy/monitoring/alerts.yml").read_text())
        names = {rule["alert"] for group in document["groups"] for rule in group["rules"]}
        assert seen["fired"].keys() >= (names if pytestconfig.getoption("full") else short), service


def test_the_texts_of_alerts_name_what_is_wrong(live: dict[Path, Seen]) -> None:
    for service, seen in live.items():
        for alerts in seen["fired"].values():
            for alert in alerts:
                assert alert["annotations"]["summary"].startswith(alert["labels"]["job"]), service
                assert "<" not in alert["annotations"]["description"], alert


def test_dashboard_and_rules_ask_for_what_the_service_shows(live: dict[Path, Seen]) -> None:
    for service, seen in live.items():
        shown = set(re.findall(r"^(celery_\w+)[{ ]", seen["metrics"], re.MULTILINE))
        for name in ("dashboard.json", "alerts.yml"):
            text = (service / "deploy/monitoring" / name).read_text()
            asked = set(re.findall(r"\b(celery_\w+)\{", text))
            assert asked
            assert asked <= shown, name


def test_the_metrics_are_as_prometheus_wants_them(live: dict[Path, Seen]) -> None:
    for service, seen in live.items():
        (service / "metrics.txt").write_text(seen["metrics"])
        done = run(["sh", "-c", "promtool check metrics < metrics.txt"], service)
        assert (done.returncode, done.stdout) == (0, "")
