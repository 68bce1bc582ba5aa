"""The units of systemd, judged by its own tools, and run by systemd itself, in a container."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import matrix
from tests.deploy.docker import build, docker
from tests.harness import Answers, render

EXPOSURE = 15
"""What `systemd-analyze security` may say at most of each process, in tenths: 1.5, its OK."""

NAME = "worker-celery-units"
QUEUE = "units.numbers"
WORKERS = (f"{NAME}-worker@{QUEUE}", f"{NAME}-worker@{QUEUE}:2")
HOME = f"/opt/{NAME}"

NUMBERS = '''"""Numbers: leaves a file for each."""

from __future__ import annotations

import time
from pathlib import Path

from app.schemas.numbers import NumbersInput, NumbersResult


def process(job: NumbersInput) -> NumbersResult:
    """Take so many seconds for each number, or until there is a file; leave one with its name."""
    for item in job.items:
        number, _, end = item.partition(":")
        if end == "held":
            while not Path("var/go-on").exists():
                time.sleep(0.1)
        else:
            time.sleep(float(end))
        Path("var", number).touch()
    return NumbersResult(processed=job.items)
'''

SEND = """
import json
import sys
from app.schemas.numbers import NumbersInput
from app.tasks.numbers import run

for number, end in json.loads(sys.argv[1]).items():
    run.delay(NumbersInput(items=[f"{number}:{end}"]))
"""

IMAGE = """
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends systemd systemd-sysv dbus
COPY --from=astral/uv:0.13 /uv /bin/uv
COPY service /src
RUN --mount=type=cache,target=/root/.cache/uv /src/deploy/systemd/install.sh
STOPSIGNAL SIGRTMIN+3
# On a machine, systemd itself shares mounts, which credentials need.
CMD ["sh", "-c", "mount --make-rshared / && exec /sbin/init"]
"""

SYSTEMD_IN_A_CONTAINER = (
    *("--cap-add", "SYS_ADMIN", "--cgroupns", "private"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"),
    *("--volume", "/sys/fs/cgroup:/sys/fs/cgroup:ro", "--env", "container=docker"),
)

WORK = {
    "email": (
        "from app.services import email\nprint(email.SmtpSettings().smtp_host)",
        "mail.example.com",
    ),
    "export": (
        "import pyarrow as pa\nfrom pyarrow import parquet\n"
        "parquet.write_table(pa.table({'a': [1, 2, 3]}), 'var/three')\n"
        "print(sum(parquet.read_table('var/three')['a'].to_pylist()))",
        "6",
    ),
    "ml": (
        "from sklearn.linear_model import LinearRegression\n"
        "print(round(LinearRegression().fit([[0], [1]], [0, 2]).predict([[5]])[0]))",
        "10",
    ),
}
"""What their packages do in the sandbox, and what is told. The large ones are for --full."""

BROKERS = {
    "redis": ("redis:8-alpine", {"broker": "redis"}),
    "rabbitmq": ("rabbitmq:4-management", {"broker": "rabbitmq", "result_backend": "database"}),
}
"""The image of each broker, and the answers: without Redis, beat has a file on the disk."""

PROBED = ("relay", "beat", "api", "metrics")
UNITS = (*WORKERS, *(f"{NAME}-{process}" for process in (*PROBED, "flower")))

ENVIRONMENT = """WORKER_CONCURRENCY=2
WORKER_SOFT_SHUTDOWN_TIMEOUT=3
HTTP_KEYS=test=0123456789abcdef0123456789abcdef
FLOWER_BASIC_AUTH=admin:correct-horse-battery
DEAD_LETTERS_REDACT=["card", "phone"]
"""


def until(condition: Callable[[], object], what: str, seconds: float = 180) -> None:
    """Wait for a condition.

    Raises:
        AssertionError: when it takes longer.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.2)


