"""What a service is doing, and what looks wrong with it. Times are in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

LATE = 300.0
"""How long a message may wait before that looks wrong."""

CANARY_LATE = 180.0
"""How long ago the last canary may have come through a queue."""

RECENT = 3600.0
"""For how long a dead letter is news. It stays in the list until somebody decides."""

GRACE = 15.0
"""How much longer than its hard limit a task may run: it takes a moment to end a process."""


class Server(BaseModel):
    """A server of the service."""

    name: str
    url: str
    """Where it is, without the password."""
    up: bool
    error: str = ""


class Queue(BaseModel):
    """A queue, as the broker sees it."""

    name: str
    depth: int
    oldest: float | None
    """How long the next message has waited, or None when the broker does not tell."""
    workers: int | None
    """How many workers read it, or None when the broker does not tell."""
    dead: int
    """How many dead letters it has."""
    canary: float | None = None
    """How long ago beat's last canary came through, or None when no worker has seen one."""


class Worker(BaseModel):
    """A worker that has answered."""

    name: str
    answered: float
    """After how long."""
    pool: str = ""
    processes: int = 0
    """How many tasks it can run at a time."""
    busy: int = 0
    next: int = 0
    """How many messages it has taken that wait for a process."""
    delayed: int = 0
    """How many messages it has taken that wait for their time."""
    uptime: float = 0.0
    queues: list[str] = []
    error: str = ""
    """Why it could not say more."""


class Running(BaseModel):
    """A task that runs."""

    id: str
    task: str
    queue: str
    worker: str
    seconds: float
    limit: float | None
    """Its hard limit."""


class Failure(BaseModel):
    """A dead letter."""

    id: str
    queue: str
    task: str
    reason: str
    error: str
    died_at: datetime


class Tick(BaseModel):
    """An entry of beat's schedule."""

    name: str
    task: str
    due: datetime | None
    """When it is sent next, or None when beat has not noted it where we can see it."""


class Status(BaseModel):
    """Everything at one moment."""

    service: str
    at: datetime
    problems: list[str] = []
    """What looks wrong, in plain words."""
    servers: list[Server] = []
    queues: list[Queue] = []
    workers: list[Worker] = []
    running: list[Running] = []
    failures: list[Failure] = []
    """Some dead letters of each queue, the newest first."""
    sample: Literal["all", "newest", "oldest"] = "all"
    """Which ones. Where there are many, Redis shows the newest and RabbitMQ the oldest."""
    beat: bool | None = None
    """Whether beat works, or None when that cannot be seen from here."""
    schedule: list[Tick] = []
    unanswered: dict[str, str] = {}
    """What could not be found out, and why."""


def problems(status: Status) -> list[str]:
    """Return what looks wrong, what explains the rest first."""
    return [
        *_of_servers(status),
        *_of_workers(status),
        *(line for queue in status.queues for line in _of_queue(status, queue)),
        *_of_tasks(status),
        *_of_beat(status),
        *_of_failures(status),
    ]


def duration(seconds: float) -> str:
    """Return a time as people say it: `45 s`, `12 min`, `5 h` or `3 d`."""
    for unit, size, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < most:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86_400)} d"


def _of_servers(status: Status) -> Iterator[str]:
    for server in status.servers:
        if not server.up:
            yield f"the {server.name} {server.url} is away: {server.error}"
    broker_is_away = any(not server.up for server in status.servers if server.name == "broker")
    for part, error in {} if broker_is_away else status.unanswered.items():
        yield f"{part}: {error}"


def _of_workers(status: Status) -> Iterator[str]:
    if not _all_known(status):
        return
    if status.queues and not status.workers:
        yield "no worker answers"
    silent: dict[int, list[str]] = {}
    for queue in status.queues:
        missing = (queue.workers or 0) - len(_readers(status, queue))
        silent.setdefault(missing, []).append(queue.name)
    for missing, queues in silent.items():
        if missing > 0:
            who = "a worker that reads" if missing == 1 else f"{missing} workers that read"
            verb = "is" if missing == 1 else "are"
            yield f"{who} {', '.join(queues)} {verb} stuck, or died a moment ago: no answer"


def _of_queue(status: Status, queue: Queue) -> Iterator[str]:
    readers = _readers(status, queue)
    waiting = f"{queue.depth} message{' waits' if queue.depth == 1 else 's wait'}"
    if queue.workers == 0 or (queue.workers is None and not readers and _all_known(status)):
        if queue.depth or status.workers:
            but = f"{waiting} and " if queue.depth else ""
            yield f"queue {queue.name}: {but}no worker reads it"
        return
    busy = readers and all(worker.busy >= worker.processes for worker in readers)
    why = ": its workers are busy with other tasks" if busy else ""
    if queue.depth and queue.oldest and queue.oldest > LATE:
        yield f"queue {queue.name}: {waiting}, the next one for {duration(queue.oldest)}{why}"
    if queue.depth and queue.oldest is None and busy:
        yield f"queue {queue.name}: {waiting}, nobody knows for how long{why}"
    if queue.canary is not None and queue.canary > CANARY_LATE:
        yield f"queue {queue.name}: the last canary of beat came {duration(queue.canary)} ago"


def _of_tasks(status: Status) -> Iterator[str]:
    for task in status.running:
        if task.limit and task.seconds > task.limit + GRACE:
            yield (
                f"{task.task} {task.id} runs for {duration(task.seconds)} in {task.worker}, "
                f"its limit is {duration(task.limit)}"
            )


def _of_beat(status: Status) -> Iterator[str]:
    if status.beat is False:
        yield "no beat works: nothing of the schedule is sent"


def _of_failures(status: Status) -> Iterator[str]:
    for queue in status.queues:
        letters = [letter for letter in status.failures if letter.queue == queue.name]
        recent = [each for each in letters if (status.at - each.died_at).total_seconds() < RECENT]
        if recent:
            last = recent[0]
            more = queue.dead > len(letters)
            count = f"{len(recent)} or more" if more else len(recent)
            which = "one" if more and status.sample == "oldest" else "the last"
            yield (
                f"queue {queue.name}: {count} dead letter{'' if count == 1 else 's'} "
                f"in the last hour, {which} is {last.task}: {last.reason}, {last.error}"
            )


def _all_known(status: Status) -> bool:
    """Tell whether every worker that is well has told all."""
    return "workers" not in status.unanswered and not any(each.error for each in status.workers)


def _readers(status: Status, queue: Queue) -> list[Worker]:
    return [worker for worker in status.workers if queue.name in worker.queues]
