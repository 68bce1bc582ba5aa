"""Every Celery setting is a real one."""

from __future__ import annotations

import pytest

from app import celeryconfig
from app import settings as own
from app.celery_app import app
from app.config import Config
from app.core.celery_settings import KNOWN, known_settings


def test_celery_reads_every_setting() -> None:
    assert celeryconfig.settings(Config.load()).keys() <= KNOWN


def test_an_unknown_setting_is_refused_with_the_one_it_resembles() -> None:
    with pytest.raises(ValueError, match=r"task_ack_late \(did you mean task_acks_late\?\)"):
        known_settings({"task_ack_late": True})


def test_a_setting_of_the_owners_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "CELERY", {"task_track_started": True}, raising=False)

    assert celeryconfig.settings(Config.load())["task_track_started"] is True


def test_the_application_has_the_settings() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_ignore_result is True
    assert app.conf.task_create_missing_queues is False


def test_a_time_out_is_not_retried_inside_the_client() -> None:
    """With `retry_on_timeout` a worker hangs for ever once its control connection drops."""
    assert "retry_on_timeout" not in repr(celeryconfig.settings(Config.load()))
