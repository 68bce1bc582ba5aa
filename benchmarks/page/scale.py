"""What docs/scale.md says of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial

from benchmarks import capacity
from benchmarks.capacity import NAMES, Costs, Plan
from benchmarks.drain import BROKER_CPU, CPU, MAIN_CPU, RATE
from benchmarks.figures import io, scale
from benchmarks.figures.pickup import QUEUES
from benchmarks.page.markdown import number, table
from benchmarks.queueing import Queue
from benchmarks.results import Results
from benchmarks.turns import Measured

EXAMPLE = ("--tasks-per-second", "500", "--run-time", "0.2", "--queues", "8")
"""The load whose answer is shown whole."""

LOADS = (
    *(("20", "5"), ("200", "0.5"), ("500", "0.2"), ("2000", "0.05")),
    *(("5000", "0.01"), ("20000", "0.01"), ("2000", "5")),
)
"""Tasks a second, and seconds that each takes."""

BUSY = 0.7
"""The part of its core that a broker may need."""

BUSIEST = "2 nodes, 2 children each"
"""The shape that leaves a broker the least time."""

PAIRS = (("1 node, 1 child", "2 nodes, 1 child each"), ("1 node, 2 children", BUSIEST))
"""Shapes, and those of twice as many such nodes."""

CROWDS, UTILISATIONS = (2, 8, 32), (0.5, 0.8, 0.95)
"""Numbers of children, and how busy they are."""

TASKS, SEED = 200_000, 1
"""How many are simulated for each of them, and the seed of chance."""


def shapes(results: Results) -> str:
    """Return what more children and more nodes give."""
    rows = []
    units = (RATE, MAIN_CPU, BROKER_CPU)
    for broker, measured in results.of("scale").items():
        for shape, (nodes, _) in scale.SHAPES.items():
            rate, main, other = (measured.median(shape, unit) for unit in units)
            busy = f"{rate * main / 1000 / nodes:.0%}"
            cores = rate * (measured.median(shape, CPU) + other) / 1000
            values = [number(rate), number(main), busy, number(other), f"{cores:.1f}"]
            rows.append([NAMES[broker], shape, *values])
    head = ["broker", "workers", RATE, MAIN_CPU, "of its time", BROKER_CPU, "cores in all"]
    return table(head, rows)


def example(results: Results) -> str:
    """Return a command, and what it prints."""
    if "redis" not in results.of("scale"):
        return ""
    command = f"python -m benchmarks.capacity {' '.join(EXAMPLE)}"
    return f"```console\n{command}\n```\n\n```text\n{capacity.answer(plan(results, *EXAMPLE))}\n```"


def needs(results: Results) -> str:
    """Return what some loads need."""
    rows = []
    for broker in results.of("scale"):
        for rate, run_time in LOADS:
            load = ("--tasks-per-second", rate, "--run-time", run_time)
            needed = plan(results, *load, "--broker", broker)
            cells = [f"{needed.children:,}", f"{needed.nodes:,}", f"{needed.memory / 1000:.1f} GB"]
            cells += [f"{needed.broker_cores:.2f}", f"{needed.brokers}"]
            rows.append([NAMES[broker], f"{int(rate):,}", f"{run_time} s", *cells])
    head = ["broker", RATE, "each takes", "children", "nodes", "memory"]
    return table([*head, "busy cores of the broker", "brokers of one core"], rows)


def waits(results: Results) -> str:
    """Return how long tasks wait for a free child."""
    rows = []
    for children in CROWDS:
        for utilisation in UTILISATIONS:
            queue = Queue(children, rate=utilisation * children, run_time=1.0)
            times = (queue.mean_wait, simulated(queue), queue.wait(0.99))
            rows.append([str(children), f"{utilisation:.0%}", *(f"{time:.2f}" for time in times)])
    return table(["children", "busy", "mean", "mean, simulated", "99 % wait at most"], rows)


@cache
def simulated(queue: Queue) -> float:
    """Return how long simulated tasks wait on average, in seconds."""
    return queue.simulated(TASKS, SEED)


def check(results: Results) -> str:
    """Return what is computed beside what was measured, and was not used for that."""
    rows = [
        [NAMES[broker], what, number(computed), number(found), f"{found / computed:.2f}"]
        for broker, measured in results.of("scale").items()
        for what, computed, found in checks(measured, broker)
    ]
    return table(["broker", "what", "computed", "measured", "measured / computed"], rows)


def checks(measured: Measured, name: str) -> Iterator[tuple[str, float, float]]:
    """Yield what can be computed from other measurements, what that gives, and what was measured.

    Args:
        measured: the figure `scale`.
        name: of the broker with which it was measured.
    """
    costs, came = Costs.of(measured), scale.LOAD
    busy = replace(came, run_time=came.run_time + costs.node)
    simulated = came.simulated(scale.TASKS, scale.SEED, costs.node)
    at_random = partial(measured.median, scale.RANDOM)
    yield "ms waited on average, formula", 1000 * busy.mean_wait, at_random(scale.WAITED)
    yield "ms waited on average, simulation", 1000 * simulated, at_random(scale.WAITED)
    yield "ms waited by 99 % at most, formula", 1000 * busy.wait(0.99), at_random(scale.WAITED_MOST)
    _, children = scale.SHAPES[scale.FOUR]
    always_busy = partial(measured.median, scale.WAITING)
    rate = children / (scale.WAIT + costs.node)
    yield f"{RATE} of {scale.WAITING}", rate, always_busy(RATE)
    yield f"{CPU} of the same", 1000 * costs.node, always_busy(CPU)
    broker = measured.median(scale.MESSAGES, scale.SENDING) + always_busy(BROKER_CPU)
    yield f"{BROKER_CPU} of the same", 1000 * costs.broker, broker
    each = costs.connections_with(len(QUEUES), name)
    connections = measured.median(scale.AT_REST + scale.EIGHT, scale.CONNECTIONS)
    yield f"connections of {scale.EIGHT}", scale.NODES * each, connections
    for one, two in PAIRS:
        yield f"{RATE} of {two}", 2 * measured.median(one, RATE), measured.median(two, RATE)


def ends(results: Results) -> str:
    """Return what of the load of tasks one broker takes, from nodes that wait and from others."""
    rows = []
    for broker, measured in results.of("scale").items():
        costs = Costs.of(measured)
        handing_out = measured.median(BUSIEST, BROKER_CPU)
        busy = (measured.median(scale.MESSAGES, scale.SENDING) + handing_out) / 1000
        for nodes, cost in (("wait for tasks", costs.broker), ("always have some", busy)):
            cells = [nodes, f"{1000 * cost:.2f} ms", f"{BUSY / cost:,.0f}"]
            rows.append([NAMES[broker], *cells, f"{costs.message / 1000:.1f} GB"])
    head = ["broker", "nodes", "its CPU for a task", f"{RATE} with {BUSY:.0%} of one core"]
    return table([*head, "a million messages"], rows)


def idle(results: Results) -> str:
    """Return what nodes take of a broker that have nothing to do."""
    rows = []
    for broker, measured in results.of("scale").items():
        costs = Costs.of(measured)
        for queues in (1, len(QUEUES)):
            one = costs.idle_with(queues)
            shares = [f"{nodes * one:.1%}" for nodes in (100, 1000)]
            cells = [f"{costs.connections_with(queues, broker):g}", f"{1000 * one:.2f}", *shares]
            most = f"{costs.most_nodes(queues, broker):,}"
            rows.append([NAMES[broker], f"{queues}", *cells, most])
    head = ["broker", "queues of a node", "its connections", scale.IDLE]
    head += ["100 nodes, of a core", "1,000 nodes, of a core", "most nodes by connections"]
    return table(head, rows)


def pools(results: Results) -> str:
    """Return what threads and greenlets do with tasks that wait."""
    rows = []
    for broker, measured in results.of("io").items():
        for pool, variant in (("threads", io.THREADS), ("gevent", io.GEVENT)):
            values = [number(measured.median(variant, unit)) for unit in (RATE, CPU)]
            rows.append([NAMES[broker], f"`{pool}`", *values])
    return table(["broker", "`WORKER_POOL`", RATE, CPU], rows)


def plan(results: Results, *arguments: str) -> Plan:
    """Return what the load of a command line needs."""
    given = capacity.parse(arguments)
    costs = Costs.of(results.of("scale")[given.broker])
    return Plan(capacity.load(given), costs, given.broker)


BLOCKS: dict[str, Callable[[Results], str]] = {
    "shapes": shapes,
    "example": example,
    "needs": needs,
    "waits": waits,
    "check": check,
    "ends": ends,
    "idle": idle,
    "pools": pools,
}
"""What is written anew, by its name on the page."""
