"""What this state of the template does against its last release."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.drain import CPU, drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import earlier_service, generated, service
from tests.harness import ROOT

LAST, NOW = "last release", "this state"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render the service of each."""
    [*_, newest] = (ROOT / "releases.txt").read_text().splitlines()
    now = service(setup.folder / "now", setup.broker)
    last = earlier_service(setup.folder / "last", setup.broker, newest.split()[1])
    tasks = setup.amount(4000, 300)
    return {
        LAST: lambda: drain(generated(last), last, tasks),
        NOW: lambda: drain(generated(now), now, tasks),
    }


FIGURE = Figure(
    "releases",
    "This state against the last release, with all plumbing and Flower's events",
    prepare,
    # As little as runs of the same differ by.
    (Target(CPU, NOW, LAST, at_most=1.1),),
)
