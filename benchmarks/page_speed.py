"""What docs/speed.md says of what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat

from benchmarks import plots, report
from benchmarks.__main__ import FIGURES, load
from benchmarks.capacity import NAMES
from benchmarks.figure import Figure
from benchmarks.figures import peers, plumbing, throughput, transport
from benchmarks.markdown import number, table
from benchmarks.profiles import PROFILES
from benchmarks.reasons import REASONS
from benchmarks.results import Results
from benchmarks.turns import Measured

RATE, CPU = "tasks/s", "CPU ms/task"

SETTINGS = (
    (
        "`LOG_LEVEL=INFO`, the default",
        "lines in the log for each task, against `WARNING`",
        (plumbing.FIGURE, "logs as JSON", "base class and check of arguments"),
    ),
    (
        "`LOG_FORMAT=json`",
        "the same lines for programs, against `text` for people",
        (plumbing.FIGURE, "logs as JSON", "logs as text"),
    ),
    (
        "`METRICS_PORT=9808`, the default",
        "data for dashboard and alerts, against `0`",
        (plumbing.FIGURE, "metrics", "base class and check of arguments"),
    ),
    (
        "`OTEL_EXPORTER_OTLP_ENDPOINT`",
        "traces, against none, the default; nobody takes them",
        (plumbing.FIGURE, "traces, to nobody", "base class and check of arguments"),
    ),
    (
        "`ignore_result=False` of a task",
        "its result, against the default",
        (peers.FIGURE, "service with results", "service"),
    ),
    (
        "the answer `flower`",
        "events of each task, against a service without Flower",
        (throughput.FIGURE, throughput.ALL, throughput.QUIET),
    ),
    (
        "`REDIS_TRANSPORT=reliable`, the default",
        "no message is lost with its worker, against `stock`",
        (transport.FIGURE, transport.OURS, transport.STOCK),
    ),
)
"""What can be set, what it is for, and which variant has it and which has not."""


def conditions(results: Results) -> str:
    """Return when it was measured, and with what."""
    return "\n".join(f"- {each}" for each in results.conditions)


def targets(results: Results) -> str:
    """Return the table of what has to be reached."""
    rows = []
    for figure, measured in known(results):
        values: dict[tuple[str, str], dict[str, str]] = {}
        for broker, each in measured.items():
            for line in report.lines(figure, broker, each):
                value = number(line.value) if line.reached else f"**{number(line.value)}**"
                values.setdefault((line.what, line.bound), {})[broker] = value
        titles = chain([figure.title], repeat(""))
        for title, ((what, bound), found) in zip(titles, values.items(), strict=False):
            rows.append([title, what, bound, *(found.get(name, "") for name in NAMES)])
    return table(["figure", "what", "to reach", *NAMES.values()], rows)


def missed(results: Results) -> str:
    """Return a list of what is not reached, with the reasons."""
    items = []
    for figure, broker, line in unreached(results):
        reason = REASONS.get((figure.name, broker, line.what), "")
        what = f"{line.what}: {number(line.value)} instead of {line.bound}."
        items.append(f"- {figure.title}, {NAMES[broker]}, {what} {reason}".rstrip())
    items.extend(
        f"- {load(name).title}, {NAMES[broker]}: not measured." for name, broker in unknown(results)
    )
    return "\n".join(items) or "All are reached."


def unknown(results: Results) -> Iterator[tuple[str, str]]:
    """Yield what has a target and was not measured: figures, each with a broker."""
    for name in FIGURES:
        for broker in load(name).brokers:
            if load(name).targets and broker not in results.of(name):
                yield name, broker


def unreached(results: Results) -> Iterator[tuple[Figure, str, report.Line]]:
    """Yield what is not reached, with its figure and broker."""
    for figure, measured in known(results):
        for broker, each in measured.items():
            for line in report.lines(figure, broker, each):
                if not line.reached:
                    yield figure, broker, line


def pictures(results: Results) -> str:
    """Return the links to the pictures."""
    drawn = [each for each in plots.PICTURES if results.of(each.figure)]
    return "\n\n".join(f"![{each.title}](pictures/{each.file})" for each in drawn)


def settings(results: Results) -> str:
    """Return the table of settings, each with what it costs."""
    rows = []
    for setting, gain, (figure, having, lacking) in SETTINGS:
        for broker, measured in results.of(figure.name).items():
            more = measured.median(having, CPU) - measured.median(lacking, CPU)
            cpu, rate = (number(measured.ratio(having, lacking, unit)) for unit in (CPU, RATE))
            cost = [f"{more:+.2f} ms, {cpu} times", f"{rate} times"]
            rows.append([setting, gain, NAMES[broker], *cost])
    return table(["setting", "what it gives", "broker", "CPU of a task", RATE], rows)


def everything(results: Results) -> str:
    """Return the medians of all variants of all figures."""
    parts = []
    for figure, measured in known(results):
        parts.append(f"### {figure.title}")
        parts.append(about(figure))
        for broker, each in measured.items():
            command = f"`python -m benchmarks {figure.name} --broker {broker}`"
            parts.append(f"{NAMES[broker]}, {command}, rounds: {report.rounds(each)}.")
            parts.extend(medians(each))
    return "\n\n".join(parts)


def about(figure: Figure) -> str:
    """Return what the module of a figure says about it."""
    return str(sys.modules[f"benchmarks.figures.{figure.name}"].__doc__).strip()


def medians(measured: Measured) -> Iterator[str]:
    """Yield a table of medians for all variants of which the same was measured."""
    variants: dict[tuple[str, ...], list[str]] = {}
    for variant, rounds in measured.rounds.items():
        variants.setdefault(tuple(rounds[0]), []).append(variant)
    for units, names in variants.items():
        rows = [[name, *(number(measured.median(name, unit)) for unit in units)] for name in names]
        yield table(["variant", *units], rows)


def profiles(_: Results) -> str:
    """Return where the time goes, for each broker and process."""
    parts = []
    for broker, processes in json.loads(PROFILES.read_text()).items():
        for process, profile in processes.items():
            parts.append(f"{NAMES[broker]}, {process}:")
            for title, shares in profile.items():
                rows = [[f"`{what}`", f"{part:.0%}"] for what, part in shares.items()]
                parts.append(table([title, "itself" if title == "packages" else "in all"], rows))
    return "\n\n".join(parts)


def known(results: Results) -> Iterator[tuple[Figure, Mapping[str, Measured]]]:
    """Yield the figures that were measured, in the order of the command."""
    for name in FIGURES:
        if measured := results.of(name):
            yield load(name), measured


BLOCKS: dict[str, Callable[[Results], str]] = {
    "conditions": conditions,
    "targets": targets,
    "missed": missed,
    "pictures": pictures,
    "settings": settings,
    "profiles": profiles,
    "everything": everything,
}
"""What is written anew, by its name on the page."""
