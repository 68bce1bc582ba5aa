"""What this state of the template does against its last release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import copier

from benchmarks.drain import drain
from benchmarks.figure import Figure, Setup
from benchmarks.turns import Round, Target
from benchmarks.workers import generated, service
from tests.harness import ROOT

LAST, NOW = "last release", "this state"


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render the service of each."""
    now = service(setup.folder / "now", setup.broker)
    last = of_release(setup.folder / "last", setup.broker)
    tasks = setup.amount(4000, 300)
    return {
        LAST: lambda: drain(generated(last), last, tasks),
        NOW: lambda: drain(generated(now), now, tasks),
    }


def of_release(folder: Path, broker: str) -> Path:
    """Render the service that `workers.service` does, as the last release makes it."""
    [*_, newest] = (ROOT / "releases.txt").read_text().splitlines()
    copier.run_copy(
        str(ROOT),
        folder,
        data={
            "service_name": "worker-celery-bench",
            "task_types": "nothing",
            "broker": broker,
            "result_backend": "redis",
        },
        vcs_ref=newest.split()[1],
        defaults=True,
        unsafe=True,
        quiet=True,
    )
    return folder


FIGURE = Figure(
    "releases",
    "This state against the last release, with all plumbing and Flower's events",
    prepare,
    # As little as runs of the same differ by.
    (Target("CPU ms/task", NOW, LAST, at_most=1.1),),
)
