"""A proxy that speaks TLS in front of a server that does not."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Self

import trustme

from app.core.discovery import queue_name

TASK = f"{queue_name('secret')}.keep"
"""A task of a type that only the worker of a test has."""


class TlsProxy:
    """Passes on what it decrypts. Its certificate is from an authority of its own.

    Args:
        server: the port of the server.
        folder: where it writes the certificate of its authority.
        host: whom its certificate is for.
    """

    def __init__(self, server: int, folder: Path, host: str = "127.0.0.1") -> None:
        self._server = server
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority = trustme.CA()
        authority.issue_cert(host).configure_cert(self._context)
        self.authority = folder / "authority.pem"
        """The certificate of its authority."""
        authority.cert_pem.write_to_path(str(self.authority))

    def __enter__(self) -> Self:
        self._thread = Thread(target=asyncio.run, args=[self._listen()])
        self._listens = Event()
        self._thread.start()
        self._listens.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _listen(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port: int = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._ended.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._server)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


def module() -> str:
    """Return the module of the task."""
    return f"""
from celery import shared_task


@shared_task(name={TASK!r}, ignore_result=False)
def keep() -> str:
    return "kept"
"""
