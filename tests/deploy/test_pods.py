"""The pods of the manifests, run by Docker as a cluster would run them.

Commands, users, mounts, limits, probes and times are those of the manifests, and so are settings
and secrets.
"""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.deploy import manifests
from tests.deploy.docker import build, docker, inspect
from tests.deploy.manifests import Build, Object, containers, main, overlay, pod
from tests.harness import Answers, render

NAME = "worker-celery-pods"
IMAGE = f"registry.example.com/{NAME}:0.1.0"
FLOWER = f"{NAME}-flower"
TOOLS = "redis:8-alpine"

ANSWERS: Answers = {
    "service_name": NAME,
    "task_types": "orders_sync",
    "database": True,
    "http_api": True,
    "deploy": "kubernetes",
}
"""Everything that has a pod."""

SECRETS = """\
CELERY_BROKER_URL=redis://broker:6379/0
CELERY_RESULT_BACKEND=redis://broker:6379/1
DATABASE_URL=postgresql+psycopg://celery:celery@database:5432/celery
HTTP_KEYS=none
FLOWER_BASIC_AUTH=admin:kept-for-these-tests
"""

PROCESSES = ("worker", "relay", "beat", "api", "flower")

SOFT = 4
"""Seconds that running tasks get in these tests. Workers are killed as late as ever."""

WAITING = """
from __future__ import annotations

import socket
import time
from pathlib import Path

from celery import shared_task


@shared_task(name="pods.orders_sync.wait", ignore_result=False)
def wait() -> str:
    while not Path("/tmp/enough").exists():
        time.sleep(0.1)
    return socket.gethostname()
"""
"""A task of the queue that waits for a file of its pod, and says where it was."""

SEND = """
from app.workflows.waiting import wait
print(wait.delay().id)
"""

RESULT = """
from celery.result import AsyncResult
from app.celery_app import app
print(AsyncResult("{task}", app=app).get(timeout=170))
"""

DONE = (
    'celery_tasks_processed_total{queue="pods.orders_sync",status="success",'
    'task_name="pods.orders_sync.wait"} 1.0'
)

