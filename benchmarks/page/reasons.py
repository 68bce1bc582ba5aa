"""Why figures are not reached, for docs/speed.md: what a profile or another variant says."""

from __future__ import annotations

from benchmarks.drain import CPU, RATE
from benchmarks.figures import io, throughput

EVENTS = "Flower's events, of which the recipe sends none: see `{}` in the table above."
BEFOREHAND = (
    "Bare Celery acknowledges a message before its task and has eight beforehand, so it waits for "
    "nothing. The service waits for the next message, with one for each process: the rows with "
    "quorum queues above have what these take of it, and `Messages that a worker has for each "
    "process` below what more messages give."
)
QUORUM = (
    "Quorum queues, and Flower's events: the recipe with the same queues and the service without "
    "Flower are above. Both have one message for each process and wait for the broker, so less "
    "shows of what the service saves than on Redis."
)
PLUMBING = (
    "Logs, metrics and events, which on Redis the transport more than saves: see "
    f"`{throughput.SILENT}` in the table above."
)

BARE, RECIPE = "against bare Celery", "against the recipe"
ALL, BLIND = throughput.ALL, throughput.BLINDFOLD

REASONS: dict[tuple[str, str, str], str] = {
    ("throughput", "redis", f"{RATE}: {BLIND} {RECIPE}"): EVENTS.format(throughput.SILENT),
    ("throughput", "rabbitmq", f"{RATE}: {ALL} {BARE}"): BEFOREHAND,
    ("throughput", "rabbitmq", f"{CPU}: {ALL} {BARE}"): PLUMBING,
    ("throughput", "rabbitmq", f"{RATE}: {ALL} {RECIPE}"): QUORUM,
    ("throughput", "rabbitmq", f"{RATE}: {BLIND} {BARE}"): BEFOREHAND,
    ("throughput", "rabbitmq", f"{RATE}: {BLIND} {RECIPE}"): QUORUM,
    ("io", "rabbitmq", f"{RATE}: {io.THREADS} against {io.BARE}"): (
        "Each thread has one message at a time, and its next one comes when quorum queues have "
        "taken the acknowledgement. Bare Celery has four messages for each thread beforehand."
    ),
}
"""Sentences by figure, broker, and what the target speaks of, as the table has it."""
