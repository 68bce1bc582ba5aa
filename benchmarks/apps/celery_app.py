"""Celery as it comes, and with the settings of the common recipe: BENCH_SETTINGS=bare or recipe.

With BENCH_QUEUES=quorum, its queue on RabbitMQ is one that survives the loss of a broker node. With
BENCH_CONNECTIONS, it may have so many to Redis, and all tasks of a process share a result backend.
"""

from __future__ import annotations

import os

from celery import Celery
from done import done

RECIPE = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_track_started": True,
    "worker_prefetch_multiplier": 1,
    "result_backend": os.environ.get("BENCH_RESULTS"),
}
"""What most guides to a reliable worker say."""

app = Celery("bench", broker=os.environ["CELERY_BROKER_URL"])
app.conf.broker_connection_retry_on_startup = True
if os.environ["BENCH_SETTINGS"] == "recipe":
    app.conf.update(RECIPE)
if connections := os.environ.get("BENCH_CONNECTIONS"):
    app.conf.broker_transport_options = {"max_connections": int(connections)}
    app.conf.result_backend_thread_safe = True
if os.environ.get("BENCH_QUEUES") == "quorum":
    app.conf.update(task_default_queue_type="quorum", task_default_exchange_type="topic")


@app.task
def nothing(order: dict[str, object]) -> None:
    """Do nothing."""
    done()
