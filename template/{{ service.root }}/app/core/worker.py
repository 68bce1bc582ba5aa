"""The life of a worker: it shows that it is well, waits for its broker, and stops in good order."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
from contextlib import suppress
from importlib import import_module
from time import monotonic
from typing import Any

from celery import bootsteps

from app.config import Config
from app.core import control, health  # noqa: F401
from app.core.consumer import Consumer as BuryingConsumer

config = Config.load()
logger = logging.getLogger(__name__)

EVENT_PAUSE = 0.2
"""Seconds for which events wait for others: sending each at once costs more than most else."""

# Its type stubs lag behind.
state: Any = import_module("celery.worker.state")


class Alive(bootsteps.StartStopStep):
    """Gives signs of life from the event loop, so there are none when that is stuck."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        health.prepare()
        self._sign = health.alive(short_name(worker))

    def start(self, worker: Any) -> None:
        """Give the first sign, and the others from the event loop."""
        self._sign.give()
        worker.timer.call_repeatedly(health.PULSE, self._sign.give)

    def on_wait(self, worker: Any) -> None:
        """Give a sign: a worker without a broker is alive, but has no event loop."""
        self._sign.give()


class Ready(bootsteps.StartStopStep):
    """Shows whether the worker takes messages."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._sign = health.ready(short_name(consumer))
        # One that was killed has left it.
        self._sign.withdraw()

    def start(self, consumer: Any) -> None:
        """Be ready as soon as the event loop runs."""
        consumer.call_soon(self._sign.give)

    def stop(self, consumer: Any) -> None:
        """Be ready no more: the connection is lost, or the worker stops."""
        self._sign.withdraw()

    def terminate(self, consumer: Any) -> None:
        """Be ready no more."""
        self.stop(consumer)


class Consumer(BuryingConsumer):
    """Waits for a broker that is away, at start and later. Meanwhile the worker is alive.

    Steps of the worker hear of it: `on_wait` is called every second, `on_connect` at last.
    """

    controller: Any
    event_dispatcher: Any
    hub: Any
    _flush_events: Any
    _flush_at = 0.0

    def connection_for_read(self, heartbeat: Any = None) -> Any:
        """Return the connection for messages as soon as the broker answers.

        Raises:
            WorkerShutdown: when the worker is told to stop meanwhile, or cannot use the broker.
        """
        connection = super().connection_for_read(heartbeat)
        self._tell("on_connect", connection)
        return connection

    def connection_for_write(self, url: Any = None, heartbeat: Any = None) -> Any:
        """Return the connection for events. They need no confirmation.

        With one, a RabbitMQ that is short of memory or disk would hold up the event loop.
        """
        connection = self.app.connection_for_write(url=url, heartbeat=heartbeat)
        options = connection.transport_options or {}
        connection.transport_options = {**options, "confirm_publish": False}
        return self.ensure_connected(connection)

    def ensure_connected(self, conn: Any) -> Any:
        """Return a connection as soon as the broker answers.

        Raises:
            WorkerShutdown: when the worker is told to stop meanwhile.
        """
        url = conn.as_uri()

        def say(error: Exception, pause: float) -> None:
            logger.error("Cannot connect to %s: %s. Trying again in %.0f s.", url, error, pause)

        def meanwhile() -> None:
            self._tell("on_wait")
            state.maybe_shutdown()

        return conn.ensure_connection(
            say, interval_start=1, interval_step=1, interval_max=5, callback=meanwhile
        )

    def on_send_event_buffered(self) -> Any:
        """Send events together, a moment later."""
        now = monotonic()
        if now >= self._flush_at:
            self._flush_at = now + EVENT_PAUSE
            self.hub.call_later(EVENT_PAUSE, self._flush_events)

    def stop(self) -> None:
        """Send the last events, and stop."""
        if self.connection:
            self._flush_events()
        super().stop()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Keep the events that wait: Celery sends them with the next connection."""
        events = self.event_dispatcher
        if events:
            for group, waiting in events._group_buffer.items():
                if waiting:
                    events._outbound_buffer.append((list(waiting), f"{group}.multi"))
                    waiting.clear()
        super().on_connection_error_after_connected(exc)

    def _tell(self, event: str, *arguments: Any) -> None:
        self.controller.blueprint.send_all(self.controller, event, args=arguments)


class Stop(bootsteps.StartStopStep):
    """Stops the worker on SIGTERM: no more messages, and an end as soon as the tasks have ended.

    Meanwhile the event loop runs: results are acknowledged, time limits hold, the broker hears
    from us. After `WORKER_SOFT_SHUTDOWN_TIMEOUT`, or when the signal comes a second time, Celery's
    cold shutdown ends what still runs and hands it back.
    """

    requires = ("celery.worker.components:Hub",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._worker = worker
        self._process = os.getpid()
        self._deadline = math.inf
        self._told = False

    def include_if(self, worker: Any) -> bool:
        """Leave it to Celery where there is no event loop: with a broker of another kind."""
        return bool(worker.use_eventloop)

    def start(self, worker: Any) -> None:
        """Listen to SIGTERM. It may come at any moment, so all it does is wake the event loop."""
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        signal.signal(signal.SIGTERM, self._ring)

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Hear the signal. With a new connection, go on with stopping."""
        hub.add_reader(self._ear, self._hear)
        hub.on_tick.add(self._look)
        if self._told:
            hub.call_soon(self._take_no_more)

    def on_wait(self, worker: Any) -> None:
        """Hear the signal while there is no event loop."""
        self._hear()
        self._look()

    def _ring(self, *_: Any) -> None:
        # A child that has just been forked has the handler, too.
        if os.getpid() == self._process:
            with suppress(BlockingIOError):
                self._bell.send(b".")

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            for _ in self._ear.recv(2):
                self._on_signal()

    def _on_signal(self) -> None:
        if self._told:
            self._deadline = monotonic()
            return
        self._told = True
        grace = config.worker_soft_shutdown_timeout
        self._deadline = monotonic() + grace
        logger.info("Told to stop. Tasks that run get %s s, all others are handed back.", grace)
        health.ready(short_name(self._worker)).withdraw()
        self._take_no_more()

    def _take_no_more(self) -> None:
        """Hand back what has not begun: it waits for its time, a rate limit or a process."""
        worker, consumer = self._worker, self._worker.consumer
        if consumer.task_consumer:
            consumer.task_consumer.cancel()
        worker.semaphore.clear()
        waiting = {*state.reserved_requests, *state.scheduled_requests}
        for bucket in filter(None, consumer.task_buckets.values()):
            waiting.update(request for request, _ in bucket.contents)
            bucket.clear_pending()
        for request in waiting:
            if request._apply_result is None:
                if request._eta_timer_entry:
                    request._eta_timer_entry.cancel()
                request.reject(requeue=True)
                state.task_ready(request)

    def _look(self) -> None:
        if not self._told:
            return
        if not state.reserved_requests:
            state.should_stop = os.EX_OK
        elif monotonic() >= self._deadline:
            logger.warning("Tasks that still run are ended and handed back.")
            signal.raise_signal(signal.SIGQUIT)
        state.maybe_shutdown()


def short_name(node: Any) -> str:
    """Return the name of a worker without its host: what WORKER_NAME holds."""
    name: str = node.hostname.partition("@")[0]
    return name
