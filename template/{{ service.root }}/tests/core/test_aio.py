"""Coroutines inside tasks."""

from __future__ import annotations

import asyncio
import sys
import time
from types import SimpleNamespace

import pytest
from celery.exceptions import SoftTimeLimitExceeded

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


def test_a_time_limit_that_strikes_in_the_loop_itself_is_one() -> None:
    cleaned_up = False

    def strike() -> None:
        raise SoftTimeLimitExceeded

    async def work() -> None:
        nonlocal cleaned_up
        asyncio.get_running_loop().call_soon(strike)
        try:
            await asyncio.sleep(60)
        finally:
            cleaned_up = True

    began = time.monotonic()
    with pytest.raises(SoftTimeLimitExceeded):
        run_async(work())

    assert cleaned_up
    assert time.monotonic() - began < 30


def test_greenlets_cannot_wait_for_coroutines(monkeypatch: pytest.MonkeyPatch) -> None:
    patched = SimpleNamespace(is_module_patched=lambda name: name == "threading")
    monkeypatch.setitem(sys.modules, "gevent.monkey", patched)

    async def answer() -> int:
        return 42

    with pytest.raises(PermanentError, match="run_async does not work with WORKER_POOL=gevent"):
        run_async(answer())
