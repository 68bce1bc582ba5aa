"""What a service is on a machine with systemd: where it lies, as whom it runs, what is enabled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A machine of the owners, with units of systemd.

    Args:
        name: of the service.
        purpose: what it is for, the last part of its name.
        queues: those that have a worker by default.
        processes: what runs beside the workers, in the order of its start.
    """

    name: str
    purpose: str
    queues: tuple[str, ...]
    processes: tuple[str, ...]

    @property
    def user(self) -> str:
        """Whom all processes run as. Names of users have at most 31 characters."""
        return f"celery-{self.purpose}"

    @property
    def home(self) -> str:
        """The folder of the code, with one folder below for each release."""
        return f"/opt/{self.name}"

    @property
    def settings(self) -> str:
        """The folder of the settings."""
        return f"/etc/{self.name}"

    @property
    def units(self) -> tuple[str, ...]:
        """What is enabled to have all of it on one machine.

        With the ending: the name of a queue may itself end like a unit, `shop.timer`.
        """
        workers = tuple(f"{self.name}-worker@{queue}.service" for queue in self.queues)
        return workers + self.process_units

    @property
    def process_units(self) -> tuple[str, ...]:
        """The units of the processes beside the workers."""
        return tuple(f"{self.name}-{process}.service" for process in self.processes)
