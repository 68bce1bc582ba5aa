"""What each change of the hot path has gained by itself.

The service of the commit before it and that of the commit take turns. Other changes are in both or
in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import servers
from benchmarks.drain import drain
from benchmarks.figure import BROKERS, Figure, Setup
from benchmarks.figures.start import first_task
from benchmarks.turns import Round
from benchmarks.workers import earlier_service, generated

BEFORE, AFTER = "before", "after"


def at_work(service: Path, setup: Setup) -> Round:
    """Measure a worker that has much to do."""
    return drain(generated(service), service, setup.amount(4000, 300))


def with_results(service: Path, setup: Setup) -> Round:
    """Measure the same with a result of each task."""
    worker = generated(service, BENCH_TASK="with results")
    return drain(worker, service, setup.amount(4000, 300))


def at_start(service: Path, _: Setup) -> Round:
    """Measure the start of a worker, and what it needs at rest."""
    with servers.running(service) as found:
        return first_task(generated(service), found)


@dataclass(frozen=True)
class Change:
    """A change of the template.

    Attributes:
        commit: that of the change.
        what: what was changed, for the page.
        brokers: those for which it changes something.
        measure: what it is about, for the folder of a service.
        flower: the answer with which it shows.
    """

    commit: str
    what: str
    brokers: tuple[str, ...] = BROKERS
    measure: Callable[[Path, Setup], Round] = at_work
    flower: bool = False

    def measuring(self, setup: Setup, name: str) -> dict[str, Callable[[], Round]]:
        """Render both services, and return what measures them."""

        def state(when: str, commit: str) -> Callable[[], Round]:
            folder = setup.folder / f"{name} {when}".replace(" ", "-")
            service = earlier_service(folder, setup.broker, commit, flower=self.flower)
            return lambda: self.measure(service, setup)

        return {
            f"{name}, {BEFORE}": state(BEFORE, f"{self.commit}~"),
            f"{name}, {AFTER}": state(AFTER, self.commit),
        }


CHANGES = {
    "one round trip": Change(
        "27eeb5a",
        "Acknowledging each message was a round trip of its own. The script that fetches the next "
        "ones does it now.",
        brokers=("redis",),
    ),
    "events together": Change(
        "27eeb5a",
        "Celery sends the events of a task, which Flower lives on, at each turn of the event loop. "
        "They wait 0.2 s for others now, and one message carries up to 24.",
        brokers=("rabbitmq",),
        flower=True,
    ),
    "log lines": Change(
        "028ea6b",
        "Lines of the log were made from a copy of their record, for handlers that a worker does "
        "not have.",
        brokers=("redis",),
    ),
    "garbage collection": Change(
        "eef2137",
        "The garbage collector went through all that was imported, in each child, and so copied "
        "memory that the children could share. It leaves that alone now.",
        brokers=("redis",),
        measure=at_start,
    ),
    "one step for a result": Change(
        "fb5f1a3",
        "Storing a result was two round trips: what is there may be a success, which nothing may "
        "overwrite. The server looks and stores in one step now.",
        brokers=("redis",),
        measure=with_results,
    ),
    "context of lines": Change(
        "ebb7e0e",
        "The fields that lines have of a task were bound one by one, and labelled metrics were "
        "looked up for each task.",
        brokers=("redis",),
    ),
}
"""By what each is called, oldest first."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render the services of the changes; for a smoke test, of one."""
    chosen = [(name, each) for name, each in CHANGES.items() if setup.broker in each.brokers]
    variants: dict[str, Callable[[], Round]] = {}
    for name, change in chosen[: setup.amount(len(chosen), 1)]:
        variants |= change.measuring(setup, name)
    return variants


FIGURE = Figure("changes", "What each change gained", prepare, ())
