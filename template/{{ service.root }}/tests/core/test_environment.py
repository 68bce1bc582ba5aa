"""Settings from the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from app.config import Config
from app.core.environment import EnvSettings
from tests.conftest import ROOT, Worker


def test_a_worker_names_all_faults_of_its_environment_at_once(tmp_path: Path) -> None:
    wrong = {
        "CELERY_BROKER_URL": "http://broker",
        "TASK_MAX_RETRIES": "-1",
        "TIMEZONE": "Mars/Base",
    }

    with Worker(tmp_path / "log", **wrong) as worker:
        assert worker.wait(timeout=60) == 1

    assert "The environment of this service is not right" in worker.output()
    assert worker.lines("CELERY_BROKER_URL: ", "(for example CELERY_BROKER_URL=")
    assert worker.lines("TASK_MAX_RETRIES: Input should be greater than or equal to 0")
    assert worker.lines("TIMEZONE: 'Mars/Base' is not", "(for example TIMEZONE=Europe/Berlin)")
    assert "Traceback" not in worker.output()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process reads from its variables, a `.env` and a secret file."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "secrets").mkdir()
    (folder / "secrets/TASK_MAX_PAYLOAD_KIB").write_text("99\n")
    (folder / ".env").write_text("LOG_LEVEL=ERROR\nTASK_MAX_RETRIES=7\nTASK_RETRY_BACKOFF=3\n")
    variables = {
        "ENV_FILE": ".env",
        "LOG_LEVEL": "DEBUG",
        "PYTHONPATH": str(ROOT),
        "SECRETS_DIR": str(folder / "secrets"),
        "TASK_RETRY_BACKOFF": "",
        "TIMEZONE": "",
    }
    read: dict[str, Any] = json.loads(_print_settings(folder, variables))
    return read


def test_a_variable_can_stand_in_the_env_file(settings: dict[str, Any]) -> None:
    assert settings["task_max_retries"] == 7


def test_a_variable_of_the_process_wins_over_the_env_file(settings: dict[str, Any]) -> None:
    assert settings["log_level"] == "DEBUG"


def test_a_secret_can_be_a_file(settings: dict[str, Any]) -> None:
    assert settings["task_max_payload_kib"] == 99


def test_an_empty_variable_counts_as_unset(settings: dict[str, Any]) -> None:
    assert settings["timezone"] == "UTC"
    assert settings["task_retry_backoff"] == 3


def test_the_example_names_every_variable_of_the_plumbing() -> None:
    assert {name.upper() for name in Config.model_fields} <= _names(ROOT / ".env.example")


def test_a_setting_of_the_owners_that_is_wrong_is_named_with_a_value_that_would_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Owners(EnvSettings):
        stripe_key: SecretStr
        partners: list[str]
        rates: dict[str, float]
        weekdays: tuple[int, ...] = (1, 5)
        region: str = Field("eu", alias="HOME_REGION", pattern="^..$")

    EnvSettings.registered.remove(Owners)
    monkeypatch.setattr(EnvSettings, "registered", [Owners])
    for variable, value in {
        "PARTNERS": "a,b",
        "RATES": "[1]",
        "WEEKDAYS": '["x"]',
        "HOME_REGION": "europe",
    }.items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(SystemExit) as stop:
        Owners.load()

    assert str(stop.value).splitlines()[1:] == [
        "  STRIPE_KEY: Field required",
        '  PARTNERS: Input should be a valid list (for example PARTNERS=["a", "b"])',
        '  RATES: Input should be a valid dictionary (for example RATES={"a": "b"})',
        "  WEEKDAYS: Input should be a valid integer, unable to parse string as an integer"
        " (for example WEEKDAYS=[1, 5])",
        "  HOME_REGION: String should match pattern '^..$'",
    ]


def test_a_list_is_written_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    class Owners(EnvSettings):
        partners: list[str]
        template: str

    EnvSettings.registered.remove(Owners)
    monkeypatch.setenv("PARTNERS", '["a", "b"]')
    monkeypatch.setenv("TEMPLATE", '{"a": 1}')

    assert Owners.load().partners == ["a", "b"]
    assert Owners.load().template == '{"a": 1}'


def _print_settings(folder: Path, variables: dict[str, str]) -> str:
    program = "from app.config import Config; print(Config.load().model_dump_json())"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    ).stdout


def _names(example: Path) -> set[str]:
    lines = example.read_text().splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
