"""How this service logs: each line in one shape, whoever writes it, with the task it is about.

`LOG_FORMAT` is `text` for people and `json` for machines. A line tells when a task begins, after
which wait, and one when it ends, after which run. Neither arguments nor results are in them, unless
`LOG_ARGUMENTS` asks for the arguments: they may be personal data.
"""

from __future__ import annotations

import logging
import sys
import time
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import structlog
from celery.signals import task_postrun, task_prerun
from structlog import contextvars, dev, processors, stdlib
from structlog.typing import EventDict, Processor

from app.config import Config
from app.core import correlation, tracing
from app.core.dead_letters import known_queue_of

config = Config.load()
logger = logging.getLogger(__name__)

TRACE = "celery.app.trace"
"""The logger that tells how tasks end."""

RECEIVED = "celery.worker.strategy"
"""The logger that tells of each message that arrives. The line for a task's beginning says more."""

TELL_ARGUMENTS = ("amqp", "celery.pool", "kombu")
"""The loggers that write what is in messages, at the level DEBUG."""

_began: ContextVar[float | None] = ContextVar("began", default=None)
_task: ContextVar[dict[str, Any] | None] = ContextVar("task", default=None)
"""What each line has of the task that runs. One variable, as structlog looks at all of its own."""


def configure(**_: Any) -> None:
    """Let all loggers of this process write to standard error. Called for worker and beat."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    logging.basicConfig(level=config.log_level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # No line has them, and each record would look for them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    if config.log_level != "DEBUG":
        logging.getLogger(RECEIVED).setLevel(logging.WARNING)
    if not config.log_arguments:
        for name in TELL_ARGUMENTS:
            logging.getLogger(name).setLevel(max(logging.INFO, logging.root.level))
    structlog.configure(
        processors=[stdlib.filter_by_level, stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=stdlib.LoggerFactory(),
        wrapper_class=stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    task_prerun.connect(_begin)
    task_postrun.connect(_end)


class _Formatter(logging.Formatter):
    """Makes a line of a record.

    That of structlog copies each record first, for handlers that come after it: a fifth of what a
    line costs.
    """

    def __init__(self, *processors_: Processor) -> None:
        super().__init__()
        self._processors = processors_

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. The message of a record of structlog is a dictionary already."""
        message: Any = record.msg
        # What marks a record of structlog.
        known = hasattr(record, "_logger") and isinstance(message, dict)
        line: Any = {**(_task.get() or {}), **contextvars.get_contextvars()}
        line |= message if known else {"event": record.getMessage()}
        line |= {"_record": record, "_from_structlog": known}
        if record.exc_info:
            line.setdefault("exc_info", record.exc_info)
        if record.stack_info:
            line.setdefault("stack_info", record.stack_info)
        for process in self._processors:
            line = process(None, record.levelname.lower(), line)
        return str(line)


def _formatter() -> logging.Formatter:
    render: list[Processor]
    if config.log_format == "json":
        render = [processors.format_exc_info, processors.JSONRenderer()]
    else:
        plain = dev.plain_traceback
        colors = sys.stderr.isatty()
        render = [_shorten, dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return _Formatter(
        stdlib.add_logger_name,
        stdlib.add_log_level,
        processors.TimeStamper(fmt="iso"),
        _describe_task,
        *tracing.log_processors(),
        stdlib.ProcessorFormatter.remove_processors_meta,
        *render,
    )


def _describe_task(_: Any, __: str, line: EventDict) -> EventDict:
    """Make fields of what Celery says about a task, and leave its result out."""
    record: logging.LogRecord = line["_record"]
    about = getattr(record, "data", None)
    if not isinstance(about, dict) or "id" not in about:
        return line
    line.update(task_id=about["id"], task=about["name"])
    line.update({name: about[name] for name in ("wait_time", "arguments") if name in about})
    began = _began.get()
    if record.name == TRACE and began:
        line["run_time"] = round(time.monotonic() - began, 4)
    if "return_value" in about and not config.log_arguments:
        line["event"] = f"Task {about['name']}[{about['id']}] succeeded"
    return line


def _shorten(_: Any, __: str, line: EventDict) -> EventDict:
    """Leave out what a person sees already."""
    line.pop("worker", None)
    for name in ("task", "task_id", "correlation_id"):
        if name in line and line[name] in str(line["event"]):
            del line[name]
    return line


def _begin(task_id: str, task: Any, kwargs: dict[str, Any], **_: Any) -> None:
    request = task.request
    correlation_id = correlation.of(request)
    _began.set(time.monotonic())
    token = correlation.begin(correlation_id)
    fields = {
        "task_id": task_id,
        "task": task.name,
        "queue": _queue_of(request.delivery_info or {}),
        "attempt": request.retries + 1,
        "worker": request.hostname,
        "correlation_id": correlation_id,
    }
    # What an earlier task has bound to such a name, and left, is not about this one.
    contextvars.unbind_contextvars(*fields)
    request.undo = token, _task.set(fields)
    about = {"id": task_id, "name": task.name, "wait_time": _waited(request)}
    if config.log_arguments:
        about["arguments"] = kwargs
    logger.info("Task %(name)s[%(id)s] started", about, extra={"data": about})


def _end(task: Any, **_: Any) -> None:
    token, fields = task.request.undo
    correlation.end(token)
    _task.reset(fields)


def _queue_of(info: dict[str, Any]) -> str | None:
    return _queue(str(info.get("exchange") or ""), str(info.get("routing_key") or ""))


@lru_cache(1000)
def _queue(exchange: str, routing_key: str) -> str | None:
    return known_queue_of({"exchange": exchange, "routing_key": routing_key})


def _waited(request: Any) -> float | None:
    """Return for how many seconds a task has been due, or None when its producer did not say."""
    due = correlation.due_at(correlation.sent_at(request), request.eta)
    return None if due is None else round(max(time.time() - due, 0.0), 4)
