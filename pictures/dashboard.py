"""The picture of the dashboard: each panel with real data, where Grafana places it.

Grafana cannot be had as a package. What it asks, a real Prometheus is asked here: the expressions
of the rendered dashboard, over a minute in the life of a service.
"""

from __future__ import annotations

import json
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from cycler import cycler
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from tests.harness import ROOT, Answers, render, run

PICTURE = ROOT / "docs/pictures/dashboard.png"
WATCH = ROOT / "pictures/watch.py"

ANSWERS: Answers = {"service_name": "worker-celery-shop", "task_types": "orders, thumbnails"}

COLUMNS = 24
CELL = (52, 24)
"""Width and height of one of Grafana's cells, in pixels."""

MARGINS = (40, 12, 36, 22)
"""What is kept free in a panel of lines, in pixels: left, right, below, above."""

DPI = 100

COLOURS = 64
"""How many the file has: it is for a page."""

STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#bbbbbb",
    "axes.grid": True,
    "axes.prop_cycle": cycler(
        color=["#3274d9", "#e0752d", "#56a64b", "#c4162a", "#8f3bb8", "#806600", "#37872d"]
    ),
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "font.size": 7,
    "grid.color": "#eeeeee",
    "legend.columnspacing": 0.8,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1,
    "legend.handletextpad": 0.4,
    "lines.linewidth": 1.1,
}

BACKGROUND = {"green": "#4a9a4a", "red": "#c4453c"}

Shown = dict[str, Any]
Area = tuple[float, float, float, float]
"""Left, below, width and height, in pixels."""


def main() -> None:
    """Run a service for a minute, and draw its dashboard."""
    with tempfile.TemporaryDirectory() as folder:
        panels = observed(render(Path(folder) / "service", ANSWERS))
    PICTURE.parent.mkdir(exist_ok=True)
    draw(panels).save(PICTURE, optimize=True)


def observed(service: Path) -> list[Shown]:
    """Return the panels of a service's dashboard, with what they have shown.

    Raises:
        SystemExit: when the service does not run, with what it said.
    """
    done = run([sys.executable, str(WATCH)], service)
    if done.returncode:
        sys.exit(done.stdout)
    panels: list[Shown] = json.loads(done.stdout.splitlines()[-1])
    return panels


def draw(panels: list[Shown]) -> Image.Image:
    """Return the picture of a dashboard."""
    places = [shown["panel"]["gridPos"] for shown in panels]
    lines = max(place["y"] + place["h"] for place in places)
    width, height = COLUMNS * CELL[0], lines * CELL[1]
    with pyplot.rc_context(STYLE):
        figure = pyplot.figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        for shown, place in zip(panels, places, strict=True):
            area = (
                place["x"] * CELL[0],
                (lines - place["y"] - place["h"]) * CELL[1],
                place["w"] * CELL[0],
                place["h"] * CELL[1],
            )
            PAINTERS[shown["panel"]["type"]](figure, area, shown)
        buffer = BytesIO()
        figure.savefig(buffer)
    return Image.open(buffer).convert("RGB").quantize(COLOURS)


def paint_heading(figure: Any, area: Area, shown: Shown) -> None:
    """Write the heading of a row."""
    axes = axes_in(figure, area)
    axes.axis("off")
    axes.text(0.005, 0.5, shown["panel"]["title"], va="center", fontsize=10, fontweight="bold")


def paint_number(figure: Any, area: Area, shown: Shown) -> None:
    """Write the newest value of a panel in large, on the colour that it has there."""
    panel, points = shown["panel"], shown["lines"][0]["points"]
    newest = points[-1][1]
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults["thresholds"]["steps"]
    colour = [step["color"] for step in steps if step["value"] is None or newest >= step["value"]]
    left, below, width, height = area
    axes = axes_in(figure, (left + 4, below + 4, width - 8, height - 8))
    axes.set(xticks=[], yticks=[], facecolor=BACKGROUND[colour[-1]])
    text: dict[str, Any] = {"color": "white", "ha": "center", "va": "center"}
    axes.text(0.5, 0.82, panel["title"], fontsize=8, **text)
    axes.text(0.5, 0.42, written(newest, defaults["unit"]), fontsize=18, fontweight="bold", **text)


def paint_lines(figure: Any, area: Area, shown: Shown) -> None:
    """Draw the lines of a panel."""
    left, below, width, height = area
    margin = MARGINS
    axes = axes_in(
        figure,
        (
            left + margin[0],
            below + margin[2],
            width - margin[0] - margin[1],
            height - margin[2] - margin[3],
        ),
    )
    unit = shown["panel"]["fieldConfig"]["defaults"]["unit"]
    for line in shown["lines"]:
        seconds, values = zip(*line["points"], strict=True)
        axes.plot(seconds, values, label=line["name"])
    axes.set_title(shown["panel"]["title"], loc="left")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, unit)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} s"))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if shown["lines"]:
        axes.legend(loc="upper left", bbox_to_anchor=(-0.03, -0.12), ncols=5)
    else:
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "No data", ha="center", color="#888888", fontsize=9)


def axes_in(figure: Any, area: Area) -> Axes:
    """Return axes that fill an area of the figure."""
    width, height = figure.get_size_inches() * DPI
    across, up = area[0] / width, area[1] / height
    axes: Axes = figure.add_axes((across, up, area[2] / width, area[3] / height))
    return axes


def written(value: float, unit: str) -> str:
    """Return a value with its unit, as Grafana shows it."""
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    return f"{value:.3g}" + {"s": " s", "ops": "/s"}.get(unit, "")


PAINTERS = {"row": paint_heading, "stat": paint_number, "timeseries": paint_lines}
