"""The combinations of answers, made from the questionnaire itself.

A question with fixed answers takes part as soon as it is in copier.yml. One of free text needs its
answers here, in TEXTS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import combinations, count, product
from string import ascii_lowercase
from typing import Any, TypeVar

from extensions.answers import DESCRIPTION_LENGTH
from extensions.model import CATALOGUE_LIMITS
from tests.harness import questions

Answer = str | bool
Chosen = TypeVar("Chosen")

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

NAMES = {
    "ordinary": "worker-celery-shop",
    "shortest": "worker-celery-a",
    "longest": "worker-celery-abcdefghij-klmnopqrstu",
}

DESCRIPTIONS = {
    "ordinary": "Sends invoices and reminders",
    "shortest": "x",
    "special": "Quotes \" ' backslash \\ dollar $HOME emoji 🐇 {{ braces }} #hash".ljust(
        DESCRIPTION_LENGTH, "."
    ),
}

TEXTS = {
    "service_name": NAMES,
    "description": DESCRIPTIONS,
    "task_types": TASK_TYPES,
    "external_apis": APIS,
}
"""Answers to the questions of free text."""

CORE = ("broker", "result_backend", "beat", "flower", "external_apis")
"""The questions whose answers are combined in full: 48 combinations."""

FURTHER = ("database", "http_api")
"""The other questions of which it depends what code a service has."""

EXTREMES: tuple[dict[str, Answer], ...] = (
    {
        "service_name": NAMES["shortest"],
        "task_types": "a",
        "external_apis": "b=https://b.example",
    },
    {
        "service_name": NAMES["longest"],
        "task_types": "abcdefghijklmnopqrst, email",
        "external_apis": "zyxwvutsrqponmlkjihg=https://long.example/with/a/path",
    },
    {"task_types": "etl", "beat": False},
    {"task_types": "maintenance", "beat": False, "result_backend": "none"},
    {"task_types": "ml", "broker": "rabbitmq", "result_backend": "none"},
    {"task_types": "ai", "broker": "rabbitmq", "result_backend": "none"},
    {"task_types": "reports, etl", "result_backend": "none"},
    {"task_types": "email, etl", "broker": "rabbitmq", "result_backend": "none"},
    {"task_types": "a", "broker": "rabbitmq", "result_backend": "none", "http_api": True},
    {"task_types": "a", "broker": "rabbitmq", "result_backend": "database", "http_api": True},
    {
        "task_types": TASK_TYPES["all"],
        "broker": "rabbitmq",
        "result_backend": "none",
        "database": True,
        "http_api": True,
    },
    {"task_types": "orders", "broker": "rabbitmq", "result_backend": "none", "database": True},
)


def values(question: str) -> list[Answer]:
    """Return every answer that a question offers, or those that stand for its free text."""
    details: Mapping[str, Any] = questions()[question]
    if details["type"] == "bool":
        return [False, True]
    return list(details.get("choices") or TEXTS[question].values())


def every(*names: str) -> Iterator[dict[str, Answer]]:
    """Yield every combination of answers to some questions."""
    for answers in product(*map(values, names)):
        yield dict(zip(names, answers, strict=True))


def core() -> Iterator[dict[str, Answer]]:
    """Yield every combination of broker, result backend, beat, Flower and APIs: 48 of them."""
    return every(*CORE)


def covering(*names: str) -> list[dict[str, Answer]]:
    """Return a few combinations with every pair of answers, by default of all that bring code.

    Each begins with a pair that is missing, and takes the answers that bring most others along:
    there are too many combinations to choose from all of them.
    """
    names = names or (*CORE, *FURTHER)
    missing = {pair for two in combinations(names, 2) for row in every(*two) for pair in pairs(row)}
    chosen = []
    while missing:
        row = dict(min(missing, key=str))
        for name in names:
            offers = [row | {name: value} for value in values(name)] if name not in row else [row]
            row = max(offers, key=lambda offer: len(pairs(offer) & missing))
        missing -= pairs(row)
        chosen.append({name: row[name] for name in names})
    return chosen


def few(
    candidates: Iterable[tuple[Chosen, Set[Any]]], there: Set[Any] = frozenset()
) -> list[Chosen]:
    """Return a few candidates, which together have all that any of them has.

    Args:
        candidates: each with what it has.
        there: what need not be among it.
    """
    left = list(candidates)
    missing = set().union(*(found for _, found in left)) - there
    chosen = []
    while missing:
        best, found = max(left, key=lambda candidate: len(candidate[1] & missing))
        missing -= found
        chosen.append(best)
    return chosen


def shapes() -> list[dict[str, Answer]]:
    """Return a few services in which every pair of answers to all questions occurs."""
    return covering(*questions())


def suites() -> Iterator[dict[str, Answer]]:
    """Yield every combination of the core, with answers to the rest such that each pair occurs.

    Task types are also taken one by one. A name of its own lets every service share the one
    RabbitMQ, as the names promise.
    """
    types = [*TASK_TYPES.values(), *ALONE.values()]
    further = [
        more | {"task_types": each} for each in types for more in every(*_beside("task_types"))
    ]
    names = {
        NAMES["ordinary"]: (f"worker-celery-s{number}" for number in count()),
        NAMES["shortest"]: (f"worker-celery-{letter}" for letter in ascii_lowercase),
        NAMES["longest"]: (f"{NAMES['longest'][:-2]}{number:02}" for number in count()),
    }
    for answers in spread(core(), further):
        yield answers | {"service_name": next(names[str(answers["service_name"])])}


def rendered() -> Iterator[dict[str, Answer]]:
    """Yield what the render layer looks at: the core with all task types, and the rest."""
    yield from spread(every(*CORE, "task_types"), every(*_beside("task_types")))
    for task_types in ALONE.values():
        yield {"task_types": task_types}
    yield from EXTREMES


def spread(
    rows: Iterable[dict[str, Answer]], further: Iterable[dict[str, Answer]]
) -> Iterator[dict[str, Answer]]:
    """Yield each row with further answers, chosen such that every pair occurs."""
    rows, further = list(rows), list(further)
    missing = {pair for row, more in product(rows, further) for pair in pairs(row | more)}
    for row in rows:
        best = max((row | more for more in further), key=lambda each: len(pairs(each) & missing))
        missing -= pairs(best)
        yield best


def pairs(answers: Mapping[str, Answer]) -> set[tuple[tuple[str, Answer], ...]]:
    """Return every two answers of a combination, in one order."""
    return set(combinations(sorted(answers.items()), 2))


def name(answers: Mapping[str, Answer]) -> str:
    """Return a short name for a combination, for folders and messages."""
    parts = [
        str(answers.get("broker", "redis")),
        str(answers.get("result_backend", "redis")),
        "beat" if answers.get("beat", True) else "nobeat",
        "flower" if answers.get("flower", True) else "noflower",
        "apis" if answers.get("external_apis") else "noapis",
    ]
    return "-".join(parts)


def _beside(question: str) -> list[str]:
    return [name for name in questions() if name not in (*CORE, question)]
