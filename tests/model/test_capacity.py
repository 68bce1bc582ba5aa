"""What a load needs is computed right: by hand, by textbook, and by simulation."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import capacity
from benchmarks.capacity import Costs, Load, Plan
from benchmarks.figures import scale
from benchmarks.queueing import Queue
from benchmarks.turns import Measured

COSTS = Costs(
    main=0.001,
    node=0.002,
    broker=0.0005,
    node_memory=40,
    child_memory=30,
    connections=5,
    idle=0.001,
    idle_queue=0.0005,
    message=1000,
)
LOAD = Load(
    rate=500,
    run_time=0.198,
    cpu_time=0.05,
    queues=8,
    utilisation=0.8,
    children=8,
    outage=3600,
)


@pytest.fixture
def plan() -> Plan:
    """What 500 tasks a second of 200 ms, overhead included, need on Redis."""
    return Plan(LOAD, COSTS, "redis")


def test_the_children_follow_from_the_law_of_little(plan: Plan) -> None:
    assert plan.busy == pytest.approx(100)
    assert plan.children == 125


def test_the_nodes_hold_the_children(plan: Plan) -> None:
    assert plan.nodes == 16
    assert plan.memory == pytest.approx(16 * (40 + 8 * 30))


def test_short_tasks_need_nodes_for_their_main_processes() -> None:
    short = Plan(replace(LOAD, rate=4000, run_time=0.0001, cpu_time=0.0001), COSTS, "redis")

    assert short.children == 11
    assert short.nodes == 5


def test_cores_are_for_what_computes(plan: Plan) -> None:
    assert plan.cores == pytest.approx(500 * (0.05 + 0.002) / 0.8)


def test_a_node_on_redis_has_a_connection_for_each_queue(plan: Plan) -> None:
    assert plan.connections_of_a_node == 12
    assert plan.connections == 16 * 12
    assert plan.most_nodes == 833


def test_a_node_on_rabbitmq_has_the_same_connections_for_all_queues() -> None:
    assert Plan(LOAD, COSTS, "rabbitmq").connections_of_a_node == 5


def test_idle_nodes_cost_the_broker_something_for_each_queue(plan: Plan) -> None:
    assert plan.idle == pytest.approx(0.001 + 7 * 0.0005)
    assert plan.broker_cores == pytest.approx(500 * 0.0005 + 16 * 0.0045)


def test_the_broker_ends_where_its_core_is_busy(plan: Plan) -> None:
    free = replace(COSTS, idle=0, idle_queue=0)

    assert plan.brokers == 1
    assert Plan(replace(LOAD, rate=1599), free, "redis").brokers == 1
    assert Plan(replace(LOAD, rate=1601), free, "redis").brokers == 2
    assert Plan(replace(LOAD, rate=1599), COSTS, "redis").brokers == 2


def test_the_broker_ends_where_it_has_no_more_connections() -> None:
    free = replace(COSTS, idle=0, idle_queue=0)
    slow = replace(LOAD, rate=1000, run_time=10)

    assert Plan(slow, free, "redis").nodes == 1563
    assert Plan(slow, free, "redis").brokers == 2
    assert Plan(slow, free, "rabbitmq").brokers == 1


def test_what_waits_after_an_outage_needs_memory(plan: Plan) -> None:
    assert plan.backlog == pytest.approx(1800)


def test_costs_are_what_was_measured_of_one_task_and_one_node() -> None:
    rest = scale.AT_REST
    each = {"main CPU ms/task": 1, "CPU ms/task": 2, "broker CPU ms/task": 0.5}
    measured = Measured(
        {
            scale.RANDOM: [each],
            scale.MESSAGES: [{scale.SIZE: 1000}],
            rest + scale.FOUR: [{scale.MEMORY: 160, scale.CONNECTIONS: 5, scale.IDLE: 3}],
            rest + scale.SEVERAL: [{scale.MEMORY: 70, scale.IDLE: 6}],
            rest + scale.EIGHT: [{scale.IDLE: 20}],
        }
    )

    assert asdict(Costs.of(measured)) == pytest.approx(asdict(COSTS))


def test_a_single_child_is_waited_for_as_the_textbook_says() -> None:
    queue = Queue(children=1, rate=8, run_time=0.1)

    assert queue.waits == pytest.approx(0.8)
    assert queue.mean_wait == pytest.approx(0.4)


def test_two_children_are_waited_for_as_the_textbook_says() -> None:
    queue = Queue(children=2, rate=1, run_time=1)

    assert queue.waits == pytest.approx(1 / 3)
    assert queue.mean_wait == pytest.approx(1 / 3)


@pytest.mark.parametrize(("utilisation", "tolerance"), [(0.5, 0.05), (0.8, 0.05), (0.95, 0.2)])
def test_simulated_tasks_wait_as_the_formula_says(utilisation: float, tolerance: float) -> None:
    queue = Queue(children=4, rate=4 * utilisation, run_time=1)

    assert queue.simulated(200_000, seed=1) == pytest.approx(queue.mean_wait, rel=tolerance)


def test_what_a_task_costs_beside_its_work_keeps_its_child_busy() -> None:
    queue = Queue(children=1, rate=8, run_time=0.05)

    assert queue.simulated(20_000, seed=1, overhead=0.05) > 2 * queue.simulated(20_000, seed=1)


def test_nobody_waits_where_there_are_children_enough() -> None:
    assert Queue(children=500, rate=1, run_time=1).wait(0.99) == 0


def test_the_answer_shows_the_arithmetic(plan: Plan) -> None:
    lines = capacity.answer(plan).splitlines()

    assert lines[0] == "500 tasks a second of 198 ms on Redis, busy 80%"
    assert lines[1].split() == [
        *("children", "125", "500/s", "x", "(198", "+", "2.00", "ms)", "=", "100.0", "busy,"),
        *("/", "80%"),
    ]
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--tasks-per-second", "0"),
        ("--tasks-per-second", "many"),
        ("--run-time", "inf"),
        ("--utilisation", "1"),
        ("--children", "0"),
        ("--cpu-time", "2"),
    ],
)
def test_a_load_that_cannot_be_is_refused(option: str, value: str) -> None:
    with pytest.raises(SystemExit):
        capacity.parse(["--tasks-per-second", "1", "--run-time", "1", option, value])


def test_without_figures_it_says_how_to_measure(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="python -m benchmarks scale"):
        capacity.costs("redis", tmp_path / "results.json")
