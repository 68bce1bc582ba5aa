"""The pipelines of a service: the servers that its tests meet there, and what updates it."""

from __future__ import annotations

from dataclasses import dataclass

OLDEST_PYTHON = "3.11"
"""What `requires-python` names."""

ANY_NAME = "worker-celery-*"
"""What the name of every service fits."""

UV = "uv>=0.13,<0.14"
"""What installs the packages, as in the image."""

UPDATE_TOOLS = ("copier>=9.19,<10", "copier-template-extensions>=0.3,<0.4", UV)
"""What takes a newer version of the template in."""


@dataclass(frozen=True)
class Container:
    """A server that a pipeline starts beside the tests.

    Attributes:
        name: what it is called there, as in `compose.yaml`.
        image: the image that it runs.
        port: where it listens.
        health: the command that tells in its container whether it is ready.
        environment: the variables that it needs.
    """

    name: str
    image: str
    port: int
    health: str
    environment: tuple[tuple[str, str], ...] = ()


def redis(name: str) -> Container:
    """Return a Redis of this name."""
    return Container(name, "redis:8-alpine", 6379, "redis-cli ping")


def rabbitmq(name: str) -> Container:
    """Return a RabbitMQ of this name."""
    health = "rabbitmq-diagnostics --quiet check_port_connectivity"
    return Container(name, "rabbitmq:4-management", 5672, health)


def postgres(name: str) -> Container:
    """Return a PostgreSQL of this name, with the account that the service's URLs have."""
    # While it makes the database, the server of the image listens on its socket alone.
    health = "pg_isready --host 127.0.0.1 --username celery"
    account = (("POSTGRES_USER", "celery"), ("POSTGRES_PASSWORD", "celery"))
    return Container(name, "postgres:18-alpine", 5432, health, account)


@dataclass(frozen=True)
class Pipeline:
    """What the pipelines of a service have in common, wherever they run.

    Attributes:
        servers: the servers that the tests meet.
        python: the version in the image.
        gitlab_file: the pipeline of GitLab, from the root of the repository.
        is_monorepo: whether the repository has other services, too.
    """

    servers: tuple[Container, ...]
    python: str
    gitlab_file: str
    is_monorepo: bool

    @property
    def pythons(self) -> tuple[str, ...]:
        """The versions that the tests run on: the oldest, and that of the image."""
        return tuple(dict.fromkeys((OLDEST_PYTHON, self.python)))

    @property
    def uv(self) -> str:
        """What installs the packages, for `pip install`."""
        return f'"{UV}"'

    @property
    def update_tools(self) -> str:
        """The packages that propose an update, for `pip install`."""
        return " ".join(f'"{package}"' for package in UPDATE_TOOLS)

    @property
    def project_files(self) -> tuple[str, ...]:
        """The files that name the packages of services, as patterns for Renovate.

        As those below they fit all services of the repository, which has one configuration.
        """
        return (f"{self._folders}pyproject.toml",)

    @property
    def our_files(self) -> tuple[str, ...]:
        """The files of the template that name images and actions, as patterns for Renovate."""
        names = f"{ANY_NAME}-" if self.is_monorepo else ""
        return (
            f"{self._folders}Dockerfile",
            f"{self._folders}compose.yaml",
            f"{self._folders}deploy/compose.production.yaml",
            f".devcontainer/{f'{ANY_NAME}/' if self.is_monorepo else ''}**",
            f".github/workflows/{names}{{ci,update}}.yml",
            f".gitlab/ci/{ANY_NAME}.yml" if self.is_monorepo else self.gitlab_file,
        )

    @property
    def _folders(self) -> str:
        return f"services/{ANY_NAME}/" if self.is_monorepo else ""
