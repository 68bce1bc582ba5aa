"""The questionnaire as a person sees it, in a real terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import yaml

ENTER = "\r"
CLEAR = "\x15"  # Ctrl-U
DOWN = "\x1b[B"


def test_a_bad_answer_is_explained_and_can_be_corrected(template: Path, tmp_path: Path) -> None:
    service = tmp_path / "service"
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "copier", "copy", "--trust", str(template), str(service)],
        # Nothing behind this terminal would answer where its cursor is.
        env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        dimensions=(50, 200),
        encoding="utf-8",
        timeout=20,
    )
    terminal.expect("What is the service called")
    terminal.send(f"{CLEAR}Billing{ENTER}")
    terminal.expect("'Billing' is not worker-celery-.* for example worker-celery-billing")
    assert not service.exists()
    terminal.send(f"{CLEAR}worker-celery-billing{ENTER}")

    terminal.expect("What does it do")
    terminal.send(f'{CLEAR}Bills, "quotes" & {{{{ braces }}}}{ENTER}')
    terminal.expect("Which kinds of work")
    terminal.send(f"{CLEAR}Orders-Sync{ENTER}")
    terminal.expect("for example orders_sync")
    terminal.send(f"{CLEAR}orders_sync{ENTER}")
    terminal.expect("Where do tasks wait")
    terminal.send(f"{DOWN}{ENTER}")
    terminal.expect("Where do the results")
    terminal.send(ENTER)
    terminal.expect("database of their own")
    terminal.send("y")
    terminal.expect("by the clock")
    terminal.send("n")
    terminal.expect("want Flower")
    terminal.send("y")
    terminal.expect("programs without Celery")
    terminal.send("n")
    terminal.expect("Which HTTP APIs")
    terminal.send(f"payments=api.example.com{ENTER}")
    terminal.expect("does not begin with https://")
    terminal.send(f"{CLEAR}payments=https://api.example.com{ENTER}")
    terminal.expect("Where does it run in production")
    terminal.send(f"systmd{ENTER}")
    terminal.expect("'systmd' is not one of kubernetes, systemd; for example kubernetes, systemd")
    terminal.send(f"{CLEAR}systemd{ENTER}")
    terminal.expect("tests run for each change")
    terminal.send(f"{DOWN}{ENTER}")
    terminal.expect("repository of its own")
    terminal.send(f"{DOWN}{ENTER}")
    terminal.expect("Which Python")
    terminal.send(ENTER)
    terminal.expect("worker-celery-billing is there")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    record = service / ".copier-answers.worker-celery-billing.yml"
    recorded = yaml.safe_load(record.read_text())
    assert {name: value for name, value in recorded.items() if not name.startswith("_")} == {
        "service_name": "worker-celery-billing",
        "description": 'Bills, "quotes" & {{ braces }}',
        "task_types": "orders_sync",
        "broker": "rabbitmq",
        "result_backend": "redis",
        "database": True,
        "beat": False,
        "flower": True,
        "http_api": False,
        "external_apis": "payments=https://api.example.com",
        "deploy": "systemd",
        "ci": "gitlab",
        "layout": "monorepo",
        "python_version": "3.13",
    }
