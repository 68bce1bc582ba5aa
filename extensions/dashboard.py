"""The Grafana dashboard of a service: an overview, and rows for each queue and for what it has.

Panels say what they show. How Grafana wants that written stands in the methods `json`, once. The
README of a service says of each metric what it is. They are made in `exporter.py`, `metrics.py` and
`http_api/metrics.py` of `app/core`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

SCHEMA_VERSION = 39
"""The version of the dashboard's format: that of Grafana 11. Later ones make theirs of it."""

WIDTH = 24
"""How many columns Grafana has."""

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The Prometheus that is chosen at the top of the dashboard."""

RED, GREEN = "red", "green"

CANARY_LATE = 180
"""Seconds after which the canary is late: it is sent each minute."""

JOB = 'job="$job"'
"""What every expression selects by: one Prometheus may know many services."""

FROM_OUTSIDE = 'route!~"/health/.*"'
"""The requests that are no probes: while a server is away, those fail every few seconds."""

LOST = 'status=~"failure|dead"'
"""The two ways in which a task ends without having succeeded."""


@dataclass(frozen=True)
class Query:
    """An expression of PromQL, and what its lines are called."""

    expression: str
    legend: str = ""

    def json(self, number: int, *, instant: bool) -> dict[str, Any]:
        """Return the query as Grafana has it, which counts them with letters.

        Args:
            number: of the query in its panel, from 0.
            instant: whether it is asked for now only, and not for the whole time that is shown.
        """
        return {
            "refId": chr(ord("A") + number),
            "datasource": DATA_SOURCE,
            "expr": self.expression,
            "legendFormat": self.legend,
            "instant": instant,
            "range": not instant,
        }


@dataclass(frozen=True)
class Panel:
    """Lines over time.

    Args:
        title: its heading.
        description: what it shows and what to look for.
        unit: one of Grafana's units: `short`, `s`, `ops`, `bytes`, `percentunit`.
        queries: what is drawn.
        width: in columns.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    width: int = 8
    height: int = 8

    def json(self) -> dict[str, Any]:
        """Return the panel as Grafana has it, but for its place."""
        return {
            "type": "timeseries",
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "custom": {"fillOpacity": 10, "showPoints": "never"},
                },
                "overrides": [],
            },
            "options": {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
            "targets": self._targets(instant=False),
        }

    def _targets(self, *, instant: bool) -> list[dict[str, Any]]:
        return [query.json(number, instant=instant) for number, query in enumerate(self.queries)]


