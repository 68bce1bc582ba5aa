"""What owners write survives an update from any release."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Answers
from tests.update.edits import EDITS, work_on
from tests.update.releases import NOW, SHAPES, Stock, in_all_cases
from tests.update.services import is_record, theirs


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Update the newest release. The one before is updated in test_releases.py."""
    in_all_cases(metafunc, back=1)


def test_no_edit_of_the_owners_is_lost(
    version: str, answers: Answers, stock: Stock, tmp_path: Path
) -> None:
    service = stock.service(version, answers, tmp_path / "service")
    traces = work_on(service)
    before = service.states()

    service.update(to=NOW, **stock.news(version, answers))

    assert service.conflicts() == []
    after, fresh = service.states(), stock.fresh(answers)
    ours = fresh.keys() - theirs(fresh)
    assert [loss for trace in traces for loss in trace.losses(before, after, ours)] == []
    edited = {file for trace in traces for file in trace.changes}
    untouched = [file for file in sorted(ours - edited) if not is_record(file)]
    assert [file for file in untouched if after.get(file) != fresh[file]] == []
    kept = theirs(before) - edited
    assert [file for file in sorted(kept) if after.get(file) != before[file]] == []


def test_every_edit_is_made_to_some_service(stock: Stock, tmp_path: Path) -> None:
    services = [
        stock.service(NOW, answers, tmp_path / str(number)) for number, answers in enumerate(SHAPES)
    ]

    made = {trace.name for service in services for trace in work_on(service)}

    assert made == {edit.name for edit in EDITS}
