"""Starts processes, waits until they are ready, and ends them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import IO, Self

START_TIMEOUT = 90.0
"""Seconds that a process gets to become ready, on a machine that has much to do."""

STOP_TIMEOUT = 20.0
"""Seconds that a process gets to end after SIGTERM."""

PAUSE = 0.02
"""Seconds between two looks at what is waited for."""

PORTS = range(15_000, 30_000)
"""Ports to choose from: below those that connections take, which may be any at any time."""


class NotReady(Exception):
    """A process did not become ready."""


class FreePort:
    """A free port of 127.0.0.1, kept from everyone else until it is released."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self.number = self._bind()

    def release(self) -> int:
        """Let go of the port, right before a server takes it, and return its number."""
        self._socket.close()
        return self.number

    def _bind(self) -> int:
        for port in random.SystemRandom().sample(PORTS, 100):
            with suppress(OSError):
                self._socket.bind(("127.0.0.1", port))
                return port
        raise NotReady("no port of 127.0.0.1 is free")


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    return FreePort().release()


def spawn(
    command: Sequence[str | Path],
    output: int | IO[bytes],
    environment: Mapping[str, str] | None = None,
    folder: Path | str | None = None,
    user: str | None = None,
) -> Popen[bytes]:
    """Start a process in a session of its own: Ctrl-C reaches us alone, and we end it in order.

    It finds the programs of the environment that we run in, such as `celery`.

    Args:
        command: the program and its arguments.
        output: where all that it writes goes.
        environment: variables on top of our own.
        folder: where it runs; by default where we do.
        user: whom it runs as; by default as we do.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return Popen(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=user,
    )


def end(process: Popen[bytes], timeout: float) -> int:
    """End a process and all that it started, and return its exit code.

    It gets SIGTERM and `timeout` seconds, then whatever is left of its group is killed.
    """
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def port_answers(port: int) -> bool:
    """Tell whether something listens on a port of 127.0.0.1."""
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A process whose output goes to a file. As a context manager it is ended.

    Args:
        command: the program and its arguments.
        log: the file for its output.
        environment: variables on top of our own.
        folder: where it runs; by default where we do.
        user: whom it runs as; by default as we do.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | str | None = None,
        user: str | None = None,
    ) -> None:
        self._name = Path(command[0]).name
        self._log = log
        with log.open("ab") as output:
            self._process = spawn(command, output, environment, folder, user)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def output(self) -> str:
        """Return all it has written."""
        return self._log.read_text(errors="replace")

    def wait_until(
        self, ready: Callable[[], bool], what: str, timeout: float = START_TIMEOUT
    ) -> None:
        """Wait until something is true.

        Args:
            ready: tells whether it is.
            what: what is waited for, for the message.
            timeout: in seconds.

        Raises:
            NotReady: when the process ends before, or when it takes too long. The message has the
                end of the process's output.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            code = self._process.poll()
            if code is not None:
                raise NotReady(f"{self._name} ended with code {code}{self._last_lines()}")
            if time.monotonic() > deadline:
                raise NotReady(f"no {what} from {self._name} in {timeout} s{self._last_lines()}")
            time.sleep(PAUSE)

    def wait_for_output(self, text: str, timeout: float = START_TIMEOUT) -> None:
        """Wait until the process has written `text`.

        Raises:
            NotReady: when it ends before, or takes longer than `timeout` seconds.
        """
        self.wait_until(lambda: text in self.output(), repr(text), timeout)

    def when(
        self, ready: Callable[[], bool], what: str = "an answer", timeout: float = START_TIMEOUT
    ) -> Self:
        """Return the process once something is true; end it if that does not happen.

        Args:
            ready, what, timeout: as in `wait_until`.

        Raises:
            NotReady: as `wait_until` does.
        """
        try:
            self.wait_until(ready, what, timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def wait(self, timeout: float = START_TIMEOUT) -> int:
        """Wait until the process ends, and return its exit code.

        Raises:
            subprocess.TimeoutExpired: when it runs for longer than `timeout` seconds.
        """
        return self._process.wait(timeout)

    def stop(self, timeout: float = STOP_TIMEOUT) -> int:
        """End the process and all that it started, and return its exit code.

        It gets SIGTERM and `timeout` seconds, then it is killed.
        """
        return end(self._process, timeout)

    def _last_lines(self) -> str:
        return "".join(f"\n  {line}" for line in self.output().splitlines()[-40:])


class Server(ABC):
    """A server on this machine, in a folder of its own. Its address is known before it runs.

    Args:
        name: what the name of its folder begins with.
    """

    url: str
    process: Process
    """The process, once it is started."""

    def __init__(self, name: str) -> None:
        self._temporary = TemporaryDirectory(prefix=f"{name}-")
        self.folder = Path(self._temporary.name)

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it is ready. After its end it starts with what it has kept.

        Raises:
            NotReady: when it does not start, with the reason.
        """

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the server.

        Raises:
            NotReady: when it does not start, with the reason.
        """
        with self._temporary:
            self.start()
            try:
                yield
            finally:
                self.process.stop()