@dataclass(frozen=True)
class Number(Panel):
    """The newest value, in large.

    Args:
        turns: from which value on it has another colour.
        colours: below and from there on.
    """

    height: int = 4
    turns: float = 1
    colours: tuple[str, str] = (GREEN, RED)

    def json(self) -> dict[str, Any]:
        """Return the panel as Grafana has it, but for its place."""
        below, above = self.colours
        steps = [{"color": below, "value": None}, {"color": above, "value": self.turns}]
        return {
            "type": "stat",
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "thresholds": {"mode": "absolute", "steps": steps},
                },
                "overrides": [],
            },
            "options": {
                "colorMode": "background",
                "graphMode": "none",
                "reduceOptions": {"calcs": ["lastNotNull"]},
            },
            "targets": self._targets(instant=True),
        }


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """What people look at first.

    Args:
        name: of the service. Prometheus scrapes it under this name.
        queues: each gets a row.
        late: from how many seconds on a message has waited for too long.
        has_canary: whether there is a canary.
        has_outbox: whether there is an outbox.
        has_api: whether there is an HTTP API.
    """

    name: str
    queues: tuple[str, ...]
    late: int
    has_canary: bool
    has_outbox: bool
    has_api: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """The overview, then where tasks come from, then the queues."""
        overview = Row("Overview", (*self._numbers(), *_lines()))
        api = [Row("HTTP API", tuple(_api_lines()))] if self.has_api else []
        outbox = [Row("Outbox", tuple(_outbox_lines()))] if self.has_outbox else []
        return (overview, *api, *outbox, *(self._row(queue) for queue in self.queues))

    @property
    def json(self) -> dict[str, Any]:
        """The dashboard as Grafana imports it."""
        return {
            "uid": self.name,
            "title": self.name,
            "tags": ["celery"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": self._variables()},
            "panels": list(_placed(self.rows)),
        }

    def _numbers(self) -> Iterator[Number]:
        """Yield the numbers of the overview, which share its first line."""
        oldest = Query(f"max({_age_by_queue('celery_queue_oldest_seconds')})")
        text = "For how long it has waited."
        numbers = [*_NUMBERS, Number("Oldest message", text, "s", (oldest,), turns=self.late)]
        if self.has_canary:
            age = Query(f"max({_age_by_queue('celery_canary_age_seconds')})")
            text = (
                "How long ago a message of beat has last come through the queue that is worst off."
            )
            numbers.append(Number("Canary", text, "s", (age,), turns=CANARY_LATE))
        return (replace(number, width=WIDTH // len(numbers)) for number in numbers)

    def _row(self, queue: str) -> Row:
        """Return the lines of a queue, four beside each other."""
        chosen = f'queue="{queue}"'
        ended = _rate("celery_tasks_processed_total", chosen)
        oldest = Query(f"min(celery_queue_oldest_seconds{{{JOB}, {chosen}}})", "oldest message")
        panels = (
            _line(
                "Tasks",
                "How many wait, run, and are dead letters.",
                "short",
                Query(f"max(celery_queue_depth{{{JOB}, {chosen}}})", "waiting"),
                Query(f"sum(celery_tasks_in_flight{{{JOB}, {chosen}}})", "running"),
                Query(f"max(celery_dead_letters{{{JOB}, {chosen}}})", "dead letters"),
            ),
            _line(
                "Ended tasks by status",
                "Runs in a second.",
                "ops",
                Query(f"sum by (status) ({ended})", "{{status}}"),
            ),
            _line(
                "Waiting time",
                "Between the time at which a task was due and its beginning.",
                "s",
                *_quantiles("celery_task_wait_seconds", chosen),
                oldest,
            ),
            _line(
                "Run time",
                "What a run takes.",
                "s",
                *_quantiles("celery_task_duration_seconds", chosen),
            ),
        )
        return Row(queue, tuple(replace(panel, width=WIDTH // len(panels)) for panel in panels))

    def _variables(self) -> list[dict[str, Any]]:
        return [
            {
                "name": "datasource",
                "label": "Data source",
                "type": "datasource",
                "query": "prometheus",
                "current": {},
            },
            {
                "name": "job",
                "label": "Job",
                "type": "query",
                "datasource": DATA_SOURCE,
                "query": "label_values(celery_broker_up, job)",
                "refresh": 2,
                "current": {"text": self.name, "value": self.name},
            },
        ]


def _lines() -> Iterator[Panel]:
    """Yield the lines of the overview, three beside each other."""
    ended = "celery_tasks_processed_total"
    yield _line(
        "Ended tasks by status",
        "Runs in a second. A failure is not tried again; dead was given up without having ended.",
        "ops",
        Query(f"sum by (status) ({_rate(ended)})", "{{status}}"),
    )
    yield _line(
        "Failed and given up by task",
        "How many in a second.",
        "ops",
        Query(f"sum by (task_name) ({_rate(ended, LOST)}) > 0", "{{task_name}}"),
    )
    yield _line(
        "Sent and begun",
        "Tasks in a second. More sent than begun for long: workers are missing.",
        "ops",
        Query(f"sum({_rate('celery_tasks_published_total')})", "sent by this service"),
        Query(f"sum({_rate('celery_tasks_started_total')})", "begun"),
    )
    yield _line(
        "Waiting by queue",
        "Messages in the broker.",
        "short",
        Query(_by_queue("celery_queue_depth"), "{{queue}}"),
    )
    yield _line(
        "Waiting time",
        "Seconds between the time at which a task was due and its beginning.",
        "s",
        *_quantiles("celery_task_wait_seconds"),
    )
    yield _line(
        "Run time",
        "Seconds that a run takes.",
        "s",
        *_quantiles("celery_task_duration_seconds"),
    )
    yield _line(
        "Dead letters by queue",
        "What somebody has to decide about.",
        "short",
        Query(_by_queue("celery_dead_letters"), "{{queue}}"),
    )
    yield _line(
        "Workers by queue",
        "How many read it.",
        "short",
        Query(_by_queue("celery_queue_workers"), "{{queue}}"),
    )
    yield _line(
        "Memory by worker",
        "What the main process and its children have together.",
        "bytes",
        Query(f"sum by (worker) (celery_worker_memory_bytes{{{JOB}}})", "{{worker}}"),
    )


def _api_lines() -> Iterator[Panel]:
    """Yield the lines of the HTTP API, three beside each other."""
    requests = "http_requests_total"
    all_requests = _rate(requests, FROM_OUTSIDE)
    errors = _rate(requests, FROM_OUTSIDE, 'status=~"5.."')
    yield _line(
        "Requests by status",
        "In a second. Probes are not among them.",
        "ops",
        Query(f"sum by (status) ({all_requests})", "{{status}}"),
    )
    yield _line(
        "Until an answer begins",
        "What a request takes.",
        "s",
        *_quantiles("http_request_duration_seconds", FROM_OUTSIDE),
    )
    yield _line(
        "Answers of 5xx",
        "Which part of the requests fails through no fault of theirs.",
        "percentunit",
        Query(f"sum({errors}) / sum({all_requests})", "5xx"),
    )


def _outbox_lines() -> Iterator[Panel]:
    """Yield the lines of the outbox, three beside each other. Each exporter tells the same."""
    yield _line(
        "Tasks in the outbox",
        "Tasks to be sent, and those that cannot be: python -m app.outbox list",
        "short",
        Query(f"max(celery_outbox_waiting{{{JOB}}})", "waiting"),
        Query(f"max(celery_outbox_failed{{{JOB}}})", "failed"),
    )
    yield _line(
        "Oldest task in the outbox",
        "For how long the first has waited. More than some seconds: the relay does not send.",
        "s",
        Query(f"max(celery_outbox_oldest_seconds{{{JOB}}})", "oldest"),
    )
    yield _line(
        "Sent by the relay",
        "Tasks in a second.",
        "ops",
        Query(f"sum({_rate('celery_outbox_sent_total')})", "sent"),
    )


def _number(
    title: str, description: str, expression: str, colours: tuple[str, str] = (GREEN, GREEN)
) -> Number:
    return Number(title, description, "short", (Query(expression),), colours=colours)


def _line(title: str, description: str, unit: str, *queries: Query) -> Panel:
    return Panel(title, description, unit, queries)


def _rate(counter: str, *selectors: str) -> str:
    return f"rate({counter}{{{', '.join((JOB, *selectors))}}}[$__rate_interval])"


def _by_queue(gauge: str) -> str:
    """Return what the broker tells: each exporter has the same, so it is not added up."""
    return f"max by (queue) ({gauge}{{{JOB}}})"


def _age_by_queue(gauge: str) -> str:
    """Return an age: an exporter may think it higher than it is, where it has not seen all."""
    return f"min by (queue) ({gauge}{{{JOB}}})"


def _quantiles(histogram: str, *selectors: str) -> tuple[Query, ...]:
    buckets = f"sum by (le) ({_rate(f'{histogram}_bucket', *selectors)})"
    return tuple(
        Query(f"histogram_quantile({part}, {buckets})", name)
        for part, name in ((0.5, "median"), (0.99, "99 %"))
    )


def _placed(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield all panels with their places: from left to right, and on below when it is full."""
    number, top = 1, 0
    for row in rows:
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        number, top, left, height = number + 1, top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > WIDTH or (height and panel.height != height):
                top, left = top + height, 0
            height = panel.height
            place = {"x": left, "y": top, "w": panel.width, "h": height}
            yield {"id": number, **panel.json(), "gridPos": place}
            number, left = number + 1, left + panel.width
        top += height


_NUMBERS = (
    _number("Broker", "1 while it answers.", f"min(celery_broker_up{{{JOB}}})", (RED, GREEN)),
    _number(
        "Workers",
        "How many read the queue that has the fewest.",
        f"min({_by_queue('celery_queue_workers')})",
        (RED, GREEN),
    ),
    _number("Running", "Tasks that run now.", f"sum(celery_tasks_in_flight{{{JOB}}})"),
    _number("Waiting", "Messages in all queues.", f"sum({_by_queue('celery_queue_depth')})"),
    _number(
        "Dead letters",
        "What somebody has to decide about: python -m app.dead_letters list",
        f"sum({_by_queue('celery_dead_letters')})",
        (GREEN, RED),
    ),
)
"""The numbers that every service has."""
