"""The reference names what a generated service has, with the defaults that it has."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from extensions.model import CATALOGUE_LIMITS, DEFAULT_LIMITS
from tests import matrix
from tests.docs.pages import code, table
from tests.harness import ROOT, render, run

REFERENCE = ROOT / "docs/reference.md"


def variables(service: Path) -> dict[str, str]:
    """Return the variables of a service with their defaults."""
    example = (service / ".env.example").read_text()
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", example, re.MULTILINE))


def documented() -> dict[str, str]:
    """Return the variables of the table with their defaults."""
    return {
        code(name)[0]: "".join(code(default)) for name, default, _ in table(REFERENCE, "variable")
    }


def test_every_variable_of_every_service_is_there_and_no_other(tmp_path: Path) -> None:
    found: set[str] = set()
    for number, answers in enumerate(matrix.covering()):
        types = {"task_types": matrix.TASK_TYPES["all"]}
        found |= variables(render(tmp_path / f"{number}", answers | types)).keys()

    renamed = {re.sub("^(PAYMENTS|ADDRESS_CHECK)_", "<API>_", name) for name in found}
    assert documented().keys() == renamed


def test_the_defaults_are_those_of_a_default_service(default_service: Path) -> None:
    defaults = variables(default_service)

    assert {name: documented()[name] for name in defaults} == defaults


@pytest.fixture
def script_variables() -> list[str]:
    """The variables of the second table."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| [^|]+ \|$", REFERENCE.read_text(), re.MULTILINE)
    assert rows
    return rows


def test_scripts_and_tools_read_their_variables(
    full_service: Path, script_variables: list[str]
) -> None:
    folders = ("scripts", "dev", "app/core")
    files = [file for folder in folders for file in (full_service / folder).iterdir()]
    text = "".join(file.read_text() for file in files if file.is_file())

    assert [name for name in script_variables if name not in text] == []


def test_the_limits_are_those_of_the_model() -> None:
    rows = {
        (code(name) or ["any other"])[0]: limits for name, *limits in table(REFERENCE, "task type")
    }
    wanted = {**CATALOGUE_LIMITS, "any other": DEFAULT_LIMITS}

    assert rows == {name: [f"{limit} s" for limit in limits] for name, limits in wanted.items()}


def test_the_commands_are_those_of_the_makefile(full_service: Path) -> None:
    makefile = (full_service / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    shown = {code(row[0])[0].removeprefix("make ") for row in table(REFERENCE, "command")}
    assert shown == targets - {"help"}


def test_the_coverage_threshold_is_that_of_the_project(default_service: Path) -> None:
    project = (default_service / "pyproject.toml").read_text()
    threshold = re.search(r"fail_under = (\d+)", project)

    assert threshold
    assert f"must reach {threshold[1]} %" in REFERENCE.read_text()


def test_what_the_core_offers_is_there(full_service: Path) -> None:
    names = [code(row[0])[0] for row in table(REFERENCE, "import")]
    imports = "\n".join("from {} import {}".format(*name.rsplit(".", 1)) for name in names)

    done = run(["python", "-c", imports], full_service)

    assert done.returncode == 0, done.stdout


def test_the_packages_that_the_pages_name_are_installed() -> None:
    for name in ("copier", "copier_template_extensions"):
        import_module(name)
