"""How many workers a load needs, and where one broker ends, from what the figure `scale` measured.

What a task costs beside its own work is that of tasks of 50 ms which come at random times to nodes
that are busy for 70 % of theirs. Such nodes and their broker do little at a time, so they need more
for each task than those at their limit.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from typing import Self

from benchmarks.drain import BROKER_CPU, CPU, MAIN_CPU
from benchmarks.figure import BROKERS
from benchmarks.figures import scale
from benchmarks.figures.pickup import QUEUES
from benchmarks.queueing import Queue
from benchmarks.results import RESULTS, kept
from benchmarks.turns import Measured

CLIENTS = {"redis": 10_000, "rabbitmq": 65_536}
"""How many clients a broker takes: the default of `maxclients` of Redis, and the file descriptors
that the makers of RabbitMQ want for production, of which each connection takes one."""

NAMES = {"redis": "Redis", "rabbitmq": "RabbitMQ"}

Row = tuple[str, str, str]
"""What is needed, how much, and the arithmetic of that."""


@dataclass(frozen=True)
class Costs:
    """What a task and a worker cost.

    Attributes:
        main: CPU seconds of a node's main process for each task.
        node: CPU seconds of a node for each task, with its children.
        broker: CPU seconds of the broker for each task, with the sending of its message.
        node_memory: megabytes of a node without children.
        child_memory: megabytes of each child.
        connections: of a node that reads one queue.
        idle: CPU seconds of the broker for each second of a node at rest that reads one queue.
        idle_queue: the same for each more queue that a node reads.
        message: bytes that a message takes in the broker, with few arguments.
    """

    main: float
    node: float
    broker: float
    node_memory: float
    child_memory: float
    connections: float
    idle: float
    idle_queue: float
    message: float

    @classmethod
    def of(cls, measured: Measured) -> Self:
        """Return what the figure `scale` says."""
        few, many = (
            measured.median(scale.AT_REST + shape, scale.MEMORY)
            for shape in (scale.SEVERAL, scale.FOUR)
        )
        child = (many - few) / (scale.RESTING[scale.FOUR][1] - scale.RESTING[scale.SEVERAL][1])
        # What the broker does for itself, it does once.
        one, several, queues = (
            measured.median(scale.AT_REST + shape, scale.IDLE) / 1000
            for shape in (scale.FOUR, scale.SEVERAL, scale.EIGHT)
        )
        return cls(
            main=measured.median(scale.RANDOM, MAIN_CPU) / 1000,
            node=measured.median(scale.RANDOM, CPU) / 1000,
            broker=measured.median(scale.RANDOM, BROKER_CPU) / 1000,
            node_memory=few - child,
            child_memory=child,
            connections=measured.median(scale.AT_REST + scale.FOUR, scale.CONNECTIONS),
            idle=max(0.0, several - one) / (scale.NODES - 1),
            idle_queue=max(0.0, queues - several) / scale.NODES / (len(QUEUES) - 1),
            message=measured.median(scale.MESSAGES, scale.SIZE),
        )

    def idle_with(self, queues: int) -> float:
        """Return the CPU seconds of the broker for each second of a node that has nothing to do."""
        return self.idle + (queues - 1) * self.idle_queue

    def connections_with(self, queues: int, broker: str) -> float:
        """Return how many connections a node has: on Redis, one more for each queue."""
        more = queues - 1 if broker == "redis" else 0
        return self.connections + more

    def most_nodes(self, queues: int, broker: str) -> int:
        """Return how many nodes one broker can have, by its connections."""
        return int(CLIENTS[broker] / self.connections_with(queues, broker))


@dataclass(frozen=True)
class Load:
    """What is to be done, and how.

    Attributes:
        rate: tasks a second.
        run_time: seconds that a task takes on average.
        cpu_time: seconds of these for which it computes.
        queues: how many a node reads.
        utilisation: the part of their time for which children, processes and brokers may be busy.
        children: of each node.
        outage: seconds for which no worker may be there.
    """

    rate: float
    run_time: float
    cpu_time: float
    queues: int
    utilisation: float
    children: int
    outage: float


@dataclass(frozen=True)
class Plan:
    """What a load needs.

    Attributes:
        load: the load.
        costs: what a task and a worker cost.
        broker: `redis` or `rabbitmq`.
    """

    load: Load
    costs: Costs
    broker: str

    @property
    def busy(self) -> float:
        """How many children are busy on average (Little's law)."""
        return self.load.rate * (self.load.run_time + self.costs.node)

    @property
    def children(self) -> int:
        """How many children are needed."""
        return ceil(self.busy / self.load.utilisation)

    @property
    def node_rate(self) -> float:
        """How many tasks a second the main process of a node can hand out."""
        return self.load.utilisation / self.costs.main

    @property
    def nodes(self) -> int:
        """How many nodes are needed: for the children, and for the main processes."""
        return max(ceil(self.children / self.load.children), ceil(self.load.rate / self.node_rate))

    @property
    def cores(self) -> float:
        """How many cores all nodes need."""
        return self.load.rate * (self.load.cpu_time + self.costs.node) / self.load.utilisation

    @property
    def memory(self) -> float:
        """How many megabytes all nodes need before they load code of their own."""
        children = self.nodes * self.load.children
        return self.nodes * self.costs.node_memory + children * self.costs.child_memory

    @property
    def queue(self) -> Queue:
        """What waits for a child, with all the children of the nodes."""
        run_time = self.load.run_time + self.costs.node
        return Queue(self.nodes * self.load.children, self.load.rate, run_time)

    @property
    def idle(self) -> float:
        """CPU seconds of the broker for each second of a node that has nothing to do."""
        return self.costs.idle_with(self.load.queues)

    @property
    def broker_cores(self) -> float:
        """How many cores of a broker are busy: with the tasks, and with nodes that ask for some."""
        return self.load.rate * self.costs.broker + self.nodes * self.idle

    @property
    def brokers(self) -> int:
        """How many brokers with one core each the load needs: for that, and for connections."""
        return ceil(max(self.broker_cores / self.load.utilisation, self.nodes / self.most_nodes))

    @property
    def connections_of_a_node(self) -> float:
        """How many connections to the broker a node has."""
        return self.costs.connections_with(self.load.queues, self.broker)

    @property
    def connections(self) -> float:
        """How many connections to the broker all nodes have."""
        return self.nodes * self.connections_of_a_node

    @property
    def most_nodes(self) -> int:
        """How many nodes one broker can have, by its connections."""
        return self.costs.most_nodes(self.load.queues, self.broker)

    @property
    def backlog(self) -> float:
        """How many megabytes of messages wait after an outage."""
        return self.load.rate * self.load.outage * self.costs.message / 1e6


def costs(broker: str, results: Path = RESULTS) -> Costs:
    """Return what was measured with a broker.

    Raises:
        SystemExit: when it has not been measured.
    """
    if results.exists():
        for name, measured in kept(results, scale.FIGURE):
            if name == broker:
                return Costs.of(measured)
    raise SystemExit(f"nothing is known of {broker} yet: python -m benchmarks scale")


def answer(plan: Plan) -> str:
    """Return what a load needs, with the arithmetic, as a text."""
    load = plan.load
    head = (
        f"{load.rate:g} tasks a second of {1000 * load.run_time:g} ms on {NAMES[plan.broker]}, "
        f"busy {load.utilisation:.0%}"
    )
    rows = [*workers(plan), *waiting(plan), *brokers(plan)]
    return "\n".join([head, *(f"  {name:12} {value:>11}   {why}" for name, value, why in rows)])


def workers(plan: Plan) -> Iterator[Row]:
    """Yield what the nodes have to be."""
    load, cost = plan.load, plan.costs
    share, node_ms = f"{load.utilisation:.0%}", f"{1000 * cost.node:.2f} ms"
    yield (
        "children",
        f"{plan.children}",
        f"{load.rate:g}/s x ({1000 * load.run_time:g} + {node_ms}) = {plan.busy:.1f} busy, "
        f"/ {share}",
    )
    yield (
        "nodes",
        f"{plan.nodes}",
        f"{load.children} children each; a main process does {plan.node_rate:.0f}/s: "
        f"{share} of 1 core / {1000 * cost.main:.2f} ms",
    )
    yield (
        "cores",
        f"{plan.cores:.1f}",
        f"{load.rate:g}/s x ({1000 * load.cpu_time:g} + {node_ms} of CPU), / {share}",
    )
    yield (
        "memory",
        f"{plan.memory:,.0f} MB",
        f"{plan.nodes} x ({cost.node_memory:.1f} + {load.children} x "
        f"{cost.child_memory:.1f} MB), and what your code needs",
    )


def waiting(plan: Plan) -> Iterator[Row]:
    """Yield how long tasks wait for a child."""
    queue = plan.queue
    yield (
        "waiting",
        f"{1000 * queue.mean_wait:.1f} ms",
        f"on average, 99 % at most {1000 * queue.wait(0.99):.0f} ms; "
        f"{queue.children} children are busy {queue.utilisation:.0%} of their time",
    )


def brokers(plan: Plan) -> Iterator[Row]:
    """Yield what the brokers have to be."""
    load, cost = plan.load, plan.costs
    yield (
        "broker",
        f"{plan.broker_cores:.2f} cores",
        f"{load.rate:g}/s x {1000 * cost.broker:.2f} ms + {plan.nodes:,} x "
        f"{1000 * plan.idle:.2f} ms/s that nodes take",
    )
    yield (
        "connections",
        f"{plan.connections:,.0f}",
        f"{plan.nodes} x {plan.connections_of_a_node:g}, and those of tasks; "
        f"{CLIENTS[plan.broker]:,} are enough for {plan.most_nodes:,} nodes",
    )
    yield (
        "brokers",
        f"{plan.brokers}",
        f"of 1 core each: {plan.broker_cores:.2f} / {load.utilisation:.0%}, or {plan.nodes:,} / "
        f"{plan.most_nodes:,} nodes",
    )
    yield (
        "backlog",
        f"{plan.backlog:,.0f} MB",
        f"{load.rate:g}/s x {load.outage:g} s without workers x {cost.message:,.0f} bytes",
    )


def parse(arguments: Sequence[str] | None = None) -> Namespace:
    """Return what the command line says."""
    parser = ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    add, default = parser.add_argument, "(%(default)s)"
    add("--broker", choices=BROKERS, default="redis", help=default)
    add("--tasks-per-second", type=positive, required=True, metavar="N")
    add("--run-time", type=positive, required=True, metavar="SECONDS", help="of a task, on average")
    add(
        "--cpu-time",
        type=positive,
        metavar="SECONDS",
        help="of the run time, for which a task computes; without it, all",
    )
    add("--queues", type=whole, default=1, metavar="N", help=f"that a node reads {default}")
    add(
        "--utilisation",
        type=part,
        default=0.7,
        metavar="PART",
        help=f"of what is there, at most {default}",
    )
    add("--children", type=whole, default=8, metavar="N", help=f"of a node {default}")
    add(
        "--outage",
        type=positive,
        default=3600.0,
        metavar="SECONDS",
        help=f"without workers {default}",
    )
    given = parser.parse_args(arguments)
    if given.cpu_time and given.cpu_time > given.run_time:
        parser.error("--cpu-time is a part of --run-time")
    return given


def positive(text: str) -> float:
    """Return a number above 0.

    Raises:
        ArgumentTypeError: when it is not.
    """
    number = float(text)
    if not 0 < number < inf:
        raise ArgumentTypeError("must be above 0")
    return number


def whole(text: str) -> int:
    """Return a whole number above 0.

    Raises:
        ArgumentTypeError: when it is not.
    """
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("must be above 0")
    return number


def part(text: str) -> float:
    """Return a number between 0 and 1.

    Raises:
        ArgumentTypeError: when it is not.
    """
    number = float(text)
    if not 0 < number < 1:
        raise ArgumentTypeError("must be between 0 and 1")
    return number


def load(given: Namespace) -> Load:
    """Return the load of a command line."""
    return Load(
        rate=given.tasks_per_second,
        run_time=given.run_time,
        cpu_time=given.cpu_time or given.run_time,
        queues=given.queues,
        utilisation=given.utilisation,
        children=given.children,
        outage=given.outage,
    )


def main() -> None:
    """Print what a load needs.

    Raises:
        SystemExit: when the command line is wrong, or the broker has not been measured.
    """
    given = parse()
    print(answer(Plan(load(given), costs(given.broker), given.broker)))


if __name__ == "__main__":
    main()
