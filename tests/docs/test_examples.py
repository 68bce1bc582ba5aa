"""The pages of docs/examples describe what the template makes now, and their commands work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from examples.pages import about_variables, page, pages, tree
from examples.services import EXAMPLES, MEDIA
from tests.docs.pages import EXAMPLES as PAGES

WRITE_ANEW = "run `make examples`, and look at what has changed in docs/examples"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages as they are when the examples are made now."""
    return pages(tmp_path_factory.mktemp("examples"))


def test_there_is_a_page_for_each_example() -> None:
    assert [file.name for file in PAGES] == sorted(f"{each.page}.md" for each in EXAMPLES), (
        WRITE_ANEW
    )


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.name))
def test_a_page_is_what_the_service_says_of_itself(file: Path, made: dict[str, str]) -> None:
    assert file.read_text() == made[file.name], WRITE_ANEW


def test_a_command_that_does_not_work_is_no_example(tmp_path: Path) -> None:
    refused = replace(MEDIA, answers={"broker": "kafka"})

    with pytest.raises(RuntimeError, match="'kafka' is not one of redis, rabbitmq"):
        page(refused, tmp_path)


def test_a_variable_that_must_be_given_is_not_left_out(default_service: Path) -> None:
    with pytest.raises(ValueError, match=r"must be given .*'SMTP_HOST'"):
        list(about_variables(MEDIA, default_service))


def test_a_folder_that_nobody_has_described_is_named(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts/values.yaml").touch()

    with pytest.raises(ValueError, match="does not say what is in charts"):
        list(tree(tmp_path))
