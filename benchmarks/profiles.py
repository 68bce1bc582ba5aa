"""Where the time of one task goes, in a worker's main process and in a child: make bench-profiles"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import servers
from benchmarks.drain import count, prepare, publish, running, wait_until
from benchmarks.figure import BROKERS
from benchmarks.workers import generated, service

SECONDS = 8
TASKS = 14_000
"""More than a worker does meanwhile."""

SHOWN = 25
"""How many functions are listed."""


def main() -> None:
    """Profile a worker that has much to do, and print what its processes do."""
    parser = ArgumentParser(prog="python -m benchmarks.profiles", description=__doc__)
    parser.add_argument("--broker", choices=BROKERS, default="redis")
    parser.add_argument("--flower", action="store_true", help="with events, as Flower needs them")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        profiles = record(Path(folder), options.broker, flower=options.flower)
    for process, profile in profiles.items():
        print(f"\n{process}\n{shares(profile)}")


def record(folder: Path, broker: str, *, flower: bool) -> dict[str, Counter[tuple[str, ...]]]:
    """Return how often the stacks of each process were seen."""
    rendered = service(folder / "service", broker, flower=flower)
    worker = generated(rendered)
    done = folder / "done"
    with servers.running(rendered) as found:
        environment = prepare(found, worker, done)
        publish(worker, environment, TASKS)
        with running(worker, environment, folder) as pid:
            wait_until(lambda: count(done) > 500, "500 tasks", folder)
            pids = {"main process": pid, "child": psutil.Process(pid).children()[-1].pid}
            recorders = [recorder(each, folder / name) for name, each in pids.items()]
            if any([each.wait() for each in recorders]):
                sys.exit("py-spy may not look at other processes here")
            if count(done) == TASKS:
                sys.exit("there were too few tasks")
    return {name: read(folder / name) for name in pids}


def recorder(pid: int, file: Path) -> subprocess.Popen[bytes]:
    """Let py-spy look at a process for a while."""
    options = [
        "--duration",
        str(SECONDS),
        "--format",
        "raw",
        "--output",
        str(file),
        "--full-filenames",
    ]
    return subprocess.Popen(
        ["py-spy", "record", "--pid", str(pid), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def read(file: Path) -> Counter[tuple[str, ...]]:
    """Return the stacks of a recording."""
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in file.read_text().splitlines():
        stack, _, amount = line.rpartition(" ")
        stacks[tuple(map(shorten, stack.split(";")))] += int(amount)
    return stacks


def shorten(frame: str) -> str:
    """Return a function with its module, without the folder and the line."""
    function, _, place = frame.rstrip(")").partition(" (")
    file = place.rpartition(":")[0]
    file = file.rpartition("site-packages/")[2].rpartition("/service/")[2]
    return f"{function} ({file})"


def shares(profile: Counter[tuple[str, ...]]) -> str:
    """Return by whom the time was spent: by each package itself, and below each function."""
    whole = profile.total()
    packages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack, amount in profile.items():
        packages[package(stack[-1])] += amount
        functions.update(dict.fromkeys(stack, amount))
    # What is above all that happens tells nothing.
    told = [(name, amount) for name, amount in functions.most_common() if amount < 0.97 * whole]
    return "\n".join(
        [
            "  itself:",
            *(f"  {amount / whole:6.1%} {name}" for name, amount in packages.most_common(12)),
            "  with all that it calls:",
            *(f"  {amount / whole:6.1%} {name}" for name, amount in told[:SHOWN]),
        ]
    )


def package(frame: str) -> str:
    """Return the package of a function."""
    return frame.partition(" (")[2].partition("/")[0].rstrip(")") or "?"


if __name__ == "__main__":
    main()
