"""The metrics are exact, whatever becomes of the processes that run the tasks."""

from __future__ import annotations

import random
from pathlib import Path

from app.core.exporter import PATIENCE
from dev.processes import START_TIMEOUT
from tests.core.scraping import Exporter, Scrape
from tests.guarantees.harness import GRACE, Batch, Workers, broker_stalled, wait_until
from tests.guarantees.probes import vary
from tests.guarantees.sizes import COUNTED, KILLS

PROCESSED = "celery_tasks_processed_total"
STARTED = "celery_tasks_started_total"


def fates(chance: random.Random) -> list[str]:
    """Return what is to become of each task: one in twenty fails, and one is tried again."""
    many = COUNTED // 20
    special = ["fail"] * many + ["retry"] * many + ["kill"] * KILLS
    return chance.sample(special + ["none"] * (COUNTED - len(special)), COUNTED)


def processed(scrape: Scrape) -> dict[str, float]:
    """Return how often runs have ended in each way."""
    statuses = ("success", "failure", "retry", "rejected", "dead")
    return {status: scrape.total(PROCESSED, status=status) for status in statuses}


def test_every_run_is_counted_once_while_processes_come_and_go(
    batch: Batch, workers: Workers, chance: random.Random, tmp_path: Path
) -> None:
    folder = str(tmp_path / "metrics")
    told = fates(chance)
    for fate in told:
        batch.publish(vary, fate=fate)
    ended: list[float] = []

    with Exporter(tmp_path / "log", METRICS_DIR=folder) as exporter:
        workers.start(WORKER_CONCURRENCY="4", WORKER_MAX_TASKS_PER_CHILD="50", METRICS_DIR=folder)

        def all_have_ended() -> bool:
            ended.append(sum(processed(exporter.scrape()).values()))
            return ended[-1] >= COUNTED + told.count("retry") + told.count("kill")

        wait_until(all_have_ended, "end of all runs", timeout=180.0)
        workers.stop_all()
        scrape = exporter.scrape()

    again = told.count("retry") + told.count("kill")
    assert processed(scrape) == {
        "success": len(batch.runs("done")),
        "failure": told.count("fail"),
        "retry": again,
        "rejected": 0,
        "dead": 0,
    }
    assert len(batch.runs("done")) == COUNTED - told.count("fail")
    assert scrape.total(STARTED) == len(batch.runs()) == COUNTED + again
    assert scrape.total("celery_task_duration_seconds_count") == COUNTED + again
    assert scrape.total("celery_tasks_published_total") == again
    assert scrape.values("celery_tasks_in_flight") == []
    assert scrape.total("celery_dead_letters") == told.count("fail")
    assert ended == sorted(ended)


def test_a_run_that_is_handed_back_has_begun_and_is_rejected(
    batch: Batch, workers: Workers, tmp_path: Path
) -> None:
    folder = str(tmp_path / "metrics")
    with Exporter(tmp_path / "log", METRICS_DIR=folder) as exporter:
        worker = workers.start(METRICS_DIR=folder, WORKER_SOFT_SHUTDOWN_TIMEOUT="0.5")
        batch.publish_held(3)
        batch.wait_until_started(2)

        def shows(metric: str, amount: int) -> bool:
            return exporter.scrape().total(metric) == amount

        # The main process counts, and hears of a task when that runs already.
        wait_until(lambda: shows("celery_tasks_in_flight", 2), "two tasks in flight", timeout=60.0)

        worker.stop(GRACE)

        # The broker notices by itself that the worker is gone.
        wait_until(lambda: shows("celery_queue_depth", 3), "all in the queue", timeout=60.0)
        scrape = exporter.scrape()
        assert scrape.total(STARTED) == scrape.total(PROCESSED) == 2
        assert scrape.total(PROCESSED, status="rejected") == 2
        assert scrape.values("celery_tasks_in_flight") == []


def test_a_broker_that_stands_still_does_not_hold_up_the_metrics(
    batch: Batch, workers: Workers, tmp_path: Path
) -> None:
    with Exporter(tmp_path / "log") as exporter:
        # On a busy machine, it may have been given up too soon.
        wait_until(lambda: exporter.scrape().values("celery_broker_up") == [1], "answer", 60.0)
        with broker_stalled():
            assert exporter.scrape().values("celery_broker_up") == [0]
            # It has not waited until the connection gives up.
            assert f"has not answered for {PATIENCE} s" in exporter.output()
            assert exporter.stop(START_TIMEOUT) == 0
