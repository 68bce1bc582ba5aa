"""Workers are seen and controlled by their own service alone, whoever else uses the broker."""

from __future__ import annotations

import os

from celery import Celery

from app.celery_app import app
from tests.conftest import Worker


def test_a_worker_answers_its_own_service(worker: Worker) -> None:
    assert app.control.ping([worker.name], timeout=60, limit=1)


def test_a_worker_does_not_answer_another_one(worker: Worker) -> None:
    with Celery(broker=os.environ["CELERY_BROKER_URL"], set_as_current=False) as stranger:
        assert stranger.control.ping(timeout=1) == []
