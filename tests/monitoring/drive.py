"""Runs in a generated service: drive.py RULES SCENE...

Breaks what a scene says, waits until its alerts fire, mends it, and waits until none fires any
more. Prints as JSON the alerts that have fired, and the metrics of a service that is well.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

# Python puts the folder of this file first; the service is where we run.
sys.path[0] = str(Path.cwd())
sys.path.append(str(Path(__file__).parent.parent.parent))

from pictures.stage import Stage

WAIT = 300.0
"""Seconds within which an alert must fire, or clear: it takes some, or minutes if all is slow."""


def main() -> None:
    """Play the scenes of the command line."""
    rules, *scenes = sys.argv[1:]
    play = Play(Path(rules).read_text())
    with play.running():
        metrics = play.metrics()
        for scene in scenes:
            getattr(play, scene)()
    print(json.dumps({"fired": play.fired, "metrics": metrics}))


class Play:
    """A live service, and the ways in which it breaks."""

    def __init__(self, rules: str) -> None:
        self.stage = Stage(rules)
        self.fired: dict[str, list[dict[str, Any]]] = {}
        self._beats = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything, and wait until all is well."""
        with self.stage.running():
            self._exporter = self.stage.start_exporter()
            self._worker = self.stage.start_worker()
            self._beats.set()
            with repeated(self._send_canaries, 1.0):
                self._wait_until_well()
                yield

    def metrics(self) -> str:
        """Return what Prometheus is shown once a worker and the relay have sent a task each."""
        from app.core import outbox
        from app.core.database import session

        from pictures.probes import relay, work

        relay.delay(0.01)
        with session() as db:
            outbox.add(db, work.s(0.01))
        with self.stage.start_relay():
            self._wait_until_shown("celery_tasks_published_total")
            self._wait_until_shown("celery_outbox_sent_total")
        return self.stage.metrics()

    def no_metrics(self) -> None:
        """The exporter ends, and starts again."""
        self._exporter.stop()
        self._wait_for("CeleryMetricsGone")
        self._exporter = self.stage.start_exporter()
        self._wait_until_well()

    def no_broker(self) -> None:
        """The broker ends, and starts again."""
        self.stage.servers.broker.process.stop()
        self._wait_for("CeleryBrokerAway")
        self.stage.servers.broker.start()
        self._wait_until_well()

    def no_worker(self) -> None:
        """The worker ends while messages wait, and another one takes them."""
        from pictures.probes import work

        self._worker.stop()
        work.delay(0.01)
        self._wait_for("CeleryQueueUnread")
        self._worker = self.stage.start_worker()
        self._wait_until_well()

    def no_process(self) -> None:
        """Tasks hold all processes and much memory, until they are let go."""
        from pictures.probes import hold, work

        go_on = self.stage.folder / "go-on"
        for _ in range(2):
            hold.delay(str(go_on))
        for _ in range(5):
            work.delay(0.01)
        self._wait_for(
            "CeleryQueueStuck", "CeleryTasksHang", "CeleryQueueLate", "CeleryWorkerMemory"
        )
        go_on.touch()
        self._wait_until_well()

    def no_success(self) -> None:
        """Tasks fail, are tried again and again, or lose their process, for a while."""
        from pictures.probes import again, crash, work

        enough = self.stage.folder / "enough"
        again.delay(str(enough))
        with repeated(lambda: work.delay(0.01, failing=1.0), 0.2), repeated(crash.delay, 0.5):
            self._wait_for(
                "CeleryTasksFail", "CeleryTasksRetry", "CeleryTasksKilled", "CeleryDeadLetters"
            )
        enough.touch()
        self._wait_until_well()

    def no_canary(self) -> None:
        """Beat ends, and starts again. We are beat: the real one sends a canary each minute."""
        self._beats.clear()
        self._wait_for("CeleryCanaryLate")
        self._beats.set()
        self._wait_until_well()

    def no_relay(self) -> None:
        """No relay runs. Of two tasks in the outbox, one can be sent when it starts."""
        from app.core import outbox
        from app.core.database import session
        from app.outbox import main as look_into_outbox

        from pictures.probes import work

        with session() as db:
            outbox.add(db, work.s(0.01))
            unusable = {"arguments": {}, "options": {"eta": "soon"}}
            db.add(outbox.Outgoing(task=work.name, task_id="unusable", **unusable))
        self._wait_for("CeleryOutboxLate")
        self.stage.start_relay()
        self._wait_for("CeleryOutboxFailed")
        look_into_outbox(["drop", "--all"])
        self._wait_until_well()

    def _send_canaries(self) -> None:
        import app.celery_app  # noqa: F401
        from app.core.canary import canary
        from app.core.discovery import queue_names

        if not self._beats.is_set():
            return
        for queue in queue_names():
            # While the broker is away, there is nothing to wait for.
            canary.apply_async([queue], queue=queue, expires=60, retry=False)

    def _wait_for(self, *alerts: str) -> None:
        """Wait until each of the alerts has fired."""
        missing = set(alerts)

        def none_is_missing() -> bool:
            firing = self.stage.prometheus.firing()
            self.fired.update(firing)
            missing.difference_update(firing)
            return not missing

        self._wait_until(none_is_missing, lambda: f"{missing} to fire")

    def _wait_until_shown(self, metric: str) -> None:
        """Wait until Prometheus is shown a metric."""
        self._wait_until(lambda: f"{metric}{{" in self.stage.metrics(), lambda: metric)

    def _wait_until_well(self) -> None:
        """Wait until Prometheus has looked and no alert fires."""
        prometheus = self.stage.prometheus

        def is_well() -> bool:
            up = prometheus.ask("query", query="celery_broker_up == 1")["result"]
            return bool(up) and not prometheus.firing()

        self._wait_until(is_well, lambda: f"{list(prometheus.firing())} to clear")

    def _wait_until(self, ready: Callable[[], bool], what: Callable[[], str]) -> None:
        """Wait until something is true.

        Raises:
            TimeoutError: when it takes too long, with the logs and what was waited for.
        """
        deadline = time.monotonic() + WAIT
        while not ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.stage.logs()}\nwaited {WAIT} s for {what()}")
            time.sleep(0.2)


@contextmanager
def repeated(act: Callable[[], object], pause: float) -> Iterator[None]:
    """Do something again and again, with pauses of some seconds, whether it works or not."""
    ended = Event()

    def run() -> None:
        while not ended.wait(pause):
            try:
                act()
            except Exception as error:
                print(error, file=sys.stderr)

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
