"""Draws what was measured: the same results give the same files, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from benchmarks.capacity import NAMES
from benchmarks.drain import RATE
from benchmarks.figures import depth, scale, throughput
from benchmarks.results import Results
from benchmarks.turns import Measured

COLOURS = {"redis": "#c4462a", "rabbitmq": "#e0a02d"}

STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#bbbbbb",
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "font.size": 8,
    "grid.color": "#eeeeee",
    "legend.frameon": False,
    # Names of elements are made from this, and else from chance.
    "svg.hashsalt": "benchmarks",
    # Text stays text, so that a new number changes little.
    "svg.fonttype": "none",
}

THICK = 0.38
"""How much of the place of a variant a bar takes: there is one for each broker."""


@dataclass(frozen=True)
class Picture:
    """A picture of a figure: a bar for each variant and broker.

    Attributes:
        figure: the name of the figure.
        title: what it shows.
        variants: those that are shown, from above, if they were measured.
        to: the variant that all are divided by; none shows the values themselves.
    """

    figure: str
    title: str
    variants: tuple[str, ...]
    to: str = ""

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"speed-{self.figure}.svg"


PICTURES = (
    Picture(
        throughput.FIGURE.name,
        "Tasks a second, against bare Celery",
        (
            throughput.BARE,
            throughput.RECIPE,
            throughput.ALL,
            throughput.QUIET,
            throughput.BLINDFOLD,
            throughput.SILENT,
        ),
        throughput.BARE,
    ),
    Picture(
        depth.FIGURE.name,
        "Tasks a second, by how many messages wait",
        (depth.SHALLOW, depth.MIDDLE, depth.DEEP),
    ),
    Picture(
        scale.FIGURE.name,
        "Tasks a second, by nodes and children",
        tuple(scale.SHAPES),
    ),
)


def draw(results: Results, folder: Path) -> None:
    """Draw the figures that were measured.

    Args:
        results: what was measured.
        folder: where the pictures go.
    """
    for picture in PICTURES:
        if measured := results.of(picture.figure):
            bars(picture, measured, folder / picture.file)


def bars(picture: Picture, measured: Mapping[str, Measured], file: Path) -> None:
    """Draw a picture.

    Args:
        picture: what is to be seen.
        measured: the results of its figure, by broker.
        file: where it goes.
    """
    found = set.intersection(*(set(each.rounds) for each in measured.values()))
    variants = [variant for variant in picture.variants if variant in found]
    with pyplot.rc_context(STYLE):
        drawing, axes = pyplot.subplots(figsize=(7, 0.9 + 0.42 * len(variants)))
        for number, (broker, each) in enumerate(measured.items()):
            places = [place + number * THICK for place in range(len(variants))]
            values = [height(picture, each, variant) for variant in variants]
            drawn = axes.barh(places, values, THICK, color=COLOURS[broker], label=NAMES[broker])
            axes.bar_label(drawn, fmt="%.2f" if picture.to else "%.0f", padding=3)
        middle = THICK * (len(measured) - 1) / 2
        axes.set_yticks([place + middle for place in range(len(variants))])
        axes.set_yticklabels(variants)
        axes.invert_yaxis()
        axes.margins(x=0.1)
        axes.set_title(picture.title, loc="left")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        drawing.savefig(file, bbox_inches="tight", metadata={"Date": None})
        pyplot.close(drawing)


def height(picture: Picture, measured: Measured, variant: str) -> float:
    """Return how long a bar is."""
    if picture.to:
        return measured.ratio(variant, picture.to, RATE)
    return measured.median(variant, RATE)
