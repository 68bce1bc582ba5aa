"""What Sentry hears of: failures and dead letters, and nothing that is personal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.core.correlation import correlated
from dev.processes import START_TIMEOUT
from tests.conftest import Worker
from tests.core.letters import body, headers, publish
from tests.core.probes import QUEUE, flaky, leak, mended, stuck
from tests.core.receivers import Receiver
from tests.core.workers import PROBES, resting

SECRET = "ada@example.com"

REPORTED = {"failed", "leaking", "stuck", "unknown", "malformed"}
"""The ids of the tasks that fail for good."""

Reports = dict[str, dict[str, Any]]
"""What was reported of tasks, by their ids."""


@pytest.fixture(scope="module")
def reports(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    log = tmp_path_factory.mktemp("sentry") / "log"
    with Receiver() as sentry, resting(worker), reporting_worker(log, sentry) as reporting:
        reporting.wait_for_output(" ready.")
        failing = {"file": "/nowhere", "name": SECRET}
        with correlated("request-1"):
            mended.apply_async(kwargs=failing, task_id="failed")
        secret = {"url": f"http://{sentry.address}/", "secret": SECRET}
        leak.apply_async(kwargs=secret, task_id="leaking")
        flaky.apply_async(kwargs={"failures": 1}, task_id="retried")
        stuck.apply_async(task_id="stuck")
        publish(body(kwargs={"text": SECRET}), headers(id="unknown", task="gone"))
        publish(body(kwargs={"text": SECRET}), headers(id="malformed", retries="many"))
        for task_id in REPORTED:
            reporting.wait_for_line("hook on_dead_letter", f"task_id={task_id} ")
        reporting.wait_for_success("retried")
        reporting.wait_until(lambda: len(sentry.bodies) >= len(REPORTED), "reports")
        assert reporting.stop(START_TIMEOUT) == 0
    # An envelope has a head, the head of its event, and the event.
    events = [json.loads(envelope.splitlines()[2]) for envelope in sentry.bodies]
    by_task = {event["tags"]["task_id"]: event for event in events}
    assert len(by_task) == len(events)
    return by_task


def reporting_worker(log: Path, sentry: Receiver) -> Worker:
    variables = {
        "SENTRY_DSN": f"http://key@{sentry.address}/1",
        "SENTRY_ENVIRONMENT": "staging",
        "WORKER_NAME": f"reporting-{os.getpid()}",
    }
    return Worker(log, *PROBES, **variables)


def test_a_failure_is_reported_with_its_stack_and_its_task(reports: Reports) -> None:
    report = reports["failed"]

    assert report["environment"] == "staging"
    assert report["transaction"] == mended.name
    assert report["tags"] == {
        "task": mended.name,
        "task_id": "failed",
        "queue": QUEUE,
        "attempt": "1",
        "correlation_id": "request-1",
        "reason": "failed",
    }
    (error,) = report["exception"]["values"]
    assert (error["type"], error["value"]) == ("PermanentError", "the file is missing")
    assert error["stacktrace"]["frames"][-1]["function"] == "mended"


@pytest.mark.parametrize(
    ("task_id", "reason", "error"),
    [
        ("stuck", "time limit", "TimeLimitExceeded"),
        ("unknown", "unknown task", "NotRegistered"),
        ("malformed", "malformed", "Malformed"),
    ],
)
def test_what_no_task_has_told_is_reported(
    reports: Reports, task_id: str, reason: str, error: str
) -> None:
    report = reports[task_id]

    assert (report["tags"]["reason"], report["tags"]["queue"]) == (reason, QUEUE)
    assert report["exception"]["values"][-1]["type"] == error


def test_a_retry_is_not_reported(reports: Reports) -> None:
    assert reports.keys() == REPORTED


def test_no_argument_is_reported(reports: Reports) -> None:
    assert SECRET not in json.dumps(reports)


def test_neither_variables_nor_the_log_nor_calls_of_apis_are_reported(reports: Reports) -> None:
    report = reports["leaking"]

    (error,) = report["exception"]["values"]
    frames = error["stacktrace"]["frames"]
    assert (error["value"], frames[-1]["function"]) == ("the API refused", "leak")
    assert not [frame for frame in frames if "vars" in frame]
    assert not report.get("breadcrumbs", {}).get("values")
    assert SECRET not in json.dumps(report)
