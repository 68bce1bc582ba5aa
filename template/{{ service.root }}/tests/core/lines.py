"""A way to the broker that can be cut."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Line:
    """Passes on what a client and a server say to each other.

    Args:
        url: the address of the server.

    Attributes:
        url: the address for clients.
    """

    def __init__(self, url: str) -> None:
        found = urlsplit(url)
        self._server = found.hostname or "127.0.0.1", found.port or 0
        self._entrance = socket.create_server(("127.0.0.1", 0))
        login, at, _ = found.netloc.rpartition("@")
        entrance = f"{login}{at}127.0.0.1:{self._entrance.getsockname()[1]}"
        self.url = urlunsplit(found._replace(netloc=entrance))
        self._sockets: list[socket.socket] = []
        self._loses_answers = False

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def drop(self) -> None:
        """End all connections. Others may be opened."""
        for each in self._sockets:
            _end(each)

    def cut(self) -> None:
        """End all connections, and take no more."""
        _end(self._entrance)
        self.drop()

    def lose_answers(self) -> None:
        """Pass on what clients say, and end a connection when the server answers."""
        self._loses_answers = True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._entrance.accept()
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, answers: bool = False) -> None:
        with suppress(OSError):
            while said := one.recv(65536):
                if answers and self._loses_answers:
                    break
                other.sendall(said)
        _end(one)
        _end(other)


def _end(one: socket.socket) -> None:
    # What others wait for ends only with the connection.
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