class Host:
    """A machine with systemd, on which a service with all processes is installed.

    Args:
        container: that it is.
    """

    def __init__(self, container: str) -> None:
        self._container = container

    def run(self, *command: str, text: str = "", check: bool = True) -> str:
        """Run a command as root and return what it says."""
        done = subprocess.run(
            ["docker", "exec", "--interactive", self._container, *command],
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stdout[-4000:]}"
        return done.stdout.strip()

    def service(self, *command: str, text: str = "", check: bool = True) -> str:
        """Run a command as the service does."""
        script = f"{HOME}/current/deploy/systemd/run.sh"
        return self.run(script, *command, text=text, check=check)

    def systemctl(self, *arguments: str) -> str:
        """Tell systemd what to do."""
        return self.run("systemctl", *arguments)

    def property(self, unit: str, name: str) -> str:
        """Return what systemd says of a unit."""
        return self.systemctl("show", "--property", name, "--value", unit)

    def release(self, unit: str) -> str:
        """Return the folder of the release that a unit runs from."""
        user = self.property(unit, "User")
        folder = f"/proc/{self.property(unit, 'MainPID')}/cwd"
        return self.run("runuser", "--user", user, "--", "readlink", folder)

    def journal(self, unit: str) -> str:
        """Return what a unit has logged."""
        return self.run("journalctl", "--no-pager", "--output", "cat", "--unit", unit)

    def is_well(self, *probe: str, worker: str = "") -> bool:
        """Ask the probe of the service."""
        script = f"{HOME}/current/scripts/probe.sh"
        health = (f"HEALTH_DIR=/run/{NAME}", f"WORKER_NAME={worker}")
        done = self.run("env", *health, script, *probe, check=False)
        return not done

    def is_ready(self, unit: str) -> bool:
        """Tell whether a worker takes messages."""
        return self.is_well("worker", "ready", worker=unit.partition("@")[2])

    def is_in_order(self) -> bool:
        """Tell whether all units run, and the workers take messages."""
        states = self.systemctl("show", "--property", "SubState", "--value", *UNITS).split()
        return set(states) == {"running"} and all(map(self.is_ready, WORKERS))

    def send(self, ends: Mapping[int, float | str]) -> None:
        """Send numbered tasks, which take so many seconds each, or are `held` until `let_go`."""
        self.service("python", "-", json.dumps(ends), text=SEND)

    def let_go(self) -> None:
        """Let tasks end that are held."""
        self.service("touch", "var/go-on")

    def done(self, first: int, last: int) -> set[int]:
        """Return the numbers whose tasks have run."""
        names = self.run("ls", f"/var/lib/{NAME}").split()
        return {int(name) for name in names if name.isdigit()} & set(range(first, last))

    def await_all(self, first: int, last: int) -> None:
        """Wait until all tasks have run."""
        until(lambda: len(self.done(first, last)) == last - first, "all tasks are done")

    def begun(self) -> int:
        """Return how many tasks have begun."""
        return "".join(map(self.journal, WORKERS)).count("] started")


# --- by the tools of systemd ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def machines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, list[str]]:
    """The root folders of machines with one service each, and what it has for units."""
    if not shutil.which("systemd-analyze"):
        if os.environ.get("CI"):
            pytest.fail("systemd is not installed, and CI leaves nothing out")
        pytest.skip("systemd is not installed")
    folder = tmp_path_factory.mktemp("machines")
    names = ("broker", "beat", "flower", "database", "http_api")
    full = request.config.getoption("--full")
    combinations = [
        *(matrix.every(*names) if full else matrix.covering(*names)),
        {"service_name": matrix.NAMES["shortest"], "layout": "monorepo"},
        {"service_name": matrix.NAMES["longest"]},
    ]
    return dict(
        installed(folder / str(number), answers | {"deploy": "systemd"})
        for number, answers in enumerate(combinations)
    )


def installed(folder: Path, answers: Answers) -> tuple[Path, list[str]]:
    """Put files where `install.sh` puts them, in a folder, and return it with the units."""
    [target] = render(folder / "src", answers).rglob("*.target")
    name, units = target.stem, target.parent
    root = folder / "root"
    shutil.copytree(units, root / "usr/local/lib/systemd/system")
    shutil.copytree(units.parent, root / f"opt/{name}/current/deploy/systemd")
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    for program in ("/usr/bin/rm", "/usr/sbin/init"):
        (root / program[1:]).parent.mkdir(exist_ok=True)
        (root / program[1:]).write_bytes(b"")
        (root / program[1:]).chmod(0o755)
    files = [*units.glob("*.service"), target]
    return root, [file.name.replace("@", "@queue") for file in files]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `systemd-analyze`."""
    return subprocess.run(
        ["systemd-analyze", *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def verify(root: Path, units: list[str]) -> subprocess.CompletedProcess[str]:
    """Have units checked with all that they need."""
    return analyze("verify", "--recursive-errors=yes", f"--root={root}", *units)


def test_systemd_finds_nothing_wrong_with_any_unit(machines: dict[Path, list[str]]) -> None:
    for root, units in machines.items():
        done = verify(root, units)
        assert (done.returncode, done.stdout) == (0, ""), root


def test_systemd_would_find_a_misspelt_key(machines: dict[Path, list[str]], tmp_path: Path) -> None:
    source, units = next(iter(machines.items()))
    root = shutil.copytree(source, tmp_path / "root", symlinks=True)
    [shared] = (root / "usr/local").rglob("00-common.conf")
    shared.write_text(shared.read_text().replace("ProtectHome=", "ProtectHouse="))

    assert verify(root, units).returncode != 0


def test_no_process_is_more_exposed_than_promised(machines: dict[Path, list[str]]) -> None:
    for root, units in machines.items():
        services = [unit for unit in units if unit.endswith(".service")]
        done = analyze(
            "security",
            "--no-pager",
            "--offline=true",
            f"--threshold={EXPOSURE}",
            f"--root={root}",
            *services,
        )
        assert done.returncode == 0, done.stdout


# --- by systemd itself ---------------------------------------------------------------------------


@contextmanager
def container(name: str, *arguments: str) -> Iterator[str]:
    """Run a container as long as it is needed."""
    docker("run", "--detach", "--name", name, *arguments)
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take Redis and a small task type, and with --full both brokers and all task types."""
    full = metafunc.config.getoption("full")
    if "host" in metafunc.fixturenames:
        brokers = BROKERS if full else ["redis"]
        metafunc.parametrize("host", brokers, indirect=True, scope="module")
    if "task_type" in metafunc.fixturenames:
        metafunc.parametrize("task_type", WORK if full else ["email"])


