"""A module for each figure."""

from __future__ import annotations

from importlib import import_module

from benchmarks.figure import Figure

FIGURES = (
    "throughput",
    "transport",
    "plumbing",
    "changes",
    "bulk",
    "chunks",
    "io",
    "peers",
    "prefetch",
    "scale",
    "pickup",
    "recovery",
    "start",
    "depth",
    "copier",
    "releases",
)
"""In the order in which they are measured and shown."""


def load(name: str) -> Figure:
    """Return a figure."""
    figure: Figure = import_module(f"{__name__}.{name}").FIGURE
    return figure
