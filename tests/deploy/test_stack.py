"""The stack of production, run for real: it is built, made, broken, brought to another version."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.docker import Stack, build, docker, inspect
from tests.harness import Answers, render, run

SERVICES: dict[str, Answers] = {
    "redis": {"broker": "redis", "result_backend": "redis"},
    "rabbitmq": {
        "broker": "rabbitmq",
        "result_backend": "database",
        "database": True,
        "http_api": True,
    },
}
"""Each with a broker of its own, and between them all processes and servers."""

SETTINGS = """
SECRETS_DIR=./passwords
SMTP_HOST=mail.example.com
SMTP_USERNAME=shop
"""
"""What .env says, which is for Compose and for the containers."""

MAIL_PASSWORD = "of-the-mail-server"

NAME = "worker-celery-fleet"
SERVERS = {"broker", "database", "redis"}

RUNS = {"volumes": ["./runs:/srv/runs"]}
SOON = {"healthcheck": {"interval": "2s", "start_period": "170s"}}
OVERLAY: dict[str, dict[str, Any]] = {
    # Running tasks are handed back soon.
    "worker": RUNS | SOON | {"environment": {"WORKER_SOFT_SHUTDOWN_TIMEOUT": "4"}},
    "relay": SOON,
    "api": SOON | {"ports": ["127.0.0.1::8080"]},
    "beat": RUNS | SOON,
    "metrics": SOON | {"ports": ["127.0.0.1::9808"]},
    "flower": SOON | {"ports": ["127.0.0.1::5555"]},
}
"""What is different for the tests: a file for runs, and ports that nobody else has."""

CHORD = """
import json
from celery import chord
from app.tasks.numbers import gather, locate
print(json.dumps(chord(locate.s(number) for number in range(60))(gather.s()).get(timeout=170)))
"""

SEND = """
from app.tasks.numbers import count
for number in range({first}, {last}):
    count.delay(number, {seconds})
"""

LOAD = """
import itertools, time
from app.tasks.numbers import ENOUGH, count, note
for number in itertools.count(10_000):
    if ENOUGH.exists():
        break
    count.delay(number, 0.2)
    note("sent", number)
    time.sleep(0.1)
"""

HOLD = """
from app.tasks.numbers import hold
for number in {numbers}:
    hold.delay(number)
"""

LOGIN = """
from app.services.email import SmtpSettings
settings = SmtpSettings.load()
print(settings.smtp_username, settings.smtp_password.get_secret_value())
"""

WRITE = """
for folder in / /srv /srv/app /opt/venv /etc /usr/local/lib; do touch "$folder/new" 2>&1; done; true
"""


class Fleet:
    """A service of which everything runs.

    Args:
        stack: it.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    @property
    def ours(self) -> list[dict[str, Any]]:
        """Return the containers of the service itself which go on running."""
        return [each for each in self.running if self.service(each) not in SERVERS]

    @property
    def running(self) -> list[dict[str, Any]]:
        """Return all containers but the one of the migrations, which has ended."""
        return [each for each in self.stack.containers() if self.service(each) != "migrate"]

    def service(self, container: dict[str, Any]) -> str:
        """Return the name that a container's service has in compose.yaml."""
        name: str = container["Config"]["Labels"]["com.docker.compose.service"]
        return name

    def noted(self, event: str) -> Counter[int]:
        """Return how often each number was sent, was started, or is done."""
        lines = (self.stack.folder / "runs/runs").read_text().splitlines()
        events = (line.split() for line in lines)
        return Counter(int(number) for name, number, _ in events if name == event)

    def send(self, numbers: range, seconds: float) -> None:
        """Send a task for each number."""
        code = SEND.format(first=numbers.start, last=numbers.stop, seconds=seconds)
        self.stack.python("beat", code)

    def workers_are_healthy(self) -> bool:
        """Tell whether all health checks of workers pass."""
        states = (each["State"]["Health"]["Status"] for each in self.stack.containers("worker"))
        return set(states) == {"healthy"}

    def broker(self) -> str:
        """Return the container of the broker."""
        return self.stack.compose("ps", "--all", "--quiet", "broker").strip()


