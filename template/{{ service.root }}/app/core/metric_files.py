"""The files of the metrics, in the folder `METRICS_DIR`: a few for each process that counts.

A process takes the first number that no other has, and counts on where the last one with it has
stopped. So counters never go back, and there are as many files as there were processes at a time,
whatever the processes are called and however often they are replaced. A number is taken by a lock,
which ends with its process: the exporter sees by it which gauges are those of a process that is
gone. It also holds between containers that share the folder.

A worker or beat takes 1.6 MiB, and each of a worker's processes 256 KiB as soon as it sends a task.
Where a disk has no room for that, a worker does not start, and what such a process sends is not
counted. There is room for 140 tasks, each in one queue. With more a file grows, and if the disk is
full by then, the kernel ends the process.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

# It comes without annotations.
MmapedDict: Any = import_module("prometheus_client.mmap_dict").MmapedDict

LIVE = "gauge_live"
"""What the names of files begin with that say how a process is, not what has happened in it."""

SENT = "counter"
"""What the name of the file begins with that a process needs which only counts what it sends."""

SIZES = {
    SENT: 256 * 1024,
    "histogram": 1024 * 1024,
    "gauge_max": 16 * 1024,
    f"{LIVE}max": 16 * 1024,
    f"{LIVE}sum": 16 * 1024,
}
"""How many bytes files have from the start, by what their names begin with."""


class Number:
    """The number of this process. It may change: a process that is forked has one of its own.

    Args:
        folder: where the files are.
        kinds: what the names of the files begin with that the process needs.
    """

    def __init__(self, folder: Path, kinds: Iterable[str] = SIZES.keys()) -> None:
        self._folder = folder
        self._kinds = kinds
        self._lock: int | None = None
        self._name = ""
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> str:
        """Return the number, as the names of files have it.

        Raises:
            OSError: when it cannot be taken, as nothing can be written there.
        """
        if self._lock is None:
            self._take()
        return self._name

    def _take(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in count():
            file = self._folder / f"{number}.lock"
            try:
                lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
            except PermissionError:
                if not file.exists():
                    raise
                # It was another user's.
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for old in self._folder.glob(f"{LIVE}*_{number}.db"):
                    os.truncate(old, 0)
                for kind in self._kinds:
                    _prepare(self._folder / f"{kind}_{number}.db", SIZES[kind])
            except BlockingIOError:
                # Another process has it.
                os.close(lock)
            except OSError:
                os.close(lock)
                raise
            else:
                self._lock, self._name = lock, str(number)
                return

    def _forget(self) -> None:
        """Leave the number to the process that this one was forked from."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _prepare(file: Path, size: int) -> None:
    """Have the room for a file, and let nothing in it that cannot be read.

    Raises:
        OSError: when there is none.
    """
    anew = 0 if _is_sound(file) else os.O_TRUNC
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | anew, 0o644)
    try:
        # macOS has no such call.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def readable(folder: Path) -> Iterator[str]:
    """Return the files of all processes, without those that say how one was that is gone."""
    for lock in folder.glob("*.lock"):
        taken = _is_taken(lock)
        for file in folder.glob(f"*_{lock.stem}.db"):
            # One that is just being made has no length for a moment.
            if (taken or not file.name.startswith(LIVE)) and file.stat().st_size:
                if _is_sound(file):
                    yield str(file)
                else:
                    logger.error("%s is damaged and left out. Its process begins it anew.", file)


def _is_sound(file: Path) -> bool:
    """Tell whether a file can be read. One may be damaged when its machine has lost its power."""
    try:
        for key, *_ in MmapedDict.read_all_values_from_file(str(file)):
            json.loads(key)
    except Exception:
        return False
    return True


def _is_taken(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
