"""The pages of figures say what was measured last, and nothing else."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmarks import page, page_speed, plots
from benchmarks.__main__ import RESULTS
from benchmarks.reasons import REASONS
from benchmarks.results import Results, read
from tests.docs.pages import blocks
from tests.harness import ROOT, run


@pytest.fixture(scope="module")
def results() -> Results:
    """What was measured last."""
    return read(RESULTS)


@pytest.mark.parametrize("file", page.PAGES, ids=lambda file: str(file.name))
def test_a_page_is_what_its_command_writes(file: Path, results: Results) -> None:
    text = file.read_text()

    assert page.BLOCK.search(text)
    assert page.written(text, results) == text


def test_the_command_for_a_load_prints_what_the_page_shows() -> None:
    scale = ROOT / "docs/scale.md"
    [command] = [text for text in blocks(scale, "console") if "benchmarks.capacity" in text]

    done = run([sys.executable, *command.split()[1:]], ROOT)

    assert done.stdout in blocks(scale, "text")


def test_what_is_not_reached_has_a_reason_and_nothing_else_has(results: Results) -> None:
    missed = {
        (figure.name, broker, line.what) for figure, broker, line in page_speed.unreached(results)
    }

    assert missed == REASONS.keys()


def test_a_page_leaves_out_what_was_not_measured() -> None:
    nothing = Results({})

    for file in page.PAGES:
        text = page.written(file.read_text(), nothing)
        assert not re.search(r"tasks/s \|", text)
        assert "pictures/" not in text


def test_pictures_are_the_same_each_time_they_are_drawn(tmp_path: Path, results: Results) -> None:
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        plots.draw(results, tmp_path / name)

    drawn = sorted((tmp_path / "once").iterdir())
    assert drawn
    assert [file.read_bytes() for file in drawn] == [
        (tmp_path / "again" / file.name).read_bytes() for file in drawn
    ]
