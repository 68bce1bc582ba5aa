"""Why figures are not reached, for docs/speed.md: what a profile or another variant says."""

from __future__ import annotations

from benchmarks.figures import io, throughput

EVENTS = "Flower's events, of which the recipe sends none: see `{}` in the table above."
QUORUM = (
    "The main process was idle about half of the time: it waited for quorum queues, which answer "
    "later than the classic ones of the others, with one message for each process on its way."
)
LEAN = (
    "Logs, metrics and events cost what they do on Redis, where the transport saves more than that."
)

BARE, RECIPE = "against bare Celery", "against the recipe"
ALL, BLIND = throughput.ALL, throughput.BLINDFOLD

REASONS: dict[tuple[str, str, str], str] = {
    ("throughput", "redis", f"tasks/s: {ALL} {RECIPE}"): EVENTS.format(throughput.QUIET),
    ("throughput", "redis", f"tasks/s: {BLIND} {RECIPE}"): EVENTS.format(throughput.SILENT),
    ("throughput", "rabbitmq", f"tasks/s: {ALL} {BARE}"): QUORUM,
    ("throughput", "rabbitmq", f"CPU ms/task: {ALL} {BARE}"): LEAN,
    ("throughput", "rabbitmq", f"tasks/s: {ALL} {RECIPE}"): QUORUM,
    ("throughput", "rabbitmq", f"tasks/s: {BLIND} {BARE}"): QUORUM,
    ("throughput", "rabbitmq", f"tasks/s: {BLIND} {RECIPE}"): QUORUM,
    ("io", "rabbitmq", f"tasks/s: {io.THREADS} against {io.BARE}"): (
        "Each thread has one message at a time, and its next one comes when quorum queues have "
        "taken the acknowledgement. Bare Celery has four messages for each thread beforehand."
    ),
    ("plumbing", "redis", "CPU ms/task: all plumbing against no plumbing"): (
        "Two lines of the log for each task: see `logs as JSON` below."
    ),
}
"""Sentences by figure, broker, and what the target speaks of, as the table has it."""