@pytest.fixture(scope="module", params=SERVICES)
def fleet(
    request: pytest.FixtureRequest, engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    broker: str = request.param
    folder = tmp_path_factory.mktemp("fleet")
    own = {"service_name": NAME, "task_types": "orders_sync, email"}
    service = render(folder / "service", own | dict(SERVICES[broker]))
    shutil.copy(Path(__file__).with_name("numbers.py"), service / "app/tasks/numbers.py")
    (service / ".env").write_text(SETTINGS)
    (service / "runs").mkdir(mode=0o777)
    (service / "runs").chmod(0o777)
    known = yaml.safe_load((service / "compose.yaml").read_text())["services"]
    services = {name: changes for name, changes in OVERLAY.items() if name in known}
    overlay = yaml.safe_dump({"services": services})
    (service / "compose.test.yaml").write_text(overlay.replace("ports:", "ports: !override"))
    stack = Stack(
        service,
        f"fleet-{broker}",
        files=("compose.yaml", "deploy/compose.production.yaml", "compose.test.yaml"),
        profiles=("servers", "flower"),
        environment={"IMAGE_TAG": f"{broker}-1", "SMTP_PASSWORD": MAIL_PASSWORD},
    )
    made = run(["deploy/secrets.sh"], service, SECRETS_DIR="passwords", SMTP_PASSWORD=MAIL_PASSWORD)
    assert made.returncode == 0, made.stdout
    images = make_images(service, f"{broker}-1")
    try:
        stack.up()
        yield Fleet(stack)
    finally:
        (folder / "log").write_text(stack.compose("logs", "--no-color", "--timestamps"))
        stack.down()
        docker("rmi", "--force", *images, *(image[:-1] + "2" for image in images))


def test_a_missing_secret_ends_the_start_with_its_name(engine: None, tmp_path: Path) -> None:
    service = render(tmp_path / "service", {"service_name": NAME, "task_types": "orders_sync"})
    files = ("compose.yaml", "deploy/compose.production.yaml")
    stack = Stack(service, "fleet-alone", files, ("servers",), {"IMAGE_TAG": "1"})
    try:
        with pytest.raises(AssertionError, match=r"does not exist: \S+/secrets/redis.acl"):
            stack.up("broker")
    finally:
        stack.down()


def make_images(service: Path, tag: str) -> list[str]:
    """Build the image of the service, and that of Flower."""
    with ThreadPoolExecutor() as threads:
        return list(
            threads.map(
                lambda name, group: build(service, f"{name}:{tag}", GROUP=group, VERSION=tag),
                (NAME, f"{NAME}-flower"),
                ("worker", "flower"),
            )
        )


def test_everything_is_there_and_well(fleet: Fleet) -> None:
    states = Counter(
        (fleet.service(each), each["State"]["Health"]["Status"]) for each in fleet.running
    )
    expected = {"worker": 2, "beat": 1, "metrics": 1, "flower": 1, "broker": 1}
    if "rabbitmq" in fleet.stack.project:
        expected |= {"relay": 1, "api": 1, "database": 1}
    assert states == {(name, "healthy"): number for name, number in expected.items()}


def test_no_process_is_that_of_root(fleet: Fleet) -> None:
    users = {fleet.service(each): users_of(each) for each in fleet.running}

    assert {service for service, found in users.items() if "0" in found} == set()


def test_no_container_of_ours_can_write_outside_its_folders(fleet: Fleet) -> None:
    for container in fleet.ours:
        # Not even as root, which no process of it is.
        said = docker("exec", "--user", "0", container["Id"], "sh", "-c", WRITE).splitlines()
        assert len(said) == 6
        assert all("Read-only file system" in line for line in said)


def test_secrets_are_in_no_variable(fleet: Fleet) -> None:
    files = [file for file in (fleet.stack.folder / "passwords").iterdir() if "." not in file.name]
    secrets = {file.read_text().strip() for file in files}
    variables = [value for each in fleet.running for value in each["Config"]["Env"]]
    assert not [value for value in variables if any(secret in value for secret in secrets)]


def test_the_worker_can_log_in_to_the_mail_server_and_nobody_else(fleet: Fleet) -> None:
    assert fleet.stack.python("worker", LOGIN).split() == ["shop", MAIL_PASSWORD]
    assert fleet.stack.python("beat", LOGIN).split() == []


def test_a_chord_runs_across_the_replicas(fleet: Fleet) -> None:
    found = json.loads(fleet.stack.python("beat", CHORD).splitlines()[-1])

    assert sorted(number for number, _ in found) == list(range(60))
    workers = {each["Config"]["Hostname"] for each in fleet.stack.containers("worker")}
    assert len(workers) == 2
    assert {host for _, host in found} == workers


def test_one_exporter_shows_what_all_replicas_count(fleet: Fleet) -> None:
    address = fleet.stack.compose("port", "metrics", "9808").strip()
    assert address.startswith("127.0.0.1:")
    url = "http://127.0.0.1:9808/metrics"
    code = f"from urllib.request import urlopen; print(urlopen({url!r}).read().decode())"
    succeeded = 'celery_tasks_processed_total{queue="fleet.numbers",status="success",task_name='
    expected = (
        f'{succeeded}"fleet.numbers.locate"}} 60.0',
        'celery_queue_workers{queue="fleet.numbers"} 2.0',
    )

    def shown() -> str:
        return fleet.stack.python("metrics", code)

    # A worker counts a task a moment after its result is there.
    wait_until(lambda: all(each in shown() for each in expected))
    assert shown().count("celery_worker_memory_bytes{") == 2


def test_a_broker_that_dies_loses_no_task(fleet: Fleet) -> None:
    numbers = range(1_000, 1_080)
    fleet.send(numbers, seconds=0.5)
    wait_until(lambda: len(fleet.noted("started")) >= 8)

    docker("kill", fleet.broker())
    time.sleep(1)
    fleet.stack.up("broker")

    wait_until(lambda: fleet.noted("done").keys() >= set(numbers))


def test_a_version_that_does_not_get_ready_leaves_the_workers_alone(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {each["Id"]: each["State"]["StartedAt"] for each in fleet.stack.containers("worker")}
    good = f"{NAME}:{fleet.stack.environment['IMAGE_TAG']}"
    broken = f"{NAME}:broken"
    docker("build", "--tag", broken, "-", given=f'FROM {good}\nCMD ["false"]\n')
    try:
        for tag, said in (
            ("broken", "did not get ready and is removed"),
            ("typo", "No such image"),
        ):
            monkeypatch.setitem(fleet.stack.environment, "IMAGE_TAG", tag)
            with pytest.raises(AssertionError, match=said):
                fleet.stack.run("deploy/roll.sh")
            workers = fleet.stack.containers("worker")
            assert {each["Id"]: each["State"]["StartedAt"] for each in workers} == old
            wait_until(fleet.workers_are_healthy)
    finally:
        docker("rmi", "--force", broken)


def test_workers_are_replaced_one_at_a_time_under_load(fleet: Fleet) -> None:
    old = {each["Id"] for each in fleet.stack.containers("worker")}
    tag = fleet.stack.environment["IMAGE_TAG"].replace("1", "2")
    images = make_images(fleet.stack.folder, tag)
    in_own_container = ["run", "--detach", "--no-deps", "beat", "python", "-c"]
    load = fleet.stack.compose(*in_own_container, LOAD).strip()
    held = {9_000, 9_001}
    fleet.stack.python("beat", HOLD.format(numbers=held))
    wait_until(lambda: fleet.noted("started").keys() >= held)

    fleet.stack.environment["IMAGE_TAG"] = tag
    fleet.stack.run("deploy/roll.sh")
    (fleet.stack.folder / "runs/enough").touch()
    assert docker("wait", load).strip() == "0"
    docker("rm", load)

    workers = fleet.stack.containers("worker")
    assert len(workers) == 2
    assert not old & {each["Id"] for each in workers}
    assert {each["Config"]["Image"] for each in fleet.ours} == set(images)
    label = "org.opencontainers.image.version"
    assert {inspect(image)["Config"]["Labels"][label] for image in images} == {tag}
    sent = fleet.noted("sent").keys()
    assert len(sent) > 50
    wait_until(lambda: fleet.noted("done").keys() >= sent | held)
    started, done = fleet.noted("started"), fleet.noted("done")
    assert {number: started[number] for number in sent if started[number] > 1} == {}
    assert {number: done[number] for number in sent | held if done[number] > 1} == {}
    # What does not end in time is handed back, at most once by each of the old workers.
    assert all(2 <= started[number] <= 3 for number in held)


def test_all_containers_stop_within_their_grace(fleet: Fleet) -> None:
    fleet.send(range(2_000, 2_008), seconds=1)

    began = time.time()
    fleet.stack.compose("stop")

    containers = fleet.stack.containers()
    assert {fleet.service(each): each["State"]["ExitCode"] for each in containers} == {
        fleet.service(each): 0 for each in containers
    }
    for container in fleet.running:
        took = ended(container) - began
        assert took < container["Config"]["StopTimeout"], fleet.service(container)
        assert not container["State"]["OOMKilled"]


def users_of(container: dict[str, Any]) -> set[str]:
    """Return the numbers of the users whose processes a container has."""
    lines = docker("top", container["Id"], "-eo", "pid,uid").splitlines()
    return {line.split()[1] for line in lines[1:]}


def ended(container: dict[str, Any]) -> float:
    """Return when a container has ended."""
    text = container["State"]["FinishedAt"]
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()


def wait_until(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)
