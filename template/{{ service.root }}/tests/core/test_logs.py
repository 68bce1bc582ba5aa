"""What the log tells of a task, and what it keeps to itself."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from celery import chain

from app.core.correlation import correlated
from tests.conftest import Worker
from tests.core.probes import QUEUE, bind, crash, double, flaky, note, stuck
from tests.core.workers import PROBES, resting

OF_TASK = {"attempt", "correlation_id", "queue", "task", "task_id", "worker"}
FIELDS = {"event", "level", "logger", "timestamp", *OF_TASK}
"""What each line about a task has."""


def fields(line: str) -> dict[str, str]:
    """Return what a line has beside its text."""
    return dict(re.findall(r"(\w+)=(\S+)", line))


def test_a_task_begins_and_ends_with_a_line(worker: Worker) -> None:
    sent = double.delay(21)
    worker.wait_for_success(sent.id)

    begin, end = map(fields, worker.lines(sent.id))
    assert begin["queue"] == end["queue"] == QUEUE
    assert begin["attempt"] == end["attempt"] == "1"
    assert float(begin["wait_time"]) >= 0
    assert float(end["run_time"]) >= 0


def test_each_attempt_has_its_lines(worker: Worker) -> None:
    sent = flaky.delay(failures=2)
    worker.wait_for_failure(sent.id)
    worker.wait_for_line(f"[{sent.id}] retry")

    # Two processes may have had them: which one writes first is not said.
    lines = [fields(line) for line in worker.lines(sent.id)]
    ends = {line["attempt"] for line in lines if "run_time" in line}
    begins = {line["attempt"] for line in lines if "wait_time" in line}
    assert begins == ends == {"1", "2"}
    assert {line["queue"] for line in lines} == {QUEUE}


def test_what_follows_has_the_correlation_id_of_the_producer(worker: Worker) -> None:
    with correlated("request-1"):
        last = chain(double.si(1), flaky.si(failures=1), crash.si()).apply_async()
    worker.wait_for_failure(last.id)

    for task_id in map(str, last.as_list()):
        # A task may be done before the one before it has written its last line.
        worker.wait_for_line(task_id, "run_time=")
        lines = [fields(line) for line in worker.lines(task_id)]
        assert len(lines) >= 2
        assert {line["correlation_id"] for line in lines} == {"request-1"}


def test_the_first_task_gives_its_id_to_what_follows(worker: Worker) -> None:
    last = chain(double.si(1), double.si(2)).apply_async()
    worker.wait_for_success(last.id)

    _, first = map(str, last.as_list())
    assert {fields(line)["correlation_id"] for line in worker.lines(last.id)} == {first}


def test_what_is_said_of_a_task_whose_process_is_gone_has_its_correlation_id(
    worker: Worker,
) -> None:
    with correlated("request-2"):
        sent = stuck.delay()
    worker.wait_for_line("hook on_dead_letter", sent.id)

    lines = worker.lines(sent.id)
    assert lines
    assert not [line for line in lines if "correlation_id=request-2" not in line]


def test_a_line_of_a_task_has_the_fields_of_the_task_and_those_that_it_binds(
    worker: Worker,
) -> None:
    sent = note.delay("A-7", "noted")
    worker.wait_for_success(sent.id)

    of_structlog, of_logging = map(fields, worker.lines(f"task_id={sent.id}", "noted"))
    assert of_structlog.pop("attempts_left") == "2"
    assert of_structlog == of_logging
    assert of_logging["order"] == "A-7"
    assert of_logging["task"] == note.name
    assert of_logging["queue"] == QUEUE
    assert "order=" not in worker.lines(sent.id, "succeeded")[0]


def test_arguments_and_results_are_told_where_that_is_asked_for(worker: Worker) -> None:
    sent = double.delay(123_456)

    worker.wait_for_line(sent.id, "started", "arguments={'number': 123456}")
    worker.wait_for_line(sent.id, "succeeded", "246912")


def test_by_default_neither_is_told_and_for_machines_each_line_is_json(
    worker: Worker, tmp_path: Path
) -> None:
    name = f"machine-{os.getpid()}"
    machine = {"LOG_ARGUMENTS": "no", "LOG_FORMAT": "json", "WORKER_CONCURRENCY": "1"}
    with Worker(tmp_path / "log", *PROBES, **machine, WORKER_NAME=name) as other:
        other.wait_for_output(" ready.")
        with resting(worker):
            bind.delay("queue", "what an earlier task has said")
            sent = double.delay(123_456)
            other.wait_for_success(sent.id)

    lines = [json.loads(line) for line in other.output().splitlines()]
    begin, end = (line for line in lines if line.get("task_id") == sent.id)
    assert begin.keys() == FIELDS | {"wait_time"}
    assert end.keys() == FIELDS | {"run_time"}
    assert begin["task"] == end["task"] == double.name
    assert begin["queue"] == end["queue"] == QUEUE
    assert begin["worker"] == end["worker"]
    assert begin["worker"].startswith(f"{name}@")
    assert begin["wait_time"] >= 0
    assert end["run_time"] >= 0
    assert not [line for line in lines if "123456" in str(line) or "246912" in str(line)]
