"""What is printed of a figure."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.turns import Measured, Round


def table(figure: Figure, broker: str, measured: Measured) -> str:
    """Return the medians of all variants, and what was to be reached."""
    rows = [f"{figure.title} ({broker}, {measured.count} rounds)"]
    for variant, results in measured.rounds.items():
        medians = {unit: measured.median(variant, unit) for unit in results[0]}
        rows.append(describe(variant, medians))
    for verdict in figure.verdicts(broker, measured):
        outcome = "reached" if verdict.reached else "NOT REACHED"
        rows.append(f"  {verdict.what}: {verdict.value:.3g}, {verdict.bound}: {outcome}")
    return "\n".join(rows)


def describe(variant: str, values: Round) -> str:
    """Return the values of a variant on a line."""
    return f"  {variant:36}" + "".join(f"{value:10.4g} {unit:16}" for unit, value in values.items())
