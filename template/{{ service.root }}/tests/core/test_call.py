"""`python -m app.call` runs one task in the foreground."""

from __future__ import annotations

import sys

import pytest

from app import call
from tests.core.probes import flaky, move, refuse


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command in this process."""
    monkeypatch.setattr(sys, "argv", ["call", *arguments])
    return call.main()


def test_it_prints_the_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, move.name, '{"point": {"x": 1}, "by": 2}') == 0

    assert capsys.readouterr().out == '{\n  "x": 3,\n  "y": 2\n}\n'


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["no.such.task"], "invalid choice: 'no.such.task'"),
        ([move.name, "not JSON"], "not JSON"),
        ([move.name, "[1]"], "an object is needed"),
        ([move.name, '{"point": {}, "by": 1}'], "point.x: Field required"),
    ],
)
def test_it_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    advice: str,
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *arguments)

    assert stop.value.code == 2
    assert advice in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([refuse.name], f"{refuse.name} failed: no such account\n"),
        ([flaky.name, '{"failures": 1}'], f"{flaky.name} failed: the other side is busy\n"),
    ],
    ids=["for good", "for now"],
)
def test_a_task_that_fails_says_why_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    error: str,
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *arguments)

    assert stop.value.code == 1
    assert capsys.readouterr().err == error
