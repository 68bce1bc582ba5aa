"""Where the time of one task goes, in a worker's main process and in a child of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.figure import BROKERS
from benchmarks.stage import stage
from benchmarks.workers import generated, service

SECONDS = 8
TASKS = 25_000
"""More than a worker does meanwhile."""

SHOWN = 15
"""How many packages and functions are listed."""

PROFILES = Path(__file__).parent / "profiles.json"
"""What was seen last."""

FOLDERS = re.compile(r".*/(site-packages|service)/")
LIBRARY = re.compile(r".*/lib/python3\.\d+/(?!site-packages)")

Shares = dict[str, float]
"""Parts of the time, by what it was spent on."""


def main() -> None:
    """Profile a worker that has much to do, and print what its processes do."""
    parser = ArgumentParser(prog="python -m benchmarks.profiles", description=__doc__)
    parser.add_argument("--broker", choices=BROKERS, default="redis")
    parser.add_argument("--flower", action="store_true", help="with events, as Flower needs them")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        stacks = record(Path(folder), options.broker, flower=options.flower)
    profiles = {name: shares(each) for name, each in stacks.items()}
    for process, profile in profiles.items():
        for title, parts in profile.items():
            print(f"\n{process}, {title}")
            for what, part in parts.items():
                print(f"  {part:6.1%} {what}")
    if not options.flower:
        kept = json.loads(PROFILES.read_text()) if PROFILES.exists() else {}
        kept[options.broker] = profiles
        PROFILES.write_text(json.dumps(kept, indent=1, sort_keys=False) + "\n")


def record(folder: Path, broker: str, *, flower: bool) -> dict[str, Counter[tuple[str, ...]]]:
    """Return how often the stacks of each process were seen."""
    rendered = service(folder / "service", broker, flower=flower)
    with stage(generated(rendered), rendered) as on:
        on.publish(TASKS)
        on.start()
        on.wait_for_tasks(500)
        [pid] = on.pids
        pids = {"main process": pid, "child": psutil.Process(pid).children()[-1].pid}
        recorders = [recorder(each, folder / name) for name, each in pids.items()]
        codes = [each.wait() for each in recorders]
        if any(codes):
            sys.exit("py-spy may not look at other processes here")
        if on.count() == TASKS:
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
    file = FOLDERS.sub("", LIBRARY.sub("python/", place.rpartition(":")[0]))
    return f"{function} ({file})"


def shares(profile: Counter[tuple[str, ...]]) -> dict[str, Shares]:
    """Return by whom the time was spent: by each package itself, and below each function."""
    whole = profile.total()
    packages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack, amount in profile.items():
        packages[package(stack[-1])] += amount
        functions.update(dict.fromkeys(stack, amount))
    # What is above all that happens tells nothing.
    telling = Counter({name: each for name, each in functions.items() if each < 0.97 * whole})
    return {
        title: {name: round(each / whole, 3) for name, each in counts.most_common(SHOWN)}
        for title, counts in (("packages", packages), ("functions", telling))
    }


def package(frame: str) -> str:
    """Return the package of a function."""
    folder = frame.partition(" (")[2].partition("/")[0].rstrip(")")
    return folder if folder.isidentifier() else "other"


if __name__ == "__main__":
    main()
