"""Prometheus is shown what happens, in every pool, and what waits at the broker."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.celery_app import app
from app.core import canary, correlation
from app.core.metric_files import SENT, SIZES, Number, readable
from app.core.types import BoundTask
from dev.processes import START_TIMEOUT, Process, free_port
from tests.conftest import ROOT, Worker, probe
from tests.core.letters import body, headers, publish
from tests.core.probes import QUEUE, die, early, flaky, meet, refuse, reject, say
from tests.core.scraping import Exporter, Scrape

PROCESSED = "celery_tasks_processed_total"
STARTED = "celery_tasks_started_total"

AT_ONCE = 20
"""How many tasks a worker runs at a time."""

OTHERS = 2
"""How many the other worker of the tests may run meanwhile."""


HOUR = 3600.0


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """The metrics of the workers of these tests."""
    with Exporter(tmp_path_factory.mktemp("metrics") / "log") as exporter:
        yield exporter


def grown(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    """Return by how much a counter has grown."""
    return after.total(name, **labels) - before.total(name, **labels)


def ends(before: Scrape, after: Scrape, task: str) -> dict[str, float]:
    """Return how often runs of a task have ended in each way."""
    counts = {
        status: grown(before, after, PROCESSED, task_name=task, status=status)
        for status in ("success", "failure", "retry", "rejected", "dead")
    }
    return {status: count for status, count in counts.items() if count}


def test_every_run_is_counted_once_however_it_ends(worker: Worker, exporter: Exporter) -> None:
    before = exporter.scrape()
    for _ in range(3):
        say.delay(text="counted")
    for task in (refuse, early, reject, die):
        task.delay()
    flaky.delay(failures=1)
    publish(body(), headers(task="no.such.task"))
    publish("no JSON", headers(task=...))

    def all_have_ended() -> bool:
        return grown(before, exporter.scrape(), PROCESSED) == 12

    worker.wait_until(all_have_ended, "end of 10 runs and 2 messages")
    after = exporter.scrape()
    assert ends(before, after, say.name) == {"success": 3}
    assert ends(before, after, refuse.name) == {"failure": 1}
    assert ends(before, after, early.name) == {"failure": 1}
    assert ends(before, after, reject.name) == {"failure": 1}
    assert ends(before, after, die.name) == {"retry": 1, "dead": 1}
    assert ends(before, after, flaky.name) == {"retry": 1, "success": 1}
    assert ends(before, after, "unknown") == {"dead": 2}
    assert grown(before, after, STARTED) == 10
    assert grown(before, after, "celery_task_duration_seconds_count") == 10
    assert grown(before, after, "celery_task_wait_seconds_count") == 10
    # Those that are tried again: one by the child that ran it, one by the worker.
    assert grown(before, after, "celery_tasks_published_total", queue=QUEUE) == 2
    assert after.total("celery_tasks_in_flight", queue=QUEUE) == 0
    # The last one is there when the worker's event loop has come to it.
    worker.wait_until(
        lambda: exporter.scrape().total("celery_dead_letters", queue=QUEUE) >= 6, "dead letters"
    )


@pytest.mark.parametrize(("pool", "ignored"), [("threads", "all"), ("gevent", "soft")])
def test_tasks_that_run_in_one_process_are_counted(
    worker: Worker, exporter: Exporter, tmp_path: Path, pool: str, ignored: str
) -> None:
    variables = {
        "WORKER_CONCURRENCY": str(AT_ONCE),
        "WORKER_IGNORE_LIMITS": ignored,
        "WORKER_NAME": f"{pool}-{os.getpid()}",
        "WORKER_POOL": pool,
    }
    (tmp_path / "here").mkdir()
    before = exporter.scrape()

    with Worker(tmp_path / "log", "--include", "tests.core.probes", **variables) as crowded:
        crowded.wait_for_output(" ready.")
        for number in range(AT_ONCE + OTHERS):
            meet.delay(str(tmp_path / "here"), str(number), AT_ONCE + OTHERS)
        crowded.wait_until(
            lambda: ends(before, exporter.scrape(), meet.name) == {"success": AT_ONCE + OTHERS},
            "tasks that have met",
        )
        after = exporter.scrape()
        name = crowded.name

    assert grown(before, after, STARTED, task_name=meet.name) == AT_ONCE + OTHERS
    assert after.total("celery_worker_memory_bytes", worker=name) > 10_000_000
    assert after.total("celery_tasks_in_flight") == 0
    gone = exporter.scrape()
    assert gone.values("celery_worker_memory_bytes", worker=name) == []
    assert gone.total(STARTED) == after.total(STARTED)


def send(task: BoundTask, **arguments: Any) -> None:
    """Send a task as the service does."""
    task.delay(**arguments)


def send_from_elsewhere(task: BoundTask, **arguments: Any) -> None:
    """Send a task as a program does that does not say when it sends."""
    publish(body(kwargs=arguments), headers(task=task.name))


@pytest.mark.parametrize("send", [send, send_from_elsewhere])
def test_what_waits_in_a_queue_is_shown(
    worker: Worker, exporter: Exporter, tmp_path: Path, send: Callable[..., None]
) -> None:
    (tmp_path / "here").mkdir()
    before, began = exporter.scrape(), time.time()
    for number in range(OTHERS):
        send(meet, folder=str(tmp_path / "here"), name=str(number), amount=OTHERS + 1)
    worker.wait_until(
        lambda: exporter.scrape().total("celery_tasks_in_flight", queue=QUEUE) == OTHERS,
        "full worker",
    )
    for _ in range(3):
        send(say, text="waits")
    time.sleep(0.5)
    seen: list[Scrape] = []

    def all_wait() -> bool:
        # A broker that has much to do may have said nothing in time.
        seen.append(exporter.scrape())
        return seen[-1].values("celery_queue_depth", queue=QUEUE) == [3]

    worker.wait_until(all_wait, "three messages that wait")
    waiting, age = seen[-1], time.time() - began
    (tmp_path / "here/the last one").touch()

    assert 0.5 <= waiting.total("celery_queue_oldest_seconds", queue=QUEUE) <= age
    assert waiting.values("celery_queue_workers", queue=QUEUE) == [1]
    assert waiting.values("celery_broker_up") == [1]
    worker.wait_until(lambda: ends(before, exporter.scrape(), say.name) == {"success": 3}, "end")
    after = exporter.scrape()
    assert after.values("celery_queue_depth", queue=QUEUE) == [0]
    assert after.values("celery_queue_oldest_seconds", queue=QUEUE) == [0]


@pytest.mark.parametrize(
    "sent", ["", "yesterday", "1763780000", None, True, -1, 0, 10**400, math.nan, math.inf, [1], {}]
)
def test_nonsense_about_when_a_message_was_sent_harms_nothing(sent: Any) -> None:
    due = correlation.due_at(sent, None)

    assert due is None or 0 <= time.time() - due < HOUR


def test_a_message_is_due_when_it_was_sent_or_at_its_own_time() -> None:
    sent = time.time() - HOUR

    assert correlation.due_at(sent, None) == sent
    midnight = datetime(2100, 2, 1, tzinfo=UTC).timestamp()
    assert correlation.due_at(sent, "2100-01-31T24:00:00Z") == midnight


def test_a_canary_is_young_when_it_has_come_through(worker: Worker, exporter: Exporter) -> None:
    before, sent = exporter.scrape(), time.time()
    app.tasks[canary.NAME].apply_async(kwargs={"queue": QUEUE}, queue=QUEUE)

    worker.wait_until(
        lambda: ends(before, exporter.scrape(), canary.NAME) == {"success": 1}, "canary"
    )
    age = exporter.scrape().total("celery_canary_age_seconds", queue=QUEUE)
    assert 0 <= age <= time.time() - sent


def test_it_says_that_the_broker_is_away_and_shows_the_rest(
    worker: Worker, exporter: Exporter, tmp_path: Path
) -> None:
    here = os.environ["CELERY_BROKER_URL"]
    port = here.rpartition(":")[2].partition("/")[0]
    nowhere = here.replace(f":{port}", f":{free_port()}")

    with Exporter(tmp_path / "log", CELERY_BROKER_URL=nowhere) as alone:
        scraped = alone.scrape()
        assert scraped.values("celery_broker_up") == [0]
        assert scraped.values("celery_queue_depth") == []
        assert scraped.total(STARTED) == exporter.scrape().total(STARTED) > 0
        assert probe("metrics", "alive", "60").returncode == 0
        assert alone.stop(START_TIMEOUT) == 0


def test_a_port_that_is_taken_is_named(exporter: Exporter, tmp_path: Path) -> None:
    taken = Process(
        [ROOT / "scripts/start_metrics.sh"],
        tmp_path / "log",
        {"METRICS_PORT": str(exporter.port)},
    )

    with taken:
        assert taken.wait() == 1

    assert f"METRICS_PORT={exporter.port}: cannot listen there" in taken.output()


def test_a_folder_that_cannot_be_written_ends_a_worker_at_its_start(tmp_path: Path) -> None:
    with Worker(tmp_path / "log", METRICS_DIR="/dev/null/metrics") as refused:
        assert refused.wait() == 1

    assert "METRICS_DIR=/dev/null/metrics: nothing can be written there" in refused.output()


@pytest.mark.parametrize(
    ("port", "counting"), [("0", "[]"), ("9808", "['app.core.metrics:Counting']")]
)
def test_only_a_worker_counts_and_only_when_it_is_meant_to(port: str, counting: str) -> None:
    lines = [
        "import sys",
        "from app.celery_app import app",
        "assert 'prometheus_client' not in sys.modules",
        "print([step for step in app.steps['worker'] if 'metrics' in str(step)])",
    ]

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT,
        env=os.environ | {"METRICS_PORT": port},
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
    )

    assert done.stdout.strip() == counting, done.stderr


def test_a_process_counts_on_where_one_has_stopped_that_is_gone(tmp_path: Path) -> None:
    def number_of_a_process() -> str:
        code = f"from pathlib import Path; from app.core.metric_files import Number; {take}"
        return subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip()

    take = f"print(Number(Path({str(tmp_path)!r}))())"
    first = Number(tmp_path)

    assert first() == "0"
    assert number_of_a_process() == "1"
    assert number_of_a_process() == "1"


def test_a_process_that_only_sends_has_one_file_and_nothing_of_the_last_one(tmp_path: Path) -> None:
    Number(tmp_path / "whole")()
    gauge = tmp_path / "gauge_livesum_0.db"
    gauge.write_bytes((tmp_path / "whole" / gauge.name).read_bytes())

    Number(tmp_path, [SENT])()

    assert set(readable(tmp_path)) == {str(tmp_path / "counter_0.db")}
    assert len(set(readable(tmp_path / "whole"))) == len(SIZES)


def test_a_damaged_file_is_begun_anew_and_hides_no_other(tmp_path: Path) -> None:
    file = tmp_path / "counter_0.db"
    # It says that there are some, and they have not come to the disk.
    damaged = (100).to_bytes(8, "little") + bytes(92)
    file.write_bytes(damaged)

    Number(tmp_path)()
    assert str(file) in set(readable(tmp_path))

    file.write_bytes(damaged)
    assert str(file) not in set(readable(tmp_path))
    assert str(tmp_path / "histogram_0.db") in set(readable(tmp_path))
