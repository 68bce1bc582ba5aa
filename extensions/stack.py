"""The stack of Docker Compose in production: which secrets it has, and who gets them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A file of the folder `secrets`, which the service reads like the variable of its name.

    Args:
        name: of the variable.
        default: what the file holds when no variable does, in the words of a shell script. It
            may use the passwords `$broker`, `$redis` and `$database`, and `$(random)`.
    """

    name: str
    default: str = ""


@dataclass(frozen=True)
class Stack:
    """What a service runs as on one machine, with servers of its own.

    Args:
        name: of the service.
        prefix: what the names of its containers begin with.
        broker: `redis` or `rabbitmq`.
        results: where results are kept: `redis`, `database` or `none`.
        redis_host: the container of its Redis, or an empty text.
        database: whether there are rows of its own.
        http_api: whether there is an HTTP API.
        flower: whether there is Flower.
        mail: whether it sends mails.
        api_prefixes: what the variables of external APIs begin with.
    """

    name: str
    prefix: str
    broker: str
    results: str
    redis_host: str
    database: bool
    http_api: bool
    flower: bool
    mail: bool
    api_prefixes: tuple[str, ...]

    @property
    def passwords(self) -> tuple[str, ...]:
        """The servers of the stack that have a password, as their containers are called."""
        chosen = {
            "broker": True,
            "redis": self.redis_host == "redis",
            "database": self.database or self.results == "database",
        }
        return tuple(name for name, there in chosen.items() if there)

    @property
    def common_secrets(self) -> tuple[Secret, ...]:
        """What each process of the service needs to know."""
        secrets = [Secret("CELERY_BROKER_URL", self._broker_url)]
        if self.results != "none":
            secrets.append(Secret("CELERY_RESULT_BACKEND", self._result_url))
        if self.database:
            secrets.append(Secret("DATABASE_URL", self._postgres_url))
        return tuple(secrets)

    @property
    def worker_secrets(self) -> tuple[Secret, ...]:
        """What only tasks need to know. Each may be empty."""
        names = [f"{prefix}_KEY" for prefix in self.api_prefixes]
        return tuple(map(Secret, (["SMTP_PASSWORD"] if self.mail else []) + names))

    @property
    def api_secrets(self) -> tuple[Secret, ...]:
        """What only the HTTP API needs to know."""
        return (Secret("HTTP_KEYS", "admin=$(random)"),) if self.http_api else ()

    @property
    def flower_secrets(self) -> tuple[Secret, ...]:
        """What only Flower needs to know."""
        return (Secret("FLOWER_BASIC_AUTH", "admin:$(random)"),) if self.flower else ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All of the service. Its servers have others."""
        return (
            *self.common_secrets,
            *self.worker_secrets,
            *self.api_secrets,
            *self.flower_secrets,
        )

    @property
    def secret_files(self) -> tuple[str, ...]:
        """The files of all secrets that containers get, those of the servers among them."""
        chosen = {
            "redis.acl": bool(self.redis_host),
            "rabbitmq.conf": self.broker == "rabbitmq",
            "DATABASE_PASSWORD": "database" in self.passwords,
        }
        of_servers = [name for name, there in chosen.items() if there]
        return (*(secret.name for secret in self.secrets), *of_servers)

    @property
    def _broker_url(self) -> str:
        if self.broker == "redis":
            return self._redis_url(0)
        return f"amqp://celery:$broker@{self.prefix}broker:5672//"

    @property
    def _result_url(self) -> str:
        if self.results == "redis":
            return self._redis_url(1)
        return f"db+{self._postgres_url}"

    @property
    def _postgres_url(self) -> str:
        return f"postgresql+psycopg://celery:$database@{self.prefix}database:5432/celery"

    def _redis_url(self, database: int) -> str:
        user = f"{self.name}:${self.redis_host}"
        return f"redis://{user}@{self.prefix}{self.redis_host}:6379/{database}"
