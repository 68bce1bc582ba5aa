"""Every answer, and every two answers to different questions, is built, run and updated.

What there is to cover is computed from the questionnaire, and nothing is excepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import combinations, product
from operator import eq
from pathlib import Path
from typing import Any

import pytest

from extensions.answers import (
    DESCRIPTION_LENGTH,
    PREFIX,
    SERVICE_NAME_LENGTH,
    parse_apis,
    parse_names,
)
from extensions.model import CATALOGUE_LIMITS
from tests import matrix
from tests.harness import Answers, questions
from tests.update.releases import cases, possible

Value = tuple[str, str]
"""A question, and an answer to it or a kind of answers."""

Questions = Mapping[str, Mapping[str, Any]]
Kinds = Mapping[str, Callable[[Any], bool]]


def has_type(name: str, text: str) -> bool:
    """Tell whether a name is among the task types of an answer."""
    return name in parse_names(text)


KINDS: dict[str, Kinds] = {
    "service_name": {
        "the shortest": lambda name: len(name) == len(PREFIX) + 1,
        "the longest": lambda name: len(name) == SERVICE_NAME_LENGTH,
    },
    "description": {
        "the shortest": lambda text: len(text) == 1,
        "the longest": lambda text: len(text) == DESCRIPTION_LENGTH,
        "special characters": lambda text: set("\"'\\$#{}🐇") <= set(text),
    },
    "task_types": {
        **{name: partial(has_type, name) for name in CATALOGUE_LIMITS},
        "an own word": lambda text: not CATALOGUE_LIMITS.keys() >= set(parse_names(text)),
    },
    "deploy": {
        "nowhere else": lambda text: not parse_names(text),
        "Kubernetes": lambda text: parse_names(text) == ["kubernetes"],
        "systemd": lambda text: parse_names(text) == ["systemd"],
        "both": lambda text: len(parse_names(text)) > 1,
    },
    "external_apis": {
        "none": lambda text: not parse_apis(text),
        "several": lambda text: len(parse_apis(text)) > 1,
    },
}
"""What must be covered of the questions of free text."""

SMALL = """\
_subdirectory: template
broker: {type: str, choices: [redis, rabbitmq]}
beat: {type: bool, default: true}
external_apis: {type: str, default: ""}
hidden: {type: bool, when: false}
"""

SMALL_SERVICES: list[Answers] = [
    {"broker": broker, "beat": beat, "external_apis": apis}
    for broker, beat, apis in product(("redis", "rabbitmq"), (True, False), matrix.APIS.values())
]


def updated() -> list[Answers]:
    """Return the services that the update layer of every run brings to the working tree."""
    return [possible(version, shape) for version, shape in cases(full=False, back=1)]


@pytest.mark.parametrize(
    "services",
    [matrix.rendered, matrix.suites, updated],
    ids=["built", "run", "updated"],
)
def test_every_answer_and_every_two_answers_are(
    services: Callable[[], Iterable[Answers]],
) -> None:
    assert gaps(questions(), services()) == []


def gaps(asked: Questions, services: Iterable[Answers]) -> list[str]:
    """Return what the services leave out of the questions, each as a sentence.

    Only answers that are given count, not those that are left to the defaults.
    """
    values = {name: kinds_of(name, details) for name, details in asked.items()}
    in_each = [values_of(answers, values) for answers in services]
    covered = set[Value]().union(*in_each)
    together = {frozenset(pair) for found in in_each for pair in combinations(found, 2)}

    unknown = [
        f"{name} takes free text: say in KINDS what must be covered"
        for name, kinds in values.items()
        if not kinds
    ]
    missing = [
        f"{name}: no service has {kind}"
        for name, kinds in values.items()
        for kind in kinds
        if (name, kind) not in covered
    ]
    apart = [
        f"{one[0]} and {other[0]}: no service has both {one[1]} and {other[1]}"
        for one, other in combinations(sorted(covered), 2)
        if one[0] != other[0] and frozenset((one, other)) not in together
    ]
    return unknown + missing + apart


def kinds_of(name: str, details: Mapping[str, Any]) -> Kinds:
    """Return the answers or kinds of answers to a question, and how each is recognized."""
    if details["type"] == "bool":
        return {"yes": partial(eq, True), "no": partial(eq, False)}
    if "choices" in details:
        return {choice: partial(eq, choice) for choice in details["choices"]}
    return KINDS.get(name, {})


def values_of(answers: Answers, values: Mapping[str, Kinds]) -> set[Value]:
    """Return the values that a service has."""
    return {
        (name, kind)
        for name, kinds in values.items()
        if name in answers
        for kind, fits in kinds.items()
        if fits(answers[name])
    }


def asked_with(folder: Path, extra: str) -> Questions:
    """Return the questions of a small questionnaire and a further one."""
    file = folder / "copier.yml"
    file.write_text(SMALL + extra)
    return questions(file)


def test_a_questionnaire_may_be_covered(tmp_path: Path) -> None:
    assert gaps(asked_with(tmp_path, ""), SMALL_SERVICES) == []


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        ("metrics: {type: bool}", ["metrics: no service has yes", "metrics: no service has no"]),
        ("logs: {type: str, choices: [json]}", ["logs: no service has json"]),
        ("region: {type: str}", ["region takes free text: say in KINDS what must be covered"]),
    ],
)
def test_a_question_without_a_place_in_the_matrix_is_named(
    extra: str, found: list[str], tmp_path: Path
) -> None:
    assert gaps(asked_with(tmp_path, extra), SMALL_SERVICES) == found


def test_an_answer_that_is_left_to_its_default_does_not_count(tmp_path: Path) -> None:
    services = [
        {key: answer for key, answer in answers.items() if key != "beat"}
        for answers in SMALL_SERVICES
    ]

    assert gaps(asked_with(tmp_path, ""), services) == [
        "beat: no service has yes",
        "beat: no service has no",
    ]


def test_two_answers_that_no_service_has_together_are_named(tmp_path: Path) -> None:
    services = [
        answers
        for answers in SMALL_SERVICES
        if answers["broker"] == "redis" or answers["beat"] is True
    ]

    assert gaps(asked_with(tmp_path, ""), services) == [
        "beat and broker: no service has both no and rabbitmq"
    ]


def test_a_new_question_with_fixed_answers_takes_part_in_the_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**questions(), **asked_with(tmp_path, "metrics: {type: bool}")}
    monkeypatch.setattr(matrix, "questions", lambda: asked)

    assert gaps(asked, matrix.suites()) == []
    assert gaps(asked, matrix.rendered()) == []
