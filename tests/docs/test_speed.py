"""The pages of figures say what was measured last, and nothing else."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.figures import load
from benchmarks.page import plots
from benchmarks.page.__main__ import BLOCK, PAGES, written
from benchmarks.page.reasons import REASONS
from benchmarks.page.speed import changes, unreached
from benchmarks.results import RESULTS, Results, keep, packages, read
from benchmarks.turns import Measured, Round
from tests.docs.pages import blocks
from tests.harness import ROOT, run


@pytest.fixture(scope="module")
def results() -> Results:
    """What was measured last."""
    return read(RESULTS)


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.name))
def test_a_page_is_what_its_command_writes(file: Path, results: Results) -> None:
    text = file.read_text()

    assert BLOCK.search(text)
    assert written(text, results) == text


def test_the_command_for_a_load_prints_what_the_page_shows() -> None:
    scale = ROOT / "docs/scale.md"
    [command] = [text for text in blocks(scale, "console") if "benchmarks.capacity" in text]

    done = run([sys.executable, *command.split()[1:]], ROOT)

    assert done.stdout in blocks(scale, "text")


def test_what_is_not_reached_has_a_reason_and_nothing_else_has(results: Results) -> None:
    missed = {(figure.name, broker, verdict.what) for figure, broker, verdict in unreached(results)}

    assert missed == REASONS.keys()


def test_a_page_leaves_out_what_was_not_measured() -> None:
    nothing = Results({})

    for file in PAGES:
        text = written(file.read_text(), nothing)
        assert not re.search(r"tasks/s \|", text)
        assert "pictures/" not in text


def test_the_packages_of_an_environment_of_a_figure_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    measured = Measured({"bare Celery": [{"MB worker": 100.0}]})

    keep(file, load("start"), "redis", measured, {"bare": packages(Path(sys.prefix))})

    [*_, last] = read(file).conditions
    assert f"environment `bare` of `start`: celery {version('celery')}," in last


def test_a_page_says_what_a_change_gained() -> None:
    rounds: dict[str, list[Round]] = {
        "log lines, before": [{"CPU ms/task": 2.0}],
        "log lines, after": [{"CPU ms/task": 1.0}],
    }
    results = Results({"changes": {"redis": Measured(rounds)}})

    [_, _, row] = changes(results).splitlines()

    assert row.endswith("| Redis | CPU ms/task | 2 | 1 | 0.5 |")


def test_pictures_are_the_same_each_time_they_are_drawn(tmp_path: Path, results: Results) -> None:
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        plots.draw(results, tmp_path / name)

    drawn = sorted((tmp_path / "once").iterdir())
    assert drawn
    assert [file.read_bytes() for file in drawn] == [
        (tmp_path / "again" / file.name).read_bytes() for file in drawn
    ]
