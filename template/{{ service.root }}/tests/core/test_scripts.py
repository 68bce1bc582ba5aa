"""The scripts read their settings as the service does: variables, `.env` and secret files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from app.core.discovery import queue_names
from dev.processes import Process
from tests.conftest import ROOT, WORKER_ENVIRONMENT


def read(variable: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read a setting as the scripts do, and print it."""
    commands = [
        f"settings=$(python -m app.core.shell {variable})",
        'eval "$settings"',
        f'printf %s "${variable}"',
    ]
    return subprocess.run(
        ["sh", "-euc", "\n".join(commands)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_log_level_can_stand_in_the_env_file(service_copy: Path) -> None:
    (service_copy / ".env").write_text("LOG_LEVEL=DEBUG\n")
    variables = {**WORKER_ENVIRONMENT, "ENV_FILE": ".env", "LOG_LEVEL": ""}

    with Process([service_copy / "scripts/start_worker.sh"], service_copy / "log", variables) as it:
        it.wait_for_output("[debug ")


def test_no_value_is_run_as_a_command() -> None:
    url = os.environ["CELERY_BROKER_URL"] + "?x='\"$(echo no)`echo no`; echo no"

    assert read("CELERY_BROKER_URL", CELERY_BROKER_URL=url).stdout == url


def test_a_script_ends_with_the_faults_of_the_whole_service() -> None:
    done = read("LOG_LEVEL", LOG_LEVEL="loud", TASK_MAX_RETRIES="-1")

    assert (done.returncode, done.stdout) == (1, "")
    assert "LOG_LEVEL: Input should be 'DEBUG'" in done.stderr
    assert "TASK_MAX_RETRIES: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_queue_that_is_not_there_ends_a_worker_at_its_start(tmp_path: Path) -> None:
    variables = {**WORKER_ENVIRONMENT, "WORKER_QUEUES": f"{queue_names()[0]},no.such"}

    with Process([ROOT / "scripts/start_worker.sh"], tmp_path / "log", variables) as process:
        assert process.wait() == 1

    assert "WORKER_QUEUES: there is no queue no.such, but " in process.output()
    assert "Traceback" not in process.output()
