"""dramatiq with Redis as it comes, with results unless BENCH_RESULTS is empty."""

from __future__ import annotations

import os

import dramatiq
from done import done
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from order import ORDER

STORE = os.environ["BENCH_RESULTS"]

broker = RedisBroker(url=os.environ["CELERY_BROKER_URL"])
if STORE:
    broker.add_middleware(Results(backend=RedisBackend(url=STORE), result_ttl=86_400_000))
dramatiq.set_broker(broker)


@dramatiq.actor(**({"store_results": True} if STORE else {}))
def nothing(order: dict[str, object]) -> None:
    """Do nothing."""
    done()


def publish(tasks: int) -> None:
    """Send tasks."""
    for _ in range(tasks):
        nothing.send(ORDER)
