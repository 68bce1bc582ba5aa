"""What docs/speed.md says of what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat

from benchmarks.capacity import NAMES
from benchmarks.drain import CPU, RATE, ROUND_TRIPS
from benchmarks.figure import Figure, Verdict
from benchmarks.figures import (
    FIGURES,
    load,
    peers,
    plumbing,
    prefetch,
    start,
    throughput,
    transport,
)
from benchmarks.figures.changes import AFTER, BEFORE, CHANGES
from benchmarks.page import plots
from benchmarks.page.markdown import number, table
from benchmarks.page.reasons import REASONS
from benchmarks.profiles import PROFILES
from benchmarks.results import Results
from benchmarks.turns import Measured

GAINS = (RATE, CPU, ROUND_TRIPS, start.FIRST, start.MEMORY)
"""What changes are about."""


@dataclass(frozen=True)
class Setting:
    """What can be set.

    Attributes:
        what: the setting.
        gain: what it is for.
        figure: where it is measured.
        having: the variant that has it.
        lacking: the one that differs from that in nothing else.
    """

    what: str
    gain: str
    figure: Figure
    having: str
    lacking: str


WITHOUT = "base class and check of arguments"

SETTINGS = (
    Setting(
        "`LOG_LEVEL=INFO`, the default",
        "lines in the log for each task, against `WARNING`",
        plumbing.FIGURE,
        "logs as JSON",
        WITHOUT,
    ),
    Setting(
        "`LOG_FORMAT=json`",
        "the same lines for programs, against `text` for people",
        plumbing.FIGURE,
        "logs as JSON",
        "logs as text",
    ),
    Setting(
        "`METRICS_PORT=9808`, the default",
        "data for dashboard and alerts, against `0`",
        plumbing.FIGURE,
        "metrics",
        WITHOUT,
    ),
    Setting(
        "`OTEL_EXPORTER_OTLP_ENDPOINT`",
        "traces while nobody takes them, so that sending them fails; against none, the default",
        plumbing.FIGURE,
        "traces, to nobody",
        WITHOUT,
    ),
    Setting(
        "`ignore_result=False` of a task",
        "its result, against the default",
        peers.FIGURE,
        peers.RESULTS,
        "service",
    ),
    Setting(
        "the answer `flower`",
        "events of each task, against a service without Flower",
        throughput.FIGURE,
        throughput.ALL,
        throughput.QUIET,
    ),
    Setting(
        "`WORKER_PREFETCH_MULTIPLIER=4`",
        "short tasks do not wait for the broker, and may wait behind long ones; against 1",
        prefetch.FIGURE,
        "4 for each",
        "1 for each",
    ),
    Setting(
        "`REDIS_TRANSPORT=reliable`, the default",
        "no message is lost with its worker, against `stock`",
        transport.FIGURE,
        transport.OURS,
        transport.STOCK,
    ),
    Setting(
        "the package `hiredis`, installed by default",
        "the parser for Redis in C, against that in Python",
        transport.FIGURE,
        transport.OURS,
        transport.PLAIN,
    ),
)


def conditions(results: Results) -> str:
    """Return when it was measured, and with what."""
    return "\n".join(f"- {each}" for each in results.conditions)


def targets(results: Results) -> str:
    """Return the table of what has to be reached."""
    rows = []
    for figure, measured in known(results):
        values: dict[tuple[str, str], dict[str, str]] = {}
        for broker, each in measured.items():
            for verdict in figure.verdicts(broker, each):
                value = number(verdict.value)
                shown = value if verdict.reached else f"**{value}**"
                values.setdefault((verdict.what, verdict.bound), {})[broker] = shown
        titles = chain([figure.title], repeat(""))
        for title, ((what, bound), found) in zip(titles, values.items(), strict=False):
            rows.append([title, what, bound, *(found.get(name, "") for name in NAMES)])
    return table(["figure", "what", "to reach", *NAMES.values()], rows)


def missed(results: Results) -> str:
    """Return a list of what is not reached, with the reasons."""
    items = []
    for figure, broker, verdict in unreached(results):
        reason = REASONS.get((figure.name, broker, verdict.what), "")
        what = f"{verdict.what}: {number(verdict.value)} instead of {verdict.bound}."
        items.append(f"- {figure.title}, {NAMES[broker]}, {what} {reason}".rstrip())
    items.extend(
        f"- {load(name).title}, {NAMES[broker]}: not measured." for name, broker in unknown(results)
    )
    return "\n".join(items) or "All are reached."


def unknown(results: Results) -> Iterator[tuple[str, str]]:
    """Yield what was not measured: figures, each with a broker."""
    for name in FIGURES:
        for broker in load(name).brokers:
            if broker not in results.of(name):
                yield name, broker


def unreached(results: Results) -> Iterator[tuple[Figure, str, Verdict]]:
    """Yield what is not reached, with its figure and broker."""
    for figure, measured in known(results):
        for broker, each in measured.items():
            for verdict in figure.verdicts(broker, each):
                if not verdict.reached:
                    yield figure, broker, verdict


def ratios(results: Results) -> str:
    """Return what each variant of a task that does nothing does against the two of Celery."""
    rows = []
    for broker, measured in results.of(throughput.FIGURE.name).items():
        for variant in measured.rounds:
            values = [
                number(measured.ratio(variant, to, unit))
                for to in (throughput.BARE, throughput.RECIPE)
                for unit in (RATE, CPU)
            ]
            rows.append([NAMES[broker], variant, *values])
    heads = [f"{unit} {to}" for to in ("to bare", "to the recipe") for unit in (RATE, "CPU")]
    return table(["broker", "variant", *heads], rows)


def changes(results: Results) -> str:
    """Return what each change gained."""
    rows = []
    for name, change in CHANGES.items():
        for broker, measured in results.of("changes").items():
            before, after = f"{name}, {BEFORE}", f"{name}, {AFTER}"
            rounds = measured.rounds.get(after)
            if not rounds:
                continue
            heads = chain([[f"{change.what} (`{change.commit}`)", NAMES[broker]]], repeat(["", ""]))
            units = [unit for unit in GAINS if unit in rounds[0]]
            for head, unit in zip(heads, units, strict=False):
                medians = [number(measured.median(variant, unit)) for variant in (before, after)]
                ratio = number(measured.ratio(after, before, unit))
                rows.append([*head, unit, *medians, ratio])
    return table(["what was changed", "broker", "of what", BEFORE, AFTER, "ratio"], rows)


def pictures(results: Results) -> str:
    """Return the links to the pictures."""
    drawn = [each for each in plots.PICTURES if results.of(each.figure)]
    return "\n\n".join(f"![{each.title}](pictures/{each.file})" for each in drawn)


def settings(results: Results) -> str:
    """Return the table of settings, each with what it costs."""
    rows = []
    for each in SETTINGS:
        for broker, measured in results.of(each.figure.name).items():
            cpu, rate = (measured.ratio(each.having, each.lacking, unit) for unit in (CPU, RATE))
            more = (cpu - 1) * measured.median(each.lacking, CPU)
            cost = [f"{more:+.2f} ms, {number(cpu)} times", f"{number(rate)} times"]
            rows.append([each.what, each.gain, NAMES[broker], *cost])
    return table(["setting", "what it gives", "broker", "CPU of a task", RATE], rows)


def everything(results: Results) -> str:
    """Return the medians of all variants of all figures."""
    parts = []
    for figure, measured in known(results):
        parts.append(f"### {figure.title}")
        parts.append(about(figure))
        for broker, each in measured.items():
            command = f"`python -m benchmarks {figure.name} --broker {broker}`"
            parts.append(f"{NAMES[broker]}, {command}, rounds: {each.count}.")
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
    "ratios": ratios,
    "pictures": pictures,
    "settings": settings,
    "profiles": profiles,
    "changes": changes,
    "everything": everything,
}
"""What is written anew, by its name on the page."""
