"""Records which branches of the templates were taken while they were rendered."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

from jinja2 import Environment, nodes
from jinja2.filters import FILTERS

Place = tuple[str, int]
"""A template, or the text of a file name, and the line in it."""

Outcomes = dict[Place, set[bool]]

outcomes: Outcomes = defaultdict(set)
_parse = Environment._parse


@cache
def record_branches() -> None:
    """Record, from now on, every outcome of every `if` and whether every `for` had items."""
    FILTERS["record_outcome"] = _record
    Environment._parse = _recording_parse  # type: ignore[method-assign]


def _record(value: Any, name: str, line: int) -> Any:
    outcomes[name, line].add(bool(value))
    return value


def _recording_parse(
    self: Environment, source: str, name: str | None, filename: str | None
) -> nodes.Template:
    tree = _parse(self, source, name, filename)
    place = name or source
    for branch in tree.find_all(nodes.If):
        assert isinstance(branch.test, nodes.Expr)
        branch.test = _recorded(self, branch.test, place, branch.lineno)
    for choice in tree.find_all(nodes.CondExpr):
        assert isinstance(choice.test, nodes.Expr)
        choice.test = _recorded(self, choice.test, place, choice.lineno)
    for loop in tree.find_all(nodes.For):
        assert isinstance(loop.iter, nodes.Expr)
        loop.iter = _recorded(self, loop.iter, place, loop.lineno)
    return tree


def _recorded(environment: Environment, test: nodes.Expr, place: str, line: int) -> nodes.Expr:
    outcomes.setdefault((place, line), set())
    arguments: list[nodes.Expr] = [nodes.Const(place), nodes.Const(line)]
    recorded = nodes.Filter(test, "record_outcome", arguments, [], None, None, lineno=line)
    recorded.set_environment(environment)
    return recorded
