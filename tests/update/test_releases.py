"""A service made from any release takes in the template as it is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrations.moved_files import all_moves
from tests.harness import ROOT, Answers
from tests.update.releases import NOW, Stock, commit_of, in_all_cases, releases
from tests.update.services import States, different, git, is_record, theirs


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Update the release before the newest one. That one is updated in test_edits.py."""
    in_all_cases(metafunc, back=2)


def test_an_untouched_service_becomes_what_a_new_one_is(
    version: str, answers: Answers, stock: Stock, tmp_path: Path
) -> None:
    service = stock.service(version, answers, tmp_path / "service")
    before, fresh = service.states(), stock.fresh(answers)

    service.update(to=NOW, **stock.news(version, answers))

    assert service.conflicts() == []
    after = service.states()
    assert different(ours(after), ours(fresh)) == []
    owned = theirs(before)
    assert [file for file in owned if after.get(file) != before[file]] == []
    # What owners have written into a file of ours that is gone must not go with it.
    assert ours(before).keys() - fresh.keys() <= all_moves().keys()


def ours(states: States) -> States:
    """Return the files of the template, without the record of answers, which names a commit."""
    owned = theirs(states)
    return {
        file: state for file, state in states.items() if file not in owned and not is_record(file)
    }


def test_a_clone_without_the_releases_is_a_failure_and_says_so(tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", "shallow")

    for version in releases():
        with pytest.raises(pytest.fail.Exception, match=f"commit of {version} .*--unshallow"):
            commit_of(version, tmp_path / "shallow")
