"""What looks wrong, from what is known of a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.status import (
    Failure,
    Queue,
    Running,
    Server,
    Status,
    Worker,
    duration,
    problems,
)

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def queue(**fields: Any) -> Queue:
    """Return a queue that is well, with changes."""
    return Queue(**{"name": "shop.etl", "depth": 0, "oldest": 0, "workers": 1, "dead": 0, **fields})


def worker(**fields: Any) -> Worker:
    """Return a worker that is well, with changes."""
    well = {"name": "worker@a", "answered": 0.01, "processes": 2, "queues": ["shop.etl"]}
    return Worker(**{**well, **fields})


def found(**fields: Any) -> list[str]:
    """Return what looks wrong with a service that is well, but for these fields."""
    well = {"queues": [queue()], "workers": [worker()], "beat": True}
    return problems(Status(service="shop", at=NOW, **{**well, **fields}))


def running(seconds: float) -> Running:
    """Return a task with a limit of a minute."""
    return Running(
        id="17", task="shop.etl.load", queue="shop.etl", worker="a", seconds=seconds, limit=60
    )


def failure(ago: timedelta) -> Failure:
    """Return a dead letter."""
    return Failure(
        id="etl:1",
        queue="shop.etl",
        task="shop.etl.load",
        reason="failed",
        error="KeyError: 'x'",
        died_at=NOW - ago,
    )


def test_nothing_looks_wrong_with_a_service_that_is_well() -> None:
    assert found() == []
    assert found(running=[running(70)], failures=[failure(timedelta(hours=2))]) == []
    assert found(queues=[queue(depth=900, oldest=20)], workers=[worker(busy=2)]) == []
    assert found(queues=[queue(depth=5, oldest=None)]) == []
    assert found(beat=None) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"queues": [queue(depth=12, workers=0)], "workers": [worker(queues=[])]},
            "queue shop.etl: 12 messages wait and no worker reads it",
        ),
        (
            {"queues": [queue(workers=0)], "workers": [worker(queues=[])]},
            "queue shop.etl: no worker reads it",
        ),
        (
            {"queues": [queue(workers=None)], "workers": [worker(queues=[])]},
            "queue shop.etl: no worker reads it",
        ),
        ({"queues": [queue(workers=0)], "workers": []}, "no worker answers"),
        (
            {"queues": [queue(workers=2), queue(name="shop.ml", workers=0)]},
            "a worker that reads shop.etl is stuck, or died a moment ago: no answer",
        ),
        (
            {"queues": [queue(workers=4)]},
            "3 workers that read shop.etl are stuck, or died a moment ago: no answer",
        ),
        (
            {"queues": [queue(depth=1, oldest=720)]},
            "queue shop.etl: 1 message waits, the next one for 12 min",
        ),
        (
            {"queues": [queue(depth=3, oldest=9000)], "workers": [worker(busy=2)]},
            "queue shop.etl: 3 messages wait, the next one for 2 h: "
            "its workers are busy with other tasks",
        ),
        (
            {"queues": [queue(depth=3, oldest=None)], "workers": [worker(busy=2)]},
            "queue shop.etl: 3 messages wait, nobody knows for how long: "
            "its workers are busy with other tasks",
        ),
        ({"queues": [queue(canary=400)]}, "queue shop.etl: the last canary of beat came 6 min ago"),
        (
            {"running": [running(90)]},
            "shop.etl.load 17 runs for 90 s in a, its limit is 60 s",
        ),
        (
            {"failures": [failure(timedelta(minutes=1)), failure(timedelta(minutes=2))]},
            "queue shop.etl: 2 dead letters in the last hour, "
            "the last is shop.etl.load: failed, KeyError: 'x'",
        ),
        (
            {
                "queues": [queue(dead=70)],
                "failures": [failure(timedelta(minutes=1))],
                "sample": "newest",
            },
            "queue shop.etl: 1 or more dead letters in the last hour, "
            "the last is shop.etl.load: failed, KeyError: 'x'",
        ),
        (
            {
                "queues": [queue(dead=70)],
                "failures": [failure(timedelta(minutes=1))],
                "sample": "oldest",
            },
            "queue shop.etl: 1 or more dead letters in the last hour, "
            "one is shop.etl.load: failed, KeyError: 'x'",
        ),
        ({"beat": False}, "no beat works: nothing of the schedule is sent"),
        ({"unanswered": {"dead letters": "no answer in 4 s"}}, "dead letters: no answer in 4 s"),
    ],
)
def test_what_looks_wrong_is_said_plainly(fields: dict[str, Any], problem: str) -> None:
    assert found(**fields)[0] == problem


def test_a_broker_that_is_away_explains_the_rest() -> None:
    away = Server(name="broker", url="redis://a:6379//", up=False, error="Connection refused")

    assert found(
        servers=[away], queues=[], workers=[], unanswered={"workers": "Connection refused"}
    ) == ["the broker redis://a:6379// is away: Connection refused"]


def test_a_worker_of_older_code_is_no_worker_that_is_stuck() -> None:
    older = worker(name="worker@b", queues=[], error="it runs older code")

    assert found(queues=[queue(workers=2)], workers=[worker(), older]) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (180_000, "2 d")],
)
def test_a_time_is_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
