"""Coroutines inside tasks."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace

import pytest

from app.core.aio import run_async
from app.core.errors import PermanentError
from tests.conftest import Worker
from tests.core.probes import double


def test_a_task_can_wait_for_a_coroutine(worker: Worker) -> None:
    sent = double.delay(21)

    worker.wait_for_line(f"[{sent.id}] succeeded", ": 42 ")


def test_one_event_loop_serves_all_coroutines() -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert run_async(loop()) is run_async(loop())


def test_greenlets_cannot_wait_for_coroutines(monkeypatch: pytest.MonkeyPatch) -> None:
    patched = SimpleNamespace(is_module_patched=lambda name: name == "threading")
    monkeypatch.setitem(sys.modules, "gevent.monkey", patched)

    async def answer() -> int:
        return 42

    with pytest.raises(PermanentError, match="run_async does not work with WORKER_POOL=gevent"):
        run_async(answer())
