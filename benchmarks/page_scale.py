"""What docs/scale.md says of what was measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from benchmarks import capacity
from benchmarks.capacity import NAMES, Costs, Plan
from benchmarks.figures import io, scale
from benchmarks.markdown import number, table
from benchmarks.queueing import Queue
from benchmarks.results import Results

RATE, CPU, MAIN, BROKER = "tasks/s", "CPU ms/task", "main CPU ms/task", "broker CPU ms/task"

EXAMPLE = ("--tasks-per-second", "500", "--run-time", "0.2", "--queues", "8")
"""The load whose answer is shown whole."""

LOADS = (("20", "5"), ("200", "0.5"), ("500", "0.2"), ("2000", "0.05"), ("5000", "0.01"))
"""Tasks a second, and seconds that each takes."""

BUSY = 0.7
"""The part of its core that a broker may need."""

CROWDS, UTILISATIONS = (2, 8, 32), (0.5, 0.8, 0.95)
"""Numbers of children, and how busy they are."""

TASKS, SEED = 200_000, 1
"""How many are simulated for each of them, and the seed of chance."""


def shapes(results: Results) -> str:
    """Return what more children and more nodes give."""
    rows = []
    for broker, measured in results.of("scale").items():
        for shape, (nodes, _) in scale.SHAPES.items():
            rate, main, other = (measured.median(shape, unit) for unit in (RATE, MAIN, BROKER))
            busy = f"{rate * main / 1000 / nodes:.0%}"
            cores = rate * (measured.median(shape, CPU) + other) / 1000
            values = [number(rate), number(main), busy, number(other), f"{cores:.1f}"]
            rows.append([NAMES[broker], shape, *values])
    return table(["broker", "workers", RATE, MAIN, "of its time", BROKER, "cores in all"], rows)


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
            cores = f"{needed.load.rate * needed.costs.broker:.2f}"
            rows.append([NAMES[broker], f"{int(rate):,}", f"{run_time} s", *cells, cores])
    head = ["broker", RATE, "each takes", "children", "nodes", "memory", "cores of the broker"]
    return table(head, rows)


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
    """Return what is computed beside what was measured."""
    rows = []
    _, children = scale.SHAPES[scale.FOUR]
    for broker, measured in results.of("scale").items():
        computed = children / (scale.WAIT + Costs.of(measured).node)
        found = measured.median(scale.WAITING, RATE)
        rows.append([NAMES[broker], number(computed), number(found), number(found / computed)])
    return table(["broker", f"computed, {RATE}", f"measured, {RATE}", "ratio"], rows)


def ends(results: Results) -> str:
    """Return where one broker ends."""
    rows = []
    for broker in results.of("scale"):
        load = ("--tasks-per-second", "1", "--run-time", "1", "--utilisation", str(BUSY))
        one, eight = (
            plan(results, *load, "--broker", broker, "--queues", queues) for queues in ("1", "8")
        )
        connections = [f"{each.connections_of_a_node:g}" for each in (one, eight)]
        cells = [f"{1000 * one.costs.broker:.2f} ms", f"{one.broker_rate:,.0f}", *connections]
        gigabytes = f"{one.costs.message / 1000:.1f} GB"
        rows.append([NAMES[broker], *cells, f"{eight.most_nodes:,}", gigabytes])
    head = ["broker", "its CPU for a task", f"tasks/s with {BUSY:.0%} of one core"]
    head += ["connections of a node", "with 8 queues", "most nodes with 8 queues"]
    return table([*head, "a million messages"], rows)


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
    "pools": pools,
}
"""What is written anew, by its name on the page."""
