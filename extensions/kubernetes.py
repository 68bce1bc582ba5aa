"""The manifests for Kubernetes: names, resources, times and ports that follow from the answers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

PROCESSES = 2
"""How many tasks a pod runs at a time: small pods are scaled in small steps."""

PROCESS_CPU = {
    "email": 50,
    "ai": 50,
    "maintenance": 100,
    "reports": 500,
    "etl": 500,
    "export": 500,
    "ml": 1000,
}
"""Thousandths of a CPU that a process of a worked example asks for: little if it mostly waits."""

DEFAULT_PROCESS_CPU = 250
"""The same for every other task type."""

MAIN_MEMORY = 128
"""MiB for the main process of a worker: 100 at rest."""

PROCESS_MEMORY = 96
"""MiB that each of its processes asks for: 85 at rest."""

PROCESS_MEMORY_LIMIT = 448
"""MiB that each of its processes may come to: WORKER_MAX_MEMORY_PER_CHILD is looked at only
after a task, so there is a seventh more."""

SHORTEST_WINDOW = 300
"""Seconds that an autoscaler waits at least before it stops pods."""

PRE_STOP = 5
"""Seconds until no balancer sends requests to a pod that is to stop."""

REQUESTS_STOP = 20
"""Seconds that the HTTP API gets to end: 15 for its requests, and some for itself."""

SERVER_PORTS = {
    "redis": ((6379, "Redis"),),
    "rabbitmq": ((5671, "RabbitMQ with TLS"), (5672, "RabbitMQ")),
    "postgres": ((5432, "PostgreSQL"),),
    "management": ((15671, "RabbitMQ's queues in Flower, with TLS"), (15672, "the same")),
    "mail": ((465, "mail"), (587, "mail")),
}
"""Where servers usually listen."""

COMMON_PORTS = ((443, "HTTPS: APIs, Sentry, files in object storage"), (4318, "traces"))
"""Where each service may send something, if its settings say so."""

DEFAULT_PORTS = {"http": 80, "https": 443}
"""Where a URL leads that names no port."""


@dataclass(frozen=True)
class Worker:
    """The pods that read a queue.

    Args:
        service: its name.
        queue: what they read, such as `shop.email.urgent`.
        hard_limit: of the tasks that wait there, in seconds.
        late: from how many seconds on a message has waited for too long, where no task takes
            longer.
    """

    service: str
    queue: str
    hard_limit: int
    late: int

    @property
    def slug(self) -> str:
        """The queue without the purpose, as part of a name of Kubernetes: `email--urgent`.

        No two queues share one: a dot gives two hyphens, and no name has two underscores in a row.
        """
        _, _, rest = self.queue.partition(".")
        return rest.replace(".", "--").replace("_", "-")

    @property
    def task_type(self) -> str:
        """The task type whose tasks wait there."""
        return self.queue.split(".")[1]

    @property
    def name(self) -> str:
        """The name of its Deployment, which no other part of the service has: `...-queue-beat`."""
        return f"{self.service}-queue-{self.slug}"

    @property
    def processes(self) -> int:
        """How many tasks a pod runs at a time."""
        return PROCESSES

    @property
    def cpu(self) -> str:
        """What a pod asks for."""
        return f"{PROCESSES * PROCESS_CPU.get(self.task_type, DEFAULT_PROCESS_CPU)}m"

    @property
    def cpu_limit(self) -> int:
        """How many CPUs it may use: one for each process, so that none is slowed down."""
        return PROCESSES

    @property
    def memory(self) -> str:
        """What a pod asks for: what it has at rest."""
        return f"{MAIN_MEMORY + PROCESSES * PROCESS_MEMORY}Mi"

    @property
    def memory_limit(self) -> str:
        """Above what it is killed: what its processes may come to."""
        return f"{MAIN_MEMORY + PROCESSES * PROCESS_MEMORY_LIMIT}Mi"

    @property
    def messages(self) -> int:
        """How many may wait for each pod: what it does before they are late, at the worst."""
        return PROCESSES * max(1, self.late // self.hard_limit)

    @property
    def window(self) -> int:
        """For how many seconds an autoscaler must want fewer pods: what runs is done by then."""
        return max(SHORTEST_WINDOW, self.hard_limit)


@dataclass(frozen=True)
class Port:
    """Where the service may connect to."""

    number: int
    reason: str


@dataclass(frozen=True)
class Manifests:
    """What the manifests say that is not in the answers.

    Args:
        service: its name.
        workers: one for each queue.
        servers: what it connects to, as in `SERVER_PORTS`.
        api_urls: the URLs of the external APIs.
        secrets: the variables that are no plain settings.
    """

    service: str
    workers: tuple[Worker, ...]
    servers: tuple[str, ...]
    api_urls: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def ports(self) -> tuple[Port, ...]:
        """Where its pods may connect to, in order."""
        servers = [port for server in self.servers for port in SERVER_PORTS[server]]
        apis = [(_port(url), "an API") for url in self.api_urls]
        # What is named first has a port that several share.
        reasons = dict(reversed([*servers, *COMMON_PORTS, *apis]))
        return tuple(Port(number, reasons[number]) for number in sorted(reasons))

    @property
    def pre_stop(self) -> int:
        """How many seconds a pod of the HTTP API answers on when it is to stop."""
        return PRE_STOP

    @property
    def api_grace(self) -> int:
        """After how many seconds such a pod is killed."""
        return PRE_STOP + REQUESTS_STOP


def _port(url: str) -> int:
    parts = urlsplit(url.lower())
    return parts.port or DEFAULT_PORTS[parts.scheme]
