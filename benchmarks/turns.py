"""Measures variants in turns: what else a machine does meets all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Round = Mapping[str, float]
"""What one round has measured: values by the name of their unit, such as `tasks/s`."""


@dataclass(frozen=True)
class Target:
    """What a value has to reach.

    Attributes:
        unit: which of the measured values.
        variant: whose.
        to: the variant that it is compared with; none compares the value itself.
        at_least: the least that it may be.
        at_most: the most that it may be.
        broker: the only broker for which it holds; none means each.
    """

    unit: str
    variant: str
    to: str = ""
    at_least: float | None = None
    at_most: float | None = None
    broker: str = ""

    @property
    def bound(self) -> str:
        """What has to be reached, in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}"

    def is_reached(self, value: float) -> bool:
        """Tell whether a value reaches it."""
        if self.at_least is not None and value < self.at_least:
            return False
        return self.at_most is None or value <= self.at_most


@dataclass(frozen=True)
class Measured:
    """What all rounds have measured, for each variant."""

    rounds: Mapping[str, list[Round]]

    @property
    def count(self) -> int:
        """How many rounds there are."""
        return len(next(iter(self.rounds.values())))

    def median(self, variant: str, unit: str) -> float:
        """Return the median of a variant's rounds."""
        return median(each[unit] for each in self.rounds[variant])

    def ratio(self, variant: str, to: str, unit: str) -> float:
        """Return the median of the ratios of two variants, each within one turn."""
        pairs = zip(self.rounds[variant], self.rounds[to], strict=True)
        return median(each[unit] / other[unit] for each, other in pairs)

    def value(self, target: Target) -> float:
        """Return what a target speaks of."""
        if target.to:
            return self.ratio(target.variant, target.to, target.unit)
        return self.median(target.variant, target.unit)


def take_turns(
    variants: Mapping[str, Callable[[], Round]],
    rounds: int,
    tell: Callable[[str, Round], None],
) -> Measured:
    """Measure each variant in each of so many rounds.

    Args:
        variants: what measures each.
        rounds: how many rounds.
        tell: is told of each result as soon as it is there.
    """
    results: dict[str, list[Round]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, measure in variants.items():
            results[name].append(measure())
            tell(name, results[name][-1])
    return Measured(results)
