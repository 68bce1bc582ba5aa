"""The dev container of a service: where its files are, what it opens and what can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORKSPACES = "/workspaces/${localWorkspaceFolderBasename}"
"""Where editors put the folder that they open, in a container."""

PORTS = {"api": (8080, "HTTP API"), "flower": (5555, "Flower"), "metrics": (9808, "Metrics")}
"""The port of each process that has one, and what editors call it."""


@dataclass(frozen=True)
class DevContainer:
    """What an editor is told of the container.

    Args:
        name: of the service.
        root: the folder of the service in its repository.
        processes: of the service, by the names of their scripts.
        is_monorepo: whether the repository has dev containers of other services, too.
    """

    name: str
    root: str
    processes: tuple[str, ...]
    is_monorepo: bool

    @property
    def folder(self) -> str:
        """Where its files are, below `.devcontainer`: an editor offers each folder there."""
        return f"{self.name}-container" if self.is_monorepo else "."

    @property
    def place(self) -> str:
        """The same from the folder of the repository, for texts."""
        return f".devcontainer/{self.folder}" if self.is_monorepo else ".devcontainer"

    @property
    def mount(self) -> str:
        """The whole repository, for Git and for what services share."""
        return f"source=${{localWorkspaceFolder}},target={WORKSPACES},type=bind"

    @property
    def workspace(self) -> str:
        """The folder that is opened, and in which commands run."""
        return f"{WORKSPACES}/{self.root}"

    @property
    def ports(self) -> Mapping[int, str]:
        """The ports that an editor makes reachable from the machine, and what each is."""
        return dict(PORTS[process] for process in self.processes if process in PORTS)
