"""What more children and more nodes give, and what each of them takes of machine and broker.

benchmarks/capacity.py computes from this how many workers a load needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks import servers
from benchmarks.drain import count, drain, own_cpu_seconds, publish, running, wait_until
from benchmarks.drain import prepare as variables
from benchmarks.figure import Figure, Setup
from benchmarks.figures.start import settled
from benchmarks.turns import Round
from benchmarks.workers import generated, service

MEMORY, CONNECTIONS = "MB at rest", "connections"
SIZE, SENDING = "bytes/message", "broker CPU ms/message"

SHAPES = {
    "1 node, 1 child": (1, 1),
    "1 node, 2 children": (1, 2),
    "1 node, 4 children": (1, 4),
    "2 nodes, 1 child each": (2, 1),
    "2 nodes, 2 children each": (2, 2),
}
"""Nodes, and the children of each."""

ONE, FOUR, TWO = "1 node, 1 child", "1 node, 4 children", "2 nodes, 1 child each"

WAITING = "4 children, tasks of 50 ms"
WAIT = 0.05
"""How long such a task takes, in seconds."""

AT_REST, MESSAGES = "at rest: ", "messages that wait"
"""Nodes that have nothing to do, by their shape; and a broker that nobody reads."""

FEW = 100
"""Tasks that have let all children begin, and messages that have made the queue."""


def prepare(setup: Setup) -> Mapping[str, Callable[[], Round]]:
    """Render a service."""
    folder = service(setup.folder / "service", setup.broker, flower=False)
    shapes = {TWO: SHAPES[TWO]} if setup.smoke else SHAPES
    tasks, short = setup.amount(3000, 1000), setup.amount(600, 80)
    messages = setup.amount(10_000, 1000)

    def draining(nodes: int, children: int) -> Callable[[], Round]:
        worker = generated(folder, WORKER_CONCURRENCY=str(children))
        return lambda: drain(worker, folder, tasks * nodes, nodes)

    waiting = generated(folder, WORKER_CONCURRENCY="4", BENCH_WAIT=str(WAIT))
    return {
        **{name: draining(*shape) for name, shape in shapes.items()},
        WAITING: lambda: drain(waiting, folder, short),
        AT_REST + ONE: lambda: at_rest(folder, 1),
        AT_REST + FOUR: lambda: at_rest(folder, 4),
        MESSAGES: lambda: waiting_messages(folder, messages),
    }


def at_rest(service: Path, children: int) -> Round:
    """Measure a node that has done a few tasks and waits for more.

    Args:
        service: the folder of the service.
        children: of the node.
    """
    worker = generated(service, WORKER_CONCURRENCY=str(children))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        done = folder / "done"
        environment = variables(stack.enter_context(servers.running(service)), worker, done)
        publish(worker, environment, FEW)
        pid = stack.enter_context(running(worker, environment, folder))
        wait_until(lambda: count(done) == FEW, f"{FEW} tasks", folder)
        megabytes = settled(pid)
        broker = servers.process(environment["CELERY_BROKER_URL"])
        return {MEMORY: megabytes, CONNECTIONS: connections(broker)}


def waiting_messages(service: Path, messages: int) -> Round:
    """Measure what messages take of the time and the memory of a broker.

    Args:
        service: the folder of the service.
        messages: how many.
    """
    worker = generated(service)
    with TemporaryDirectory() as folder, servers.running(service) as found:
        environment = variables(found, worker, Path(folder) / "done")
        publish(worker, environment, FEW)
        broker = servers.process(environment["CELERY_BROKER_URL"])
        memory, cpu = broker.memory_info().rss, own_cpu_seconds(broker)
        publish(worker, environment, messages)
        return {
            SIZE: (broker.memory_info().rss - memory) / messages,
            SENDING: 1000 * (own_cpu_seconds(broker) - cpu) / messages,
        }


def connections(server: psutil.Process) -> int:
    """Return how many clients a server has."""
    ports = servers.ports(server)
    sockets = server.net_connections("tcp")
    return sum(each.status == "ESTABLISHED" and each.laddr.port in ports for each in sockets)


FIGURE = Figure("scale", "Children and nodes", prepare, ())
