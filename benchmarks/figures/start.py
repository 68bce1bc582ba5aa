"""How soon a worker has done its first task, and what processes need in memory at rest.

Celery as it comes has an environment of its own, which holds nothing else but FastAPI, and the
service the one that production installs: what else is installed is imported, too, by Celery for
example, which loads all that adds a command. Most of Celery's time is a second in which it waits
for other workers to answer; `--without-mingle` leaves that out, as the service does.

Memory is the proportional set size: what several processes share counts once in all. It is taken
once a process has begun its work: a worker has done a task, beat has looked at its schedule, and
the API has answered.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil

from benchmarks import servers
from benchmarks.figure import Figure, Setup
from benchmarks.stage import Stage, stage_on
from benchmarks.turns import Round, Target
from benchmarks.workers import Worker, celery, generated, service
from tests.harness import ROOT, clean_environment

FIRST, MEMORY, BEAT, API = "s to first task", "MB worker", "MB beat", "MB API"
BARE, NO_MINGLE, OURS = "bare Celery", "bare Celery --without-mingle", "service"
MEGABYTE = 1_000_000

REST, STEADY = 3, 1.01
"""Memory is at rest when so many looks, half a second apart, differ by a hundredth at most."""

LOOKED = "Waking up"
"""What beat says at the level DEBUG after its first look at the schedule."""

PAGE = "http://127.0.0.1:{port}/health/live"
"""What is asked of an API. One that does not know this page answers, too."""

Commands = Mapping[str, tuple[str, ...]]
"""What starts other processes than workers, by the unit of what they need."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service, and make both environments."""
    folder = service(setup.folder / "service", setup.broker, flower=False, http_api=True)
    bare = environment(setup.folder / "bare", "celery[redis]", "fastapi", "uvicorn")
    ours = environment(setup.folder / "ours", "--group", f"{folder / 'pyproject.toml'}:worker")
    port = str(free_port())
    schedule = str(setup.folder / "beat")
    celery_beat = ("python", "-m", "celery", "--app", "celery_app", "beat")
    plain: Commands = {
        BEAT: (*celery_beat, "--schedule", schedule, "--loglevel", "DEBUG"),
        API: ("python", "-m", "uvicorn", "plain_api:api", "--port", port),
    }
    own: Commands = {
        BEAT: ("env", "LOG_LEVEL=DEBUG", "scripts/start_beat.sh"),
        API: ("scripts/start_api.sh",),
    }
    production = generated(folder, HTTP_KEYS="none")

    def measuring(worker: Worker, path: str, others: Commands) -> Callable[[], Round]:
        where = worker.where(PATH=path, HTTP_PORT=port)
        return lambda: measure(where, others, folder, setup.amount(2, 1))

    variants = {
        BARE: measuring(celery("bare"), bare, plain),
        NO_MINGLE: measuring(celery("bare", "--without-mingle"), bare, {}),
        OURS: measuring(production, ours, own),
    }
    return setup.chosen(variants, BARE, OURS)


def environment(folder: Path, *packages: str) -> str:
    """Make an environment for packages, and return the variable PATH that leads to it."""
    pins = ("--constraint", str(ROOT / "requirements.txt"))
    install = ("uv", "pip", "install", "--quiet", "--compile-bytecode", *pins)
    make = ("uv", "venv", "--quiet", "--python", sys.executable, str(folder))
    for command in (make, (*install, "--python", str(folder), *packages)):
        subprocess.run(command, env=clean_environment(), check=True)
    return f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"


def measure(worker: Worker, others: Commands, service: Path, starts: int) -> Round:
    """Start a worker several times, each time with a task that waits for it, and then the others.

    Args:
        worker: the worker.
        others: what starts the others.
        service: the folder of the service whose servers are used.
        starts: how many times.
    """
    with servers.running(service) as found:
        results = [first_task(worker, found) for _ in range(starts)]
        medians = {unit: median(each[unit] for each in results) for unit in results[0]}
        return medians | {
            unit: at_rest(replace(worker, command=command), found, SERVES[unit])
            for unit, command in others.items()
        }


def first_task(worker: Worker, found: Mapping[str, str]) -> Round:
    """Start a worker with a task that waits for it, and measure until that is done."""
    with stage_on(found, worker) as on:
        on.publish(1)
        began = time.monotonic()
        on.start()
        on.wait_for_tasks(1)
        [pid] = on.pids
        return {FIRST: on.stamps()[0] - began, MEMORY: settled(pid)}


def at_rest(process: Worker, found: Mapping[str, str], serves: Callable[[Stage], bool]) -> float:
    """Start something else than a worker, and return its megabytes at rest.

    Args:
        process: what is started.
        found: the variables that lead to the servers.
        serves: tells whether it has begun its work.
    """
    with stage_on(found, process) as on:
        on.start()
        on.wait_until(lambda: serves(on), f"{process.command}")
        [pid] = on.pids
        return settled(pid)


def has_looked(on: Stage) -> bool:
    """Tell whether beat has looked at its schedule."""
    return LOOKED in (on.folder / "log-0").read_text()


def answers(on: Stage) -> bool:
    """Tell whether the API answers."""
    try:
        urlopen(PAGE.format(port=on.environment["HTTP_PORT"])).close()
    except HTTPError:
        return True
    except URLError:
        return False
    return True


SERVES = {BEAT: has_looked, API: answers}


def settled(pid: int) -> float:
    """Return the megabytes of a process and all that it runs, once they stay the same.

    Raises:
        psutil.NoSuchProcess: when it ends.
    """
    seen = [memory(pid)]
    while len(seen) <= REST or max(seen[-REST:]) > STEADY * min(seen[-REST:]):
        time.sleep(0.5)
        seen.append(memory(pid))
    return seen[-1]


def memory(pid: int) -> float:
    """Return the megabytes of a process and all that it runs."""
    process = psutil.Process(pid)
    tree = [process, *process.children(recursive=True)]
    return float(sum(each.memory_full_info().pss for each in tree)) / MEGABYTE


def free_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


FIGURE = Figure(
    "start",
    "From the start of a process to its first task, and its memory at rest",
    prepare,
    (
        Target(FIRST, OURS, BARE, at_most=1.0),
        Target(MEMORY, OURS, BARE, at_most=1.2),
        Target(BEAT, OURS, BARE, at_most=1.2),
    ),
    environments=("bare", "ours"),
)
