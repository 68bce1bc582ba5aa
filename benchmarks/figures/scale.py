"""What more children and more nodes give, and what each of them takes of machine and broker.

benchmarks/capacity.py computes from this how many workers a load needs. It uses what tasks at
random times cost, and nodes at rest. How long such tasks wait, and other rows, check it.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean, quantiles

import psutil

from benchmarks import servers
from benchmarks.drain import drain, own_cpu_seconds, spent
from benchmarks.figure import Figure, Setup
from benchmarks.figures.pickup import QUEUES
from benchmarks.figures.start import settled
from benchmarks.queueing import Queue
from benchmarks.stage import Stage, stage
from benchmarks.turns import Round
from benchmarks.workers import generated, service

MEMORY, CONNECTIONS, IDLE = "MB of a node", "connections", "broker CPU ms/s"
SIZE, SENDING = "bytes/message", "broker CPU ms/message"

SHAPES = {
    "1 node, 1 child": (1, 1),
    "1 node, 2 children": (1, 2),
    "1 node, 4 children": (1, 4),
    "2 nodes, 1 child each": (2, 1),
    "2 nodes, 2 children each": (2, 2),
}
"""Nodes, and the children of each."""

FOUR, TWO = "1 node, 4 children", "2 nodes, 1 child each"

WAITING = "4 children, tasks of 50 ms"
WAIT = 0.05
"""How long such a task takes, in seconds."""

AT_REST, MESSAGES = "at rest: ", "messages that wait"
"""Nodes that have nothing to do, by their shape; and a broker that nobody reads."""

NODES = 4
SEVERAL = f"{NODES} nodes, 1 child each"
EIGHT = f"{SEVERAL}, {len(QUEUES)} queues"
RESTING = {FOUR: (1, 4, 1), SEVERAL: (NODES, 1, 1), EIGHT: (NODES, 1, len(QUEUES))}
"""Nodes, the children of each, and the queues that each reads."""

RANDOM = "2 nodes, 2 children each, tasks at random times"
LOAD = Queue(children=4, rate=56, run_time=WAIT)
"""What these are given: children are busy for 70 % of their time."""

TASKS, SEED = 900, 1
"""How many these are, and the seed of all that happens there by chance."""

WAITED, WAITED_MOST = "ms waited", "ms waited, 99 %"

FEW = 100
"""Tasks that have let all children begin, and messages that have made the queue."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    shapes, resting = setup.chosen(SHAPES, TWO), setup.chosen(RESTING, EIGHT)
    tasks, short = setup.amount(3000, 80), setup.amount(600, 80)
    # So few last until both nodes are ready only if each takes a while.
    slowly = {"BENCH_WAIT": str(WAIT)} if setup.smoke else {}
    messages, at_random = setup.amount(10_000, 300), setup.amount(TASKS, 80)
    seconds = setup.amount(15, 1)
    many_queues = service(
        setup.folder / "queues", setup.broker, task_types=", ".join(QUEUES), flower=False
    )

    def draining(nodes: int, children: int) -> Callable[[], Round]:
        worker = generated(folder, WORKER_CONCURRENCY=str(children), **slowly)
        return lambda: drain(worker, folder, tasks * nodes, nodes)

    def resting_nodes(nodes: int, children: int, queues: int) -> Callable[[], Round]:
        rendered = many_queues if queues > 1 else folder
        return lambda: at_rest(rendered, nodes, children, seconds)

    waiting = generated(folder, WORKER_CONCURRENCY="4", BENCH_WAIT=str(WAIT))
    return {
        **{name: draining(*shape) for name, shape in shapes.items()},
        WAITING: lambda: drain(waiting, folder, short),
        **{AT_REST + name: resting_nodes(*shape) for name, shape in resting.items()},
        MESSAGES: lambda: waiting_messages(folder, messages),
        RANDOM: lambda: random_times(folder, at_random),
    }


def at_rest(service: Path, nodes: int, children: int, seconds: float) -> Round:
    """Measure nodes that have done a few tasks and wait for more, and their broker.

    Args:
        service: the folder of the service.
        nodes: how many.
        children: of each node.
        seconds: for how long the broker is watched.
    """
    with stage(generated(service, WORKER_CONCURRENCY=str(children)), service) as on:
        on.start(nodes)
        on.wait_until_ready(nodes)
        on.publish(FEW)
        on.wait_for_tasks(FEW)
        megabytes = settled(on.pids[0])
        before, began = nanoseconds(on.broker), time.monotonic()
        time.sleep(seconds)
        busy = (nanoseconds(on.broker) - before) / 1e6
        return {
            MEMORY: megabytes,
            CONNECTIONS: connections(on.broker),
            IDLE: busy / (time.monotonic() - began),
        }


def nanoseconds(process: psutil.Process) -> int:
    """Return how long all threads of a process have had a core.

    CPU times, which psutil reads, are in hundredths of a second: too coarse for a broker at rest.
    """
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads)


def waiting_messages(service: Path, messages: int) -> Round:
    """Measure what messages take of the time and the memory of a broker.

    Args:
        service: the folder of the service.
        messages: how many.
    """
    with stage(generated(service), service) as on:
        on.publish(FEW)
        memory, cpu = on.broker.memory_info().rss, own_cpu_seconds(on.broker)
        on.publish(messages)
        return {
            SIZE: (on.broker.memory_info().rss - memory) / messages,
            SENDING: 1000 * (own_cpu_seconds(on.broker) - cpu) / messages,
        }


def random_times(service: Path, tasks: int) -> Round:
    """Measure how long tasks wait that come at random times, and what all of it costs.

    Args:
        service: the folder of the service.
        tasks: how many.
    """
    worker = generated(service, "random_task", WORKER_CONCURRENCY="2")
    with stage(worker, service) as on:
        on.start(2)
        on.wait_until_ready(2)
        send_at(on, [(0.0, 0.0)] * FEW)
        on.wait_for_tasks(FEW)
        before = spent(on)
        send_at(on, list(LOAD.tasks(tasks, SEED)))
        on.wait_for_tasks(FEW + tasks)
        after = spent(on)
        stamps = on.done.read_bytes()[8 * FEW :]
    waits = [1000 * seconds for (seconds,) in struct.iter_unpack("d", stamps)]
    return {
        WAITED: fmean(waits),
        WAITED_MOST: quantiles(waits, n=100)[98],
        **{unit: (after[unit] - before[unit]) / tasks for unit in before},
    }


def send_at(on: Stage, tasks: list[tuple[float, float]]) -> None:
    """Send tasks: when, and how long each takes, in seconds."""
    on.send("send_at.py", given=json.dumps(tasks))


def connections(server: psutil.Process) -> int:
    """Return how many clients a server has."""
    ports = servers.ports(server)
    sockets = server.net_connections("tcp")
    return sum(each.status == "ESTABLISHED" and each.laddr.port in ports for each in sockets)


FIGURE = Figure("scale", "Children and nodes", prepare, ())
