"""What owners checked their service with stays when the template brings pipelines of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.update.releases import NOW, Stock
from tests.update.services import Service

BEFORE = "0.7.0"
"""The last release without pipelines."""

CI = ".github/workflows/ci.yml"
HOOKS = ".pre-commit-config.yaml"
RENOVATE = "renovate.json"

OWN = {
    CI: "name: Ours\non: [push]\njobs: {}\n",
    HOOKS: "repos: []  # ours\n",
    RENOVATE: '{ "extends": ["local>ours/renovate"] }\n',
}


@pytest.fixture
def service(stock: Stock, tmp_path: Path) -> Service:
    """A service of the last release without pipelines, with those of its owners."""
    service = stock.service(BEFORE, {}, tmp_path / "service")
    (service.folder / CI).parent.mkdir(parents=True)
    for file, text in OWN.items():
        service.write(file, text)
    service.commit()
    return service


def test_both_sides_of_a_pipeline_are_visible_and_renovate_stays_the_owners(
    service: Service,
) -> None:
    service.update(to=NOW)

    assert service.conflicts() == sorted([CI, HOOKS])
    for file in (CI, HOOKS):
        owners, _, _ = service.read(file).partition("=======\n")
        assert OWN[file] in owners
    assert service.read(RENOVATE) == OWN[RENOVATE]


def test_without_a_pipeline_of_ours_theirs_stays_as_it_is(service: Service) -> None:
    service.update(to=NOW, ci="none")

    assert service.conflicts() == [HOOKS]
    assert service.read(CI) == OWN[CI]


def test_renovate_comes_once_and_stays_away_where_it_was_deleted(
    stock: Stock, tmp_path: Path
) -> None:
    service = stock.service(BEFORE, {}, tmp_path / "service")

    service.update(to=NOW)
    assert service.exists(RENOVATE)

    (service.folder / RENOVATE).unlink()
    service.commit()
    service.update(to=NOW)
    assert not service.exists(RENOVATE)