GET = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=int(sys.argv[2])).read().decode())
"""


class Pod:
    """A pod that runs.

    Args:
        built: what it is part of.
        workload: what makes it.
        network: where its servers are.
        folder: for its volumes.
    """

    def __init__(self, built: Build, workload: Object, network: str, folder: Path) -> None:
        self.name = f"{network}-{workload['metadata']['name']}-{uuid4().hex[:5]}"
        self.workload = workload
        self._built = built
        self._network = network
        self._security = pod(workload)["securityContext"]
        self._volumes = {
            each["name"]: self._volume(each, folder) for each in pod(workload)["volumes"]
        }
        own = f"--volume={folder / self.name}:/volumes"
        owner = f"0:{self._security['fsGroup']}"
        # Root gives them away: the tests may run as somebody else.
        docker("run", "--rm", "--user=0", own, "--entrypoint=chown", TOOLS, "-R", owner, "/volumes")

    def _volume(self, volume: Object, folder: Path) -> Path:
        """Make a volume as the kubelet does: for the group of the pod, or only to be read."""
        place = folder / self.name / str(volume["name"])
        place.mkdir(parents=True)
        if "secret" in volume:
            secret = self._built.one("Secret", volume["secret"]["secretName"])
            for name, value in secret["data"].items():
                (place / name).write_bytes(b64decode(value))
                (place / name).chmod(volume["secret"]["defaultMode"])
        place.chmod(0o2777 if "emptyDir" in volume else 0o2775)
        return place

    def start(self) -> None:
        """Start its containers in their order. The first lends its network to the others."""
        network = self._network
        for each in containers(pod(self.workload)):
            self._start(each, network)
            network = f"container:{self._id(each)}"

    def _start(self, container: Object, network: str) -> None:
        user = self._security
        security, limits = container["securityContext"], container["resources"]["limits"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        options = [
            "--read-only",
            "--security-opt=no-new-privileges",
            *(f"--cap-drop={each}" for each in security["capabilities"]["drop"]),
            f"--user={user['runAsUser']}:{user['runAsGroup']}",
            f"--group-add={user['fsGroup']}",
            f"--memory={int(limits['memory'].removesuffix('Mi'))}m",
            f"--network={network}",
            "--no-healthcheck",
        ]
        for name, value in self._built.settings(container).items():
            options.append(f"--env={name}={value}")
        for mount in container["volumeMounts"]:
            mode = "ro" if mount.get("readOnly") else "rw"
            place = self._volumes[mount["name"]]
            options.append(f"--volume={place}:{mount['mountPath']}:{mode}")
        docker(
            "run",
            "--detach",
            f"--name={self._id(container)}",
            *options,
            container["image"],
            *container["args"],
        )

    def _id(self, container: Object) -> str:
        return f"{self.name}-{container['name']}"

    @property
    def main(self) -> str:
        """The container that does the work."""
        return self._id(main(self.workload))

    def file(self, name: str) -> Path:
        """Return a file of the folder that its work has as /tmp."""
        return self._volumes["tmp"] / name

    def hostname(self) -> str:
        """Return what its processes take for the name of their machine."""
        return docker("exec", self.main, "hostname").strip()

    def python(self, code: str, *arguments: str) -> str:
        """Run Python in it, and return what it prints."""
        return docker("exec", self.main, "python", "-c", code, *arguments).strip()

    def probe(self, kind: str) -> bool:
        """Tell whether a probe of each container that has it succeeds now."""
        parts = [each for each in containers(pod(self.workload)) if kind in each]
        return all(self._succeeds(each, each[kind]) for each in parts)

    def _succeeds(self, container: Object, probe: Object) -> bool:
        if "exec" in probe:
            command = probe["exec"]["command"]
        else:
            ports = {each["name"]: each["containerPort"] for each in container["ports"]}
            get = probe["httpGet"]
            address = f"http://127.0.0.1:{ports[get['port']]}{get['path']}"
            command = ["python", "-c", GET, address, "5"]
        try:
            docker("exec", self._id(container), *command)
        except AssertionError:
            return False
        return True

    def is_ready(self) -> bool:
        """Tell whether all its probes succeed."""
        return all(map(self.probe, ("startupProbe", "livenessProbe", "readinessProbe")))

    def wait(self) -> int:
        """Wait until its work is done, and return the exit code."""
        return int(docker("wait", self.main))

    def stop(self) -> int:
        """Stop it as the kubelet does: sidecars last. Return the exit code of its work."""
        grace = pod(self.workload).get("terminationGracePeriodSeconds", 30)
        docker("stop", f"--time={grace}", self.main)
        code: int = inspect(self.main)["State"]["ExitCode"]
        return code

    def remove(self) -> None:
        """Leave nothing behind."""
        for each in containers(pod(self.workload)):
            docker("rm", "--force", "--volumes", self._id(each))


@dataclass(frozen=True)
class Cluster:
    """What runs.

    Args:
        built: the manifests.
        network: where pods and servers find each other.
        folder: for the volumes.
        pods: one for each Deployment, by component.
    """

    built: Build
    network: str
    folder: Path
    pods: dict[str, Pod]

    def start(self, component: str) -> Pod:
        """Start one more pod."""
        (workload,) = (
            each
            for each in self.built.workloads
            if each["metadata"]["labels"][manifests.COMPONENT] == component
        )
        started = Pod(self.built, workload, self.network, self.folder)
        self.pods[started.name] = started
        started.start()
        return started


def wait_until(ready: Callable[[], bool], what: str, timeout: float = 180) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + timeout
    while not ready():
        assert time.monotonic() < deadline, f"not {what} within {timeout} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def cluster(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("pods")
    service = render(folder / "service", ANSWERS)
    (service / "app/workflows/waiting.py").write_text(WAITING)
    place = overlay(service / "deploy/kubernetes", "test", "flower")
    (place / "secret.env").write_text(SECRETS)
    with (place / "settings.env").open("a") as settings:
        settings.write(f"WORKER_SOFT_SHUTDOWN_TIMEOUT={SOFT}\n")
    build(service, IMAGE)
    build(service, FLOWER, GROUP="flower")
    network = f"pods-{uuid4().hex[:8]}"
    cluster = Cluster(manifests.build(place), network, folder, {})
    docker("network", "create", network)
    servers = {
        "broker": ["redis:8-alpine"],
        "database": [
            *(f"--env=POSTGRES_{each}=celery" for each in ("USER", "PASSWORD", "DB")),
            "postgres:18-alpine",
        ],
    }
    try:
        for name, options in servers.items():
            own = [f"--name={network}-{name}", f"--network={network}", f"--network-alias={name}"]
            docker("run", "--detach", *own, *options)
        yield cluster
    finally:
        for each in cluster.pods.values():
            each.remove()
        docker("rm", "--force", "--volumes", *(f"{network}-{name}" for name in servers))
        docker("network", "rm", network)
        docker("image", "rm", IMAGE, FLOWER)


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> dict[str, Pod]:
    """One pod of each kind, all of them ready. The migrations came first, until they succeeded."""
    wait_until(lambda: cluster.start("migrate").wait() == 0, "migrated")
    found = {name: cluster.start(name) for name in PROCESSES}
    for name, each in found.items():
        wait_until(each.is_ready, f"{name} ready")
    return found


def test_pods_become_ready_with_nothing_but_what_the_manifests_give_them(
    pods: dict[str, Pod],
) -> None:
    wait_until(lambda: all(each.is_ready() for each in pods.values()), "all ready at a time")


def test_a_pod_that_is_stopped_ends_in_time_and_its_task_runs_in_another(
    cluster: Cluster, pods: dict[str, Pod]
) -> None:
    workers = [pods["worker"], cluster.start("worker")]
    wait_until(workers[1].is_ready, "ready")
    task = pods["api"].python(SEND)
    wait_until(lambda: any(map(is_busy, workers)), "running")
    first, second = sorted(workers, key=is_busy, reverse=True)

    began = time.monotonic()
    code = first.stop()
    taken = time.monotonic() - began
    second.file("enough").touch()

    assert code == 0
    assert SOFT <= taken < pod(first.workload)["terminationGracePeriodSeconds"]
    assert pods["beat"].python(RESULT.format(task=task)) == second.hostname()
    wait_until(lambda: DONE in metrics(second), "counted")


def is_busy(worker: Pod) -> bool:
    """Tell whether a worker runs the task, as its sidecar shows it."""
    return 'celery_tasks_in_flight{queue="pods.orders_sync"} 1.0' in metrics(worker)


def metrics(of: Pod) -> str:
    """Return what the sidecar of a pod shows Prometheus."""
    return of.python(GET, "http://127.0.0.1:9808/metrics", "60")
