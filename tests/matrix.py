"""The combinations of answers, made from the questionnaire itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

from extensions.model import CATALOGUE_LIMITS
from tests.harness import questions

TASK_TYPES = {
    "own": "orders_sync, thumbnails",
    "default": "email, reports, etl",
    "all": ", ".join([*CATALOGUE_LIMITS, "orders_sync"]),
}
"""What every combination of the other answers is rendered with."""

ALONE = {name: name for name in CATALOGUE_LIMITS}
"""Each name of the catalogue by itself."""

APIS = {
    "none": "",
    "two": "payments=https://api.payments.example/v1, address_check=http://check.example:8080",
}

EXTREMES: tuple[dict[str, str | bool], ...] = (
    {"service_name": "worker-celery-a", "task_types": "a", "external_apis": "b=https://b.example"},
    {
        "service_name": "worker-celery-abcdefghij-klmnopqrstu",
        "task_types": "abcdefghijklmnopqrst, email",
        "external_apis": "zyxwvutsrqponmlkjihg=https://long.example/with/a/path",
    },
    {"description": "Quotes \" ' backslash \\ dollar $HOME emoji 🐇 {{ braces }} #hash"},
    {"task_types": "etl", "beat": False},
    {"task_types": "maintenance", "beat": False, "result_backend": "none"},
    {"task_types": "ml", "broker": "rabbitmq", "result_backend": "none"},
    {"task_types": "ai", "broker": "rabbitmq", "result_backend": "none"},
    {"task_types": "reports, etl", "result_backend": "none"},
    {"task_types": "email, etl", "broker": "rabbitmq", "result_backend": "none"},
)


def choices(question: str) -> list[str | bool]:
    """Return every answer that a question offers."""
    details: Mapping[str, Any] = questions()[question]
    if details["type"] == "bool":
        return [True, False]
    return list(details["choices"])


def core() -> Iterator[dict[str, str | bool]]:
    """Yield every combination of broker, result backend, beat, Flower and APIs: 48 of them."""
    names = ("broker", "result_backend", "beat", "flower")
    for *values, apis in product(*(choices(name) for name in names), APIS.values()):
        yield dict(zip(names, values, strict=True)) | {"external_apis": apis}


def covering() -> list[dict[str, str | bool]]:
    """Return a few combinations of the core in which every pair of answers occurs."""
    missing = {pair for answers in core() for pair in _pairs(answers)}
    chosen = []
    while missing:
        best = max(core(), key=lambda answers: len(_pairs(answers) & missing))
        missing -= _pairs(best)
        chosen.append(best)
    return chosen


def suites() -> Iterator[dict[str, str | bool]]:
    """Yield every combination of the core, with task types such that each pair of them occurs.

    A name of its own lets every service share the one RabbitMQ, as the names promise.
    """
    sets = [*TASK_TYPES.values(), *ALONE.values()]
    missing = {pair for types in sets for answers in core() for pair in _with_types(answers, types)}
    for number, answers in enumerate(core()):
        types = max(sets, key=lambda types: len(_with_types(answers, types) & missing))
        missing -= _with_types(answers, types)
        yield answers | {"service_name": f"worker-celery-s{number}", "task_types": types}


def _with_types(
    answers: Mapping[str, str | bool], types: str
) -> set[tuple[str, tuple[str, str | bool]]]:
    return {(types, item) for item in answers.items()}


def _pairs(answers: Mapping[str, str | bool]) -> set[tuple[tuple[str, str | bool], ...]]:
    return set(combinations(sorted(answers.items(), key=str), 2))


def rendered() -> Iterator[dict[str, str | bool]]:
    """Yield what the render layer looks at: the core with all task types, and the rest."""
    for answers in core():
        for task_types in TASK_TYPES.values():
            yield answers | {"task_types": task_types}
    for task_types in ALONE.values():
        yield {"task_types": task_types}
    for version in choices("python_version"):
        yield {"python_version": version}
    yield from EXTREMES


def name(answers: Mapping[str, str | bool]) -> str:
    """Return a short name for a combination, for folders and messages."""
    parts = [
        str(answers.get("broker", "redis")),
        str(answers.get("result_backend", "redis")),
        "beat" if answers.get("beat", True) else "nobeat",
        "flower" if answers.get("flower", True) else "noflower",
        "apis" if answers.get("external_apis") else "noapis",
    ]
    return "-".join(parts)
