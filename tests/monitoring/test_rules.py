"""The rules fire and clear by the clock, each leads to the runbook, and the dashboard is whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import matrix
from tests.docs.pages import blocks, code, table
from tests.harness import ROOT, Answers, render, run

SERVICES: dict[str, Answers] = {
    "redis": {
        "service_name": matrix.NAMES["longest"],
        "task_types": matrix.TASK_TYPES["all"],
        "database": True,
        "http_api": True,
    },
    "rabbitmq": {
        "service_name": matrix.NAMES["shortest"],
        "task_types": "a",
        "broker": "rabbitmq",
        "beat": False,
    },
}


DEPENDING = {"CeleryApiFails", "CeleryCanaryLate", "CeleryOutboxFailed", "CeleryOutboxLate"}
"""The alerts that only some services have."""


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service, once for each broker, with and without beat, with long and short names."""
    return render(tmp_path_factory.mktemp(request.param) / "service", SERVICES[request.param])


def promtool(service: Path, *command: str) -> None:
    """Run promtool in the folder of a service, and show what it says when it complains."""
    done = run(["promtool", *command], service)
    assert done.returncode == 0, done.stdout


def document(service: Path, name: str) -> dict[str, Any]:
    """Return a file of the monitoring."""
    found: dict[str, Any] = yaml.safe_load((service / "deploy/monitoring" / name).read_text())
    return found


def rules(service: Path) -> list[dict[str, Any]]:
    """Return the alert rules."""
    return rules_in(service / "deploy/monitoring/alerts.yml")


def rules_in(file: Path) -> list[dict[str, Any]]:
    """Return the alert rules of a file."""
    return [rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def panels(service: Path) -> list[dict[str, Any]]:
    """Return the panels of the dashboard, with the headings of its rows."""
    found: list[dict[str, Any]] = document(service, "dashboard.json")["panels"]
    return found


def test_prometheus_takes_the_rules(service: Path) -> None:
    promtool(service, "check", "rules", "deploy/monitoring/alerts.yml")


def test_the_rules_fire_and_clear_when_they_should(service: Path) -> None:
    promtool(service, "test", "rules", "deploy/monitoring/alerts_test.yml")


def test_each_alert_has_a_case_in_which_it_fires_and_then_clears(service: Path) -> None:
    proven = {
        cases[-1]["alertname"]
        for test in document(service, "alerts_test.yml")["tests"]
        for cases in [test["alert_rule_test"]]
        if [bool(case["exp_alerts"]) for case in cases] == [False, True, False]
    }

    assert proven == {rule["alert"] for rule in rules(service)}


def test_each_alert_says_how_urgent_it_is_and_leads_to_the_runbook(service: Path) -> None:
    readme = (service / "README.md").read_text()
    runbook = readme.partition("\n## Runbook\n")[2].partition("\n## ")[0]
    headings = re.findall(r"^### (\w+)$", runbook, re.MULTILINE)

    assert headings == [rule["alert"] for rule in rules(service)]
    for rule in rules(service):
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"README.md#{rule['alert'].lower()}"


def test_the_links_to_the_runbook_are_whole_where_prometheus_reads_them(
    service: Path, tmp_path: Path
) -> None:
    copying = [text for text in blocks(ROOT / "docs/monitoring.md", "console") if "sed " in text]
    assert len(copying) == 1
    done = run(["sh", "-c", copying[0].replace("/etc/prometheus/rules", str(tmp_path))], service)
    assert done.returncode == 0, done.stdout
    (copied,) = tmp_path.iterdir()

    promtool(service, "check", "rules", str(copied))
    links = [rule["annotations"]["runbook_url"] for rule in rules_in(copied)]
    assert links == [
        f"https://git.example.com/shop/worker-celery-billing/blob/main/README.md#{name}"
        for name in [rule["alert"].lower() for rule in rules(service)]
    ]


def test_the_page_names_the_alerts_and_how_urgent_they_are(service: Path) -> None:
    rows = table(ROOT / "docs/monitoring.md", "alert")
    described = {code(name)[0]: severity for name, severity, _ in rows}
    rendered = {rule["alert"]: rule["labels"]["severity"] for rule in rules(service)}

    assert rendered.items() <= described.items()
    assert described.keys() - rendered.keys() <= DEPENDING


def test_only_beat_has_a_canary_to_wait_for(service: Path) -> None:
    text = "".join(
        (service / "deploy/monitoring" / name).read_text()
        for name in ("alerts.yml", "dashboard.json")
    )

    assert ("celery_canary_age_seconds" in text) == (service / "app/schedule.py").exists()


def test_the_dashboard_has_a_row_for_each_queue_and_for_what_else_there_is(service: Path) -> None:
    done = run(
        ["python", "-c", "from app.core.discovery import queue_names; print(*queue_names())"],
        service,
        ENV_FILE="",
    )
    rows = [panel["title"] for panel in panels(service) if panel["type"] == "row"]

    has = {
        "HTTP API": (service / "app/api.py").exists(),
        "Outbox": (service / "app/outbox.py").exists(),
    }
    above = ["Overview", *(title for title, there in has.items() if there)]
    assert rows[: len(above)] == above
    assert sorted(rows[len(above) :]) == sorted(done.stdout.split())


def test_the_panels_of_the_dashboard_lie_side_by_side(service: Path) -> None:
    cells = [
        (place["x"] + column, place["y"] + line)
        for panel in panels(service)
        for place in [panel["gridPos"]]
        for column in range(place["w"])
        for line in range(place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert all(column < 24 for column, _ in cells)
    numbers = [panel["id"] for panel in panels(service)]
    assert len(numbers) == len(set(numbers))


def test_prometheus_takes_the_expressions_of_the_dashboard(service: Path, tmp_path: Path) -> None:
    expressions = [
        target["expr"].replace("$__rate_interval", "1m")
        for panel in panels(service)
        for target in panel.get("targets", [])
    ]
    records = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(expressions)
    ]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": records}]}))

    assert expressions
    promtool(service, "check", "rules", str(file))


def test_numbers_are_those_of_now_and_lines_those_of_the_time_that_is_shown(service: Path) -> None:
    asked = {
        (panel["type"], target["instant"], target["range"])
        for panel in panels(service)
        for target in panel.get("targets", [])
    }

    assert asked == {("stat", True, False), ("timeseries", False, True)}


def test_grafana_takes_the_name_of_the_dashboard(service: Path) -> None:
    assert re.fullmatch(r"[\w-]{1,40}", document(service, "dashboard.json")["uid"])


def test_the_dashboard_names_its_data_source_nowhere_but_in_a_variable(service: Path) -> None:
    dashboard = document(service, "dashboard.json")
    sources = re.findall(r'"uid": "([^"]+)"', json.dumps(dashboard["panels"]))

    assert set(sources) == {"${datasource}"}
    assert [each["name"] for each in dashboard["templating"]["list"]] == ["datasource", "job"]
