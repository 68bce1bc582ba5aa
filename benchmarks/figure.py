"""What a figure is: variants that are measured in turns, and what they have to reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.turns import Measured, Round, Target

BROKERS = ("redis", "rabbitmq")

T = TypeVar("T")


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

    def chosen(self, full: Mapping[str, T], *smoke: str) -> dict[str, T]:
        """Return which variants to measure.

        Args:
            full: all of them, by name.
            smoke: those that run all there is of code, where they are among them.
        """
        return {name: each for name, each in full.items() if not self.smoke or name in smoke}


@dataclass(frozen=True)
class Verdict:
    """What a target speaks of, and how it was met."""

    what: str
    value: float
    bound: str
    reached: bool


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        name: what it is called on the command line.
        title: what it tells.
        prepare: makes what is needed, and returns what measures each variant.
        targets: what has to be reached.
        brokers: those with which it differs.
        environments: the Python environments that it makes for itself, by their folders in that of
            its setup. Which packages they have is kept with what was measured.
    """

    name: str
    title: str
    prepare: Callable[[Setup], Mapping[str, Callable[[], Round]]]
    targets: tuple[Target, ...]
    brokers: tuple[str, ...] = BROKERS
    environments: tuple[str, ...] = ()

    def verdicts(self, broker: str, measured: Measured) -> Iterator[Verdict]:
        """Yield how each target was met that holds for a broker."""
        for target in self.targets:
            if target.broker not in ("", broker):
                continue
            value = measured.value(target)
            against = f" against {target.to}" if target.to else ""
            what = f"{target.unit}: {target.variant}{against}"
            yield Verdict(what, value, target.bound, target.is_reached(value))
