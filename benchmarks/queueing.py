"""How long tasks wait for a free child: the formula of Erlang, and a simulation that checks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapreplace
from math import log
from random import Random
from statistics import fmean


@dataclass(frozen=True)
class Queue:
    """Tasks that come at random times, to children of which each does one at a time.

    Attributes:
        children: how many.
        rate: tasks a second.
        run_time: what a task takes on average, in seconds. It is spread exponentially: most are
            shorter, a few much longer.
    """

    children: int
    rate: float
    run_time: float

    @property
    def busy(self) -> float:
        """How many children are busy on average (Little's law)."""
        return self.rate * self.run_time

    @property
    def utilisation(self) -> float:
        """The part of their time for which children are busy. From 1 on, the queue grows."""
        return self.busy / self.children

    @property
    def waits(self) -> float:
        """The part of all tasks that find no free child (Erlang C)."""
        blocked = 1.0
        for children in range(1, self.children + 1):
            blocked = self.busy * blocked / (children + self.busy * blocked)
        return blocked / (1 - self.utilisation * (1 - blocked))

    @property
    def mean_wait(self) -> float:
        """How long a task waits on average, in seconds."""
        return self.waits / self._drain

    def wait(self, part: float) -> float:
        """Return how long tasks wait at most, in seconds, but for the slowest.

        Args:
            part: how many are not the slowest: 0.99.
        """
        if self.waits <= 1 - part:
            return 0.0
        return log(self.waits / (1 - part)) / self._drain

    def tasks(self, number: int, seed: int) -> Iterator[tuple[float, float]]:
        """Yield when tasks come, and how long each takes, in seconds.

        Args:
            number: how many.
            seed: of all that happens by chance.
        """
        chance = Random(seed)
        now = 0.0
        for _ in range(number):
            now += chance.expovariate(self.rate)
            yield now, chance.expovariate(1 / self.run_time)

    def simulated(self, number: int, seed: int, overhead: float = 0) -> float:
        """Return how long simulated tasks wait on average, in seconds.

        Args:
            number: how many.
            seed: of all that happens by chance.
            overhead: for how many more seconds each of them keeps its child busy.
        """
        free_from = [0.0] * self.children
        waits = []
        for now, run_time in self.tasks(number, seed):
            start = max(now, free_from[0])
            heapreplace(free_from, start + run_time + overhead)
            waits.append(start - now)
        return fmean(waits)

    @property
    def _drain(self) -> float:
        """How many more tasks a second can be done than come."""
        return (self.children - self.busy) / self.run_time
