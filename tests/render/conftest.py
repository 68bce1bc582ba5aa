"""Renders everything once for the layer, and records which branches of the templates were taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import matrix
from tests.harness import hurry_copier, render
from tests.render.jinja_coverage import record_branches

# Before the first template is compiled.
record_branches()
hurry_copier()

Renders = dict[Path, dict[str, str | bool]]


@pytest.fixture(scope="session")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Renders:
    """All rendered services: the folders of their repositories, with their answers."""
    root = tmp_path_factory.mktemp("renders")
    done = {}
    for number, answers in enumerate(matrix.rendered()):
        done[render(root / f"{number:03}-{matrix.name(answers)}", answers)] = answers
    return done