@pytest.fixture(scope="module")
def host(
    engine: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """A machine on which a service is installed, with its servers beside."""
    server, answers = BROKERS[request.param]
    context = tmp_path_factory.mktemp(request.param)
    task_types = ["numbers", *(WORK if request.config.getoption("full") else ["email"])]
    own = {"service_name": NAME, "task_types": ", ".join(task_types), "deploy": "systemd"}
    service = render(context / "service", own | answers | {"database": True, "http_api": True})
    (service / "app/services/numbers.py").write_text(NUMBERS)
    (context / "Dockerfile").write_text(IMAGE)
    image = build(context, f"{NAME}-{request.param}:test")
    prefix = f"{NAME}-{os.getpid()}"
    with ExitStack() as stack:
        broker = stack.enter_context(container(f"{prefix}-broker", server))
        # All servers are at localhost, as in the settings that install.sh makes.
        beside = ("--network", f"container:{broker}")
        login = ("--env", "POSTGRES_USER=celery", "--env", "POSTGRES_PASSWORD=celery")
        stack.enter_context(container(f"{prefix}-database", *beside, *login, "postgres:18-alpine"))
        machine = container(f"{prefix}-machine", *beside, *SYSTEMD_IN_A_CONTAINER, image)
        host = Host(stack.enter_context(machine))
        host.run("tee", "--append", f"/etc/{NAME}/env", text=ENVIRONMENT)
        yield host
    docker("rmi", "--force", image)


def test_the_target_starts_all_that_is_enabled(host: Host) -> None:
    until(lambda: host.run("systemctl", "is-system-running", check=False) == "running", "booted")
    until(lambda: migrated(host), "the database is there")
    host.systemctl("enable", f"{NAME}.target", *UNITS)
    host.systemctl("start", f"{NAME}.target")

    until(host.is_in_order, "all units run, and the workers are ready")
    host.send(dict.fromkeys(range(4), 0))
    host.await_all(0, 4)


def migrated(host: Host) -> bool:
    """Tell whether the unit that brings the database up to date has succeeded."""
    if not host.run("systemctl", "start", f"{NAME}-migrate.service", check=False):
        return True
    host.systemctl("reset-failed", f"{NAME}-migrate.service")
    return False


def test_every_process_does_what_it_is_there_for(host: Host) -> None:
    ask = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"

    def page(address: str) -> str:
        return host.service("python", "-c", ask, address, check=False)

    until(lambda: all(host.is_well(each, "alive") for each in PROBED), "all are well")
    both = f'celery_queue_workers{{queue="{QUEUE}"}} 2.0'
    until(lambda: both in page("http://127.0.0.1:9808/metrics"), "both workers are shown")
    until(lambda: "ok" in page("http://127.0.0.1:8080/health/ready"), "the API is ready")
    until(lambda: "401" in page("http://127.0.0.1:5555/workers"), "Flower asks for a password")


def test_a_process_can_write_its_files_and_nothing_else(host: Host) -> None:
    write = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text('x')"

    assert "Read-only file system" in host.service("python", "-c", write, "app/x", check=False)
    assert "Read-only file system" in host.service("python", "-c", write, "/etc/x", check=False)
    assert host.service("python", "-c", write, "var/x") == ""
    assert host.run("stat", "-c", "%a", f"/etc/{NAME}/env") == "600"
    assert "Permission denied" in host.service("cat", f"/etc/{NAME}/env", check=False)


def test_nobody_can_read_what_else_is_in_the_folder_of_deployment(host: Host) -> None:
    assert host.run("ls", "-A", f"{HOME}/current/deploy") == "systemd"


def test_the_packages_of_a_task_type_work(host: Host, task_type: str) -> None:
    program, answer = WORK[task_type]

    assert host.service("python", "-", text=program).splitlines()[-1] == answer


def test_a_drop_in_of_the_owner_wins(host: Host) -> None:
    folder = f"/etc/systemd/system/{NAME}-.service.d"
    drop_in = "[Service]\nEnvironment=LOG_FORMAT=text\nMemoryDenyWriteExecute=no\n"
    host.run("mkdir", folder)
    host.run("tee", f"{folder}/10-own.conf", text=drop_in)
    host.systemctl("daemon-reload")

    assert host.service("printenv", "LOG_FORMAT") == "text"
    assert {host.property(unit, "MemoryDenyWriteExecute") for unit in UNITS} == {"no"}
    host.run("rm", "-r", folder)
    host.systemctl("daemon-reload")
    assert {host.property(unit, "MemoryDenyWriteExecute") for unit in UNITS} == {"yes"}


def test_what_is_killed_runs_again_and_nothing_is_lost(host: Host) -> None:
    before = host.begun()
    host.send(dict.fromkeys(range(100, 130), 0.5))
    until(lambda: host.begun() >= before + 3, "tasks run")
    main, other = (host.property(unit, "MainPID") for unit in WORKERS)
    child = host.run("sh", "-c", f"cat /proc/{other}/task/{other}/children").split()[-1]
    host.run("sh", "-c", f"kill -9 {main} {child}")

    host.await_all(100, 130)
    until(host.is_in_order, "the worker runs again")
    assert [host.property(unit, "NRestarts") for unit in WORKERS] == ["1", "0"]
    assert host.property(WORKERS[1], "MainPID") == other


def test_a_stop_hands_back_what_cannot_finish(host: Host) -> None:
    before = host.begun()
    # Two can end within the 3 s of the environment, the others cannot.
    host.send({200: 2, 201: 2} | dict.fromkeys(range(202, 206), "held"))
    until(lambda: host.begun() >= before + 4, "tasks run")
    started = time.monotonic()
    host.systemctl("stop", *WORKERS)

    assert time.monotonic() - started < 20
    for unit in WORKERS:
        assert host.property(unit, "Result") == "success", host.journal(unit)[-2000:]
        assert host.property(unit, "ExecMainStatus") == "0"
        assert not host.is_ready(unit)
    # Had systemd told the worker's children, too, none would be done.
    assert host.done(200, 206) == {200, 201}
    host.let_go()
    host.systemctl("start", *WORKERS)
    host.await_all(200, 206)


def test_a_new_release_comes_in_while_tasks_run(host: Host) -> None:
    new = f"{HOME}/releases/next"
    host.run("sh", "-c", f"cp -a $(realpath {HOME}/current) {new} && ln -sfn {new} {HOME}/current")
    assert new not in [host.release(unit) for unit in UNITS]
    before = host.begun()
    host.send(dict.fromkeys(range(300, 340), 0.3))
    until(lambda: host.begun() > before, "tasks run")

    # As on several machines, where an old worker does not know the tasks of a new beat.
    restart = f"{HOME}/current/deploy/systemd/restart.sh"
    host.run("env", "LIMIT=180", restart, "workers")
    assert [unit for unit in UNITS if host.release(unit) == new] == list(WORKERS)
    host.run("env", "LIMIT=180", restart, "others")

    until(host.is_in_order, "all units run, and the workers are ready")
    assert {host.release(unit) for unit in UNITS} == {new}
    host.await_all(300, 340)


def test_a_wrong_environment_is_told_in_the_journal(host: Host) -> None:
    unit = f"{NAME}-worker@{QUEUE}:9.service"
    drop_in = f"[Service]\nEnvironment=TIMEZONE=Mars\nLoadCredential=SENTRY_DSN:/etc/{NAME}/dsn\n"
    host.run("sh", "-c", f"echo nonsense > /etc/{NAME}/dsn && chmod 600 /etc/{NAME}/dsn")
    host.run("mkdir", f"/etc/systemd/system/{unit}.d")
    host.run("tee", f"/etc/systemd/system/{unit}.d/override.conf", text=drop_in)
    host.systemctl("daemon-reload")
    host.systemctl("start", unit)

    until(lambda: "SENTRY_DSN" in host.journal(unit), "the fault is told")
    told = host.journal(unit)
    assert "The environment of this service is not right" in told
    assert "TIMEZONE: 'Mars' is not a time zone" in told
    until(lambda: int(host.property(unit, "NRestarts")) > 1, "it is tried again")
    host.systemctl("stop", unit)


def test_the_target_stops_all_in_order(host: Host) -> None:
    host.systemctl("stop", f"{NAME}.target")
    until(lambda: {host.property(unit, "ActiveState") for unit in UNITS} == {"inactive"}, "")

    for unit in UNITS:
        assert host.property(unit, "Result") == "success"
        assert host.property(unit, "ExecMainStatus") == "0"
