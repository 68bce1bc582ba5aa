"""taskiq with streams of Redis and results, both as it comes."""

from __future__ import annotations

import asyncio
import os

from done import done
from order import ORDER
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

results = RedisAsyncResultBackend(os.environ["BENCH_RESULTS"], result_ex_time=86_400)
broker = RedisStreamBroker(os.environ["CELERY_BROKER_URL"]).with_result_backend(results)


@broker.task
async def nothing(order: dict[str, object]) -> None:
    """Do nothing."""
    done()


def publish(tasks: int) -> None:
    """Send tasks."""
    asyncio.run(_publish(tasks))


async def _publish(tasks: int) -> None:
    await broker.startup()
    for _ in range(tasks):
        await nothing.kiq(ORDER)
    await broker.shutdown()
