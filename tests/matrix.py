"""The combinations of answers, made from the questionnaire itself.

A question with fixed answers takes part as soon as it is in copier.yml. One of free text needs its
answers here, in TEXTS.
"""

from __future__ import annotations

from collections import Counter
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

TARGETS = {
    "none": "",
    "kubernetes": "kubernetes",
    "systemd": "systemd",
    "both": "kubernetes, systemd",
}

TEXTS = {
    "service_name": NAMES,
    "description": DESCRIPTIONS,
    "task_types": TASK_TYPES,
    "external_apis": APIS,
    "deploy": TARGETS,
}
"""Answers to the questions of free text."""

CORE = ("broker", "result_backend", "beat", "flower", "external_apis")
"""The questions whose answers are combined in full: 48 combinations."""

FURTHER = ("database", "http_api")
"""The other questions of which it depends what code a service has."""

SHIPPING = ("deploy", "ci", "layout", "broker")
"""The questions of which it depends how a service is shipped: 48 combinations, all rendered."""

BEGINNINGS = 5
"""Of how many beginnings `covering` takes the best: more do not lead to fewer combinations."""

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
    {
        "task_types": "ml",
        "broker": "rabbitmq",
        "result_backend": "none",
        "deploy": "kubernetes",
    },
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
    offers = one_by_one(sorted(names, key=lambda name: len(values(name)), reverse=True))
    missing = {pair for two in combinations(names, 2) for row in every(*two) for pair in pairs(row)}
    chosen = []
    while missing:
        beginnings = sorted(missing, key=str)[:BEGINNINGS]
        rows = [completed(dict(pair), offers, missing, Counter()) for pair in beginnings]
        best = max(rows, key=lambda row: len(pairs(row) & missing))
        missing -= pairs(best)
        chosen.append({name: best[name] for name in names})
    return chosen


def one_by_one(names: Iterable[str]) -> list[list[dict[str, Answer]]]:
    """Return what each question offers."""
    return [list(every(name)) for name in names]


def completed(
    row: dict[str, Answer],
    further: Iterable[Iterable[dict[str, Answer]]],
    missing: Set[Any],
    seen: Mapping[Any, int],
) -> dict[str, Answer]:
    """Return a combination with one of each of the further answers. What it has is not replaced.

    Args:
        row: the combination as it is.
        further: the answers to choose from.
        missing: of which pairs as many as possible are wanted.
        seen: how often each pair has occurred. Where none is missing, the rarest are taken.
    """

    def gain(answers: dict[str, Answer]) -> tuple[int, int]:
        facts = found(answers)
        return len(facts & missing), -sum(seen[fact] for fact in facts)

    for offers in further:
        row = max((more | row for more in offers), key=gain)
    return row


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
    types: list[dict[str, Answer]] = [
        {"task_types": each} for each in [*TASK_TYPES.values(), *ALONE.values()]
    ]
    # Those with most answers are chosen together: the rows are hardly more than their pairs.
    wide = ("python_version", "deploy")
    together = [one | more for one, more in product(types, every(*wide))]
    rest = one_by_one(_others(*CORE, "task_types", *wide))
    names = {
        NAMES["ordinary"]: (f"worker-celery-s{number}" for number in count()),
        NAMES["shortest"]: (f"worker-celery-{letter}" for letter in ascii_lowercase),
        NAMES["longest"]: (f"{NAMES['longest'][:-2]}{number:02}" for number in count()),
    }
    for answers in spread(core(), together, *rest):
        yield answers | {"service_name": next(names[str(answers["service_name"])])}


def rendered() -> Iterator[dict[str, Answer]]:
    """Yield what the render layer looks at: the core with all task types, and the rest."""
    rest = one_by_one(_others(*CORE, "task_types", *SHIPPING))
    yield from spread(every(*CORE, "task_types"), every("deploy", "ci", "layout"), *rest)
    for task_types in ALONE.values():
        yield {"task_types": task_types}
    yield from EXTREMES


def in_turn(**answers: Answer) -> list[dict[str, Answer]]:
    """Return as few combinations as have every answer to the other questions."""
    offers = {name: values(name) for name in questions() if name not in answers}
    number = max(map(len, offers.values()))
    return [
        {name: each[turn % len(each)] for name, each in offers.items()} | answers
        for turn in range(number)
    ]


def shipped() -> Iterator[dict[str, Answer]]:
    """Yield every way to ship a service with either broker, and answers to the rest by pairs."""
    return spread(every(*SHIPPING), *one_by_one(_others(*SHIPPING)))


def spread(
    rows: Iterable[dict[str, Answer]], *further: Iterable[dict[str, Answer]]
) -> Iterator[dict[str, Answer]]:
    """Yield each row with one of each of the further answers, chosen such that every pair occurs.

    Where further answers are to be shipped in several ways, each of these occurs, too.
    """
    rows, *offers = [list(part) for part in (rows, *further)]
    missing = {
        fact
        for one, other in combinations((rows, *offers), 2)
        for answers, more in product(one, other)
        for fact in found(answers | more)
    }
    seen = Counter[Any]()
    for row in rows:
        best = completed(row, offers, missing, seen)
        missing -= found(best)
        seen.update(found(best))
        yield best


def found(answers: Mapping[str, Answer]) -> set[tuple[tuple[str, Answer], ...]]:
    """Return the pairs of answers in a combination, and how it is shipped if it says it all."""
    shipping = tuple((name, answers[name]) for name in SHIPPING if name in answers)
    return pairs(answers) | ({shipping} if len(shipping) == len(SHIPPING) else set())


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


def _others(*names: str) -> list[str]:
    return [name for name in questions() if name not in names]
