"""Runs in the environment of the generated service, and uses it as its owner would."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Python puts the folder of this file first; the service is where we run.
sys.path[0] = str(Path.cwd())
sys.path.append(str(Path(__file__).parent.parent))

from dev.mailbox import Mailbox
from dev.processes import Process
from dev.servers import Servers

from demo.steps import step

WAIT = 60.0
"""Seconds that one task may take."""

ORDERS = """\
order_id,date,customer,amount
1001,2026-11-19,Ada,120.50
1002,2026-11-19,Grace,80.00
1003,2026-11-20,Ada,19.99
1004,2026-11-20,Linus,not a number
"""


@dataclass(frozen=True)
class Done:
    """A task that ran, with what came of it."""

    task: str
    outcome: str
    seconds: float


def main() -> int:
    """Start everything, run a task of every type, end everything, print a summary."""
    with ExitStack() as stack:
        servers = Servers()
        mailbox = stack.enter_context(Mailbox())
        os.environ |= servers.environment | mailbox.environment
        with step("starting the broker"):
            stack.enter_context(servers.running())
        with step("starting the worker"):
            log = Path("var/worker.log").absolute()
            log.parent.mkdir()
            worker = stack.enter_context(Process(["scripts/start_worker.sh"], log))
            worker.wait_for_output(" ready.")
        results = [_email(mailbox), _report(), _etl()]
        _wait_until_idle()
        with step("ending the worker and the broker"):
            worker.stop()
            stack.close()
    _summarize(results)
    return 0


def _email(mailbox: Mailbox) -> Done:
    from app.tasks.email import send

    call = send.s(
        {"recipients": ["ada@example.com"], "subject": "Hello", "text": "Sent by a worker."}
    )
    done = _send("email: sending a mail", call, lambda receipt: str(receipt["message_id"]))
    delivery = mailbox.wait_for("ada@example.com")
    return Done(
        done.task, f"mail for ada@example.com: {delivery.message['Subject']!r}", done.seconds
    )


def _report() -> Done:
    from app.services.reports import ReportSettings
    from app.tasks.reports import custom

    directory = Path(ReportSettings.load().reports_dir).absolute()
    _write(directory / "data" / "orders.csv", ORDERS.replace("not a number", "5.00"))
    call = custom.s({"source": "orders.csv", "start": "2026-11-01", "end": "2026-11-30"})
    return _send(
        "reports: summing up a CSV file",
        call,
        lambda report: (
            f"{report['rows']} rows, total {report['total']}: "
            f"{_existing(directory / report['file'])}"
        ),
    )


def _etl() -> Done:
    from app.celery_app import app
    from app.services.etl import EtlSettings
    from app.tasks.etl import run

    directory = Path(EtlSettings.load().etl_dir).absolute()
    _write(directory / "incoming" / "orders.csv", ORDERS)

    def outcome(started: dict[str, Any]) -> str:
        loaded = app.AsyncResult(started["load_id"]).get(timeout=WAIT)
        return (
            f"{loaded['rows']} rows loaded, {loaded['rejected']} rejected: "
            f"{_existing(Path(loaded['database']).absolute())}"
        )

    return _send("etl: extract, transform, load", run.s({"file": "orders.csv"}), outcome)


def _send(title: str, call: Any, outcome: Callable[[Any], str]) -> Done:
    """Send a task, wait for its result and turn it into a sentence."""
    started = time.monotonic()
    with step(title):
        text = outcome(call.apply_async().get(timeout=WAIT))
    return Done(call.task, text, time.monotonic() - started)


def _wait_until_idle() -> None:
    """Wait for the end of the last task: a worker that is busy takes its time to stop."""
    from app.celery_app import app

    while any((app.control.inspect(limit=1).active() or {}).values()):
        time.sleep(0.05)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(path)
    return path


def _summarize(results: list[Done]) -> None:
    print("\nDone: the worker took messages from a real broker and ran them.\n")
    for done in results:
        print(f"  {done.task:24} {done.seconds:4.1f} s  {done.outcome}")
    print(
        f"""
The service is yours to look at: {Path.cwd()}

Next:
  cd {Path.cwd()}
  make dev     # run it with reload, Ctrl-C ends it
  make test    # its own tests
  copier copy --trust PATH_OF_THIS_TEMPLATE worker-celery-NAME    # one of your own
"""
    )


if __name__ == "__main__":
    sys.exit(main())
