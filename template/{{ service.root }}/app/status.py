"""Show what this service is doing, and what looks wrong: `python -m app.status`, or `make status`.

The exit code is 0 when nothing looks wrong, else 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from app.core.status import Status, duration
from app.core.status_look import SAMPLE, Observer
from app.core.table import print_table

PAUSE = 2.0
"""Seconds between two looks."""

SHOWN = 8
"""How many rows of the longer tables are shown."""

CLEAR = "\x1b[H\x1b[2J"
"""What makes a terminal empty."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: the command line, by default that of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m app.status", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--watch",
        type=float,
        nargs="?",
        const=PAUSE,
        metavar="SECONDS",
        help=f"look again every {PAUSE:.0f} seconds, or as often as you say, until Ctrl-C",
    )
    options = parser.parse_args(arguments)
    if options.watch is not None:
        _watch(options.watch, options.json)
    status = Observer().look()
    if options.json:
        print(status.model_dump_json(indent=2))
    else:
        show(status)
    return 1 if status.problems else 0


def _watch(pause: float, as_json: bool) -> NoReturn:
    # A KeyboardInterrupt is lost where a library catches everything that is raised.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    observer = Observer()
    while True:
        status = observer.look()
        if as_json:
            print(status.model_dump_json())
        else:
            print(end=CLEAR if sys.stdout.isatty() else "\n")
            show(status)
        sys.stdout.flush()
        time.sleep(pause)


def show(status: Status) -> None:
    """Print it as a screen for people."""
    print(f"{status.service}  {status.at:%Y-%m-%d %H:%M:%S %Z}\n")
    if status.problems:
        print("LOOKS WRONG", *status.problems, sep="\n  ")
    else:
        print("Nothing looks wrong.")
    servers = ((each.name, each.url, "up" if each.up else "away") for each in status.servers)
    _table(("SERVER", "ADDRESS", "STATE"), servers)
    _show_queues(status)
    _show_workers(status)
    _show_tasks(status)
    _show_failures(status)
    _show_schedule(status)


def _show_queues(status: Status) -> None:
    headings = ("QUEUE", "WAITING", "THE NEXT FOR", "WORKERS", "DEAD LETTERS", "LAST CANARY")
    _table(
        headings,
        (
            (
                queue.name,
                queue.depth,
                _known(queue.oldest) if queue.depth else "",
                "?" if queue.workers is None else queue.workers,
                queue.dead,
                _ago(queue.canary),
            )
            for queue in status.queues
        ),
    )


def _show_workers(status: Status) -> None:
    _table(
        ("WORKER", "POOL", "BUSY", "NEXT", "DELAYED", "UP FOR", "ANSWERED IN"),
        (
            (each.name, each.error, "", "", "", "", f"{each.answered:.2f} s")
            if each.error
            else (
                each.name,
                each.pool,
                f"{each.busy} of {each.processes}",
                each.next,
                each.delayed,
                duration(each.uptime),
                f"{each.answered:.2f} s",
            )
            for each in status.workers
        ),
    )


def _show_tasks(status: Status) -> None:
    _table(
        ("RUNNING TASK", "ID", "QUEUE", "FOR", "LIMIT", "WORKER"),
        (
            (
                each.task,
                each.id,
                each.queue,
                duration(each.seconds),
                _known(each.limit),
                each.worker,
            )
            for each in status.running
        ),
        SHOWN,
    )


def _show_failures(status: Status) -> None:
    reasons = Counter((each.queue, each.reason) for each in status.failures)
    sample = "" if status.sample == "all" else f" OF THE {status.sample.upper()} {SAMPLE}"
    headings = ("DEAD LETTERS IN", "REASON", f"COUNT{sample}")
    _table(headings, ((*key, n) for key, n in reasons.most_common()))
    heading = "OLDEST FAILURES" if status.sample == "oldest" else "LAST FAILURES"
    _table(
        (heading, "DIED", "TASK", "REASON", "ERROR"),
        (
            (
                each.id,
                _ago((status.at - each.died_at).total_seconds()),
                each.task,
                each.reason,
                each.error,
            )
            for each in status.failures
        ),
        SHOWN,
    )


def _show_schedule(status: Status) -> None:
    _table(
        ("BEAT SENDS", "TASK", "NEXT"),
        (
            (tick.name, tick.task, f"{tick.due:%Y-%m-%d %H:%M:%S}" if tick.due else "?")
            for tick in status.schedule
        ),
        SHOWN,
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[Any]], most: int | None = None) -> None:
    """Print a table, if there is anything in it."""
    found = list(rows)
    if not found:
        return
    print()
    print_table(headings, found[:most])
    if most and len(found) > most:
        print(f"... and {len(found) - most} more")


def _known(seconds: float | None) -> str:
    return "?" if seconds is None else duration(seconds)


def _ago(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} ago"


if __name__ == "__main__":
    sys.exit(main())
