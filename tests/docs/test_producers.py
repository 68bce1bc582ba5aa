"""The producers of the guide send to a real worker, on both brokers, without the service's code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest
import redis

from tests.docs.pages import blocks
from tests.harness import ROOT, render, run
from tests.servers import has_rabbitmq

PAGE = ROOT / "docs/producers.md"

SERVICE = """
import json
import sys
from pathlib import Path
from tests.conftest import SERVERS, Worker

with SERVERS.running(), Worker(Path("worker.log")) as worker:
    worker.wait_for_output(" ready.")
    print(json.dumps(SERVERS.environment), flush=True)
    sys.stdin.read()
"""

PRODUCERS = """
import sys
import django
import script, wait
from checked import send_checked
from django.conf import settings
from django.test import RequestFactory
from fastapi.testclient import TestClient
from jsonschema import ValidationError
import fastapi_app, flask_app

memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.configure(DATABASES={"default": memory})
django.setup()
from django_views import order

TestClient(fastapi_app.app).post("/orders", json=["fastapi"]).raise_for_status()
assert flask_app.app.test_client().post("/orders", json=["flask"]).status_code == 202
request = RequestFactory().post("/orders", ["django"], content_type="application/json")
assert order(request).status_code == 202
send_checked("shop.orders.run", job={"items": ["checked"]})
try:
    send_checked("shop.orders.run", job={"items": "one text"})
except ValidationError as error:
    print("refused:", error.message)
assert not [name for name in sys.modules if name.partition(".")[0] == "app"]
"""
"""Each program of the page does what it is for, in one process."""

BAD_QUEUE = """
from shop import send
try:
    send("shop.mistyped.run")
except Exception as error:
    print("refused:", error)
send("shop.orders.run", job={"items": ["after a refusal"]})
"""


@dataclass(frozen=True)
class Running:
    """A service that runs, and a folder with the programs of the page."""

    broker: str
    environment: dict[str, str]
    log: Path
    folder: Path

    def produce(self, program: str) -> str:
        """Run a program of another team, and return what it prints.

        Raises:
            AssertionError: when it fails.
        """
        variables = {
            "SHOP_BROKER_URL": self.environment["CELERY_BROKER_URL"],
            "SHOP_RESULT_BACKEND": self.environment["CELERY_RESULT_BACKEND"],
            # Somebody else's.
            "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        }
        done = run([sys.executable, "-c", program], self.folder, **variables)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def wait_for(self, pattern: str) -> None:
        """Wait until the log of the worker has a line that matches."""
        wait_until(lambda: bool(re.search(pattern, self.log.read_text())), self.log)

    def dead_letters(self) -> str:
        """List the dead letters, as the service's own people do."""
        command = ["python", "-m", "app.dead_letters", "list"]
        return run(command, self.log.parent, **self.environment).stdout


def wait_until(condition: Callable[[], bool], log: Path) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: when it is not in two minutes, with the end of a log.
    """
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, log.read_text()[-4000:]
        time.sleep(0.02)


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The service of the page, on each broker."""
    if request.param == "rabbitmq" and not has_rabbitmq():
        pytest.skip("RabbitMQ is not installed; CI treats this as a failure")
    folder = tmp_path_factory.mktemp(f"{request.param}-producers")
    answers = {"task_types": "orders", "broker": request.param, "beat": False, "flower": False}
    service = render(folder / "worker-celery-shop", answers)
    for text in blocks(PAGE, "python"):
        (folder / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    with start(service) as process:
        assert process.stdin and process.stdout
        environment = json.loads(process.stdout.readline() or "{}")
        assert environment, "the service did not start"
        catalog = run(["sh", "-c", "python -m app.catalog --json"], service, **environment)
        (folder / "catalog.json").write_text(catalog.stdout)
        yield Running(request.param, environment, service / "worker.log", folder)
        process.stdin.close()
        process.wait(60)


def start(service: Path) -> subprocess.Popen[str]:
    """Start the servers and a worker of a service, until its input ends."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        cwd=service,
        env={**os.environ, "PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_commands_of_the_catalogue_are_those_of_the_page() -> None:
    (commands,) = blocks(PAGE, "console")

    assert [line.partition("#")[0].strip() for line in commands.splitlines()] == [
        "python -m app.catalog",
        "python -m app.catalog --json > catalog.json",
    ]


def test_every_producer_reaches_the_worker(running: Running) -> None:
    printed = running.produce(PRODUCERS)

    assert "{'processed': ['lamp']}" in printed
    assert "refused: 'one text' is not of type 'array'" in printed
    for items in (["lamp", "chair"], ["fastapi"], ["flask"], ["django"], ["checked"]):
        running.wait_for(rf"succeeded in .*processed={re.escape(str(items))}")


def test_wrong_arguments_are_a_dead_letter(running: Running) -> None:
    running.produce("import shop; shop.send('shop.orders.run', job={'items': 'unchecked'})")

    refused = "InvalidArguments: shop.orders.run: job.items"
    wait_until(lambda: refused in running.dead_letters(), running.log)


def test_a_queue_that_does_not_exist_is_told_on_rabbitmq(running: Running) -> None:
    printed = running.produce(BAD_QUEUE)

    assert ("NO_ROUTE" in printed) == (running.broker == "rabbitmq")
    running.wait_for(r"processed=\['after a refusal'\]")


def test_a_broker_that_is_away_is_told(running: Running) -> None:
    away = {"redis": "redis://127.0.0.1:1/0", "rabbitmq": "amqp://127.0.0.1:1//"}
    program = (
        "import kombu, os\n"
        f"os.environ['SHOP_BROKER_URL'] = {away[running.broker]!r}\n"
        "try:\n    import script\n"
        "except kombu.exceptions.OperationalError:\n    print('away')\n"
    )

    assert running.produce(program) == "away\n"


def test_a_message_written_by_hand_is_done(running: Running) -> None:
    texts = blocks(PAGE, "json")
    message = json.loads(texts[0] if running.broker == "redis" else texts[1])
    url = running.environment["CELERY_BROKER_URL"]

    if running.broker == "redis":
        redis.Redis.from_url(url).lpush("shop.orders", texts[0])
    else:
        publish(url, message)

    task_id = (message.get("headers") or message["properties"]["headers"])["id"]
    running.wait_for(rf"\[{task_id}\] succeeded .*processed=\['lamp', 'chair'\]")


def publish(url: str, message: dict[str, Any]) -> None:
    """Publish what the page has for RabbitMQ, as the client of any language does."""
    address = urlsplit(url)
    properties = dict(message["properties"])
    headers = properties.pop("headers")
    body = amqp.Message(message["body"], application_headers=headers, **properties)
    with amqp.Connection(f"{address.hostname}:{address.port}", confirm_publish=True) as connection:
        connection.channel().basic_publish(
            body,
            exchange=message["exchange"],
            routing_key=message["routing_key"],
            mandatory=message["mandatory"],
        )
