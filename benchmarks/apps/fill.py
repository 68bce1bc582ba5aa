"""Fills a queue with copies of the task `nothing` of a module: fill.py MODULE TASKS

One is sent as usual. The others differ from it in their id only, and cost far less to send.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any
from uuid import uuid4

from kombu import Connection
from order import ORDER
from redis import Redis

nothing: Any = import_module(sys.argv[1]).nothing
COPIES = int(sys.argv[2]) - 1
BROKER = os.environ["CELERY_BROKER_URL"]
BATCH = 1000


def fill_redis(queue: str, task_id: str) -> None:
    """Copy the message of a queue, in Redis."""
    redis = Redis.from_url(BROKER)
    message = redis.lindex(queue, 0)
    for begin in range(0, COPIES, BATCH):
        size = min(BATCH, COPIES - begin)
        copies = [message.replace(task_id.encode(), str(uuid4()).encode()) for _ in range(size)]
        redis.lpush(queue, *copies)


def fill_rabbitmq(queue: str, task_id: str) -> None:
    """Copy the message of a queue, in RabbitMQ."""
    with Connection(BROKER) as connection:
        channel: Any = connection.channel()
        message = channel.basic_get(queue)
        headers = message.properties["application_headers"]
        for _ in range(COPIES):
            headers["id"] = headers["root_id"] = message.properties["correlation_id"] = str(uuid4())
            channel.basic_publish(message, "", queue)
        channel.basic_reject(message.delivery_tag, requeue=True)
        # Its answer comes when all that was sent has arrived.
        channel.queue_declare(queue, passive=True)


result = nothing.delay(ORDER)
queue = f"bench.{nothing.name.split('.')[1]}"
(fill_redis if BROKER.startswith("redis") else fill_rabbitmq)(queue, result.id)
