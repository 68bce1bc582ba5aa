"""What a figure is: variants that are measured in turns, and what they have to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.turns import Round, Target

BROKERS = ("redis", "rabbitmq")


@dataclass(frozen=True)
class Setup:
    """Where and how a figure is measured.

    Attributes:
        folder: for all that it needs, empty at first.
        broker: `redis` or `rabbitmq`.
        smoke: whether it only has to be shown that measuring works.
    """

    folder: Path
    broker: str
    smoke: bool

    def amount(self, full: int, smoke: int) -> int:
        """Return how much of something to measure."""
        return smoke if self.smoke else full


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        name: what it is called on the command line.
        title: what it tells.
        prepare: makes what is needed, and returns what measures each variant.
        targets: what has to be reached.
        brokers: those with which it differs.
    """

    name: str
    title: str
    prepare: Callable[[Setup], Mapping[str, Callable[[], Round]]]
    targets: tuple[Target, ...]
    brokers: tuple[str, ...] = BROKERS
