"""What the README says about questions and files is what the template does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.docs.pages import blocks, code, table
from tests.harness import ROOT, questions

README = ROOT / "README.md"


def question_rows() -> dict[str, tuple[str, str]]:
    """Return the answers and the default that the table has for each question."""
    rows = table(README, "question")
    return {code(name)[0]: (answers, default) for name, answers, default, _ in rows}


def test_the_table_has_every_question_in_order() -> None:
    assert list(question_rows()) == list(questions())


def test_the_table_has_every_choice() -> None:
    shown = {name: code(answers) for name, (answers, _) in question_rows().items()}
    offered = {
        name: details["choices"] for name, details in questions().items() if "choices" in details
    }

    assert offered
    assert {name: shown[name] for name in offered} == offered


def test_the_table_has_every_default(default_service: Path) -> None:
    recorded = yaml.safe_load((default_service / ".copier-answers.yml").read_text())
    defaults = {name: recorded[name] for name in questions()}
    as_text = {True: "yes", False: "no", "": "nothing"}
    shown = {
        name: (code(default) or [default])[-1].replace("<purpose>", "example")
        for name, (_, default) in question_rows().items()
    }

    assert shown == {name: as_text.get(value, value) for name, value in defaults.items()}


def test_the_number_of_questions_is_right() -> None:
    words = {11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}

    assert f"Answer {words[len(questions())]} questions" in README.read_text()


def test_the_tree_is_that_of_a_default_service(default_service: Path) -> None:
    (tree,) = blocks(README, "text")
    root, *lines = tree.splitlines()
    entries = [re.match(r"( +)(\S+)", line) for line in lines]
    top = {entry[2] for entry in entries if entry and entry[1] == "  "}
    app = {entry[2] for entry in entries if entry and entry[1] == "    "}

    assert root == f"{default_service.name}/"
    assert top == listing(default_service)
    assert app == listing(default_service / "app")


def listing(folder: Path) -> set[str]:
    """Return what Git would keep in a folder: a package's marker and empty folders say nothing."""
    return {
        f"{entry.name}/" if entry.is_dir() else entry.name
        for entry in folder.iterdir()
        if entry.name != "__init__.py" and (entry.is_file() or any(entry.iterdir()))
    }
