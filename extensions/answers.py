"""The rules of the questionnaire: what may be answered, and what to say when it may not.

Each rule takes one answer and returns "" or one sentence that names the fault and shows a good
answer. The sentence is what a person reads at the prompt, and what `--data` is refused with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from keyword import iskeyword
from typing import Any
from unicodedata import category, normalize
from urllib.parse import urlsplit

PREFIX = "worker-celery-"
SERVICE_NAME_LENGTH = 36
NAME_LENGTH = 20
DESCRIPTION_LENGTH = 200
URL_LENGTH = 200

CHOICES = {
    "broker": ("redis", "rabbitmq"),
    "result_backend": ("redis", "database", "none"),
    "ci": ("github", "gitlab", "none"),
    "layout": ("standalone", "monorepo"),
    "python_version": ("3.11", "3.12", "3.13", "3.14"),
}
"""What the questions with a fixed set of answers offer."""

TARGETS = ("kubernetes", "systemd")
"""Where a service can be deployed, any of them."""

EXAMPLES = {
    "service_name": "worker-celery-billing",
    "description": "Sends invoices and reminders",
    "task_types": "email, reports, etl",
    "external_apis": "payments=https://api.example.com",
    "deploy": "kubernetes, systemd",
}
"""A good answer to each question that takes free text."""

_PURPOSE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_HOST = r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*"
_BASE_URL = re.compile(rf"https?://{_HOST}(:[0-9]+)?(/[a-z0-9._~%:+=-]*)*", re.IGNORECASE)
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, halves of characters, and separators of lines and paragraphs."""

_YES = {"yes", "y", "true", "t", "on", "1"}
_NO = {"no", "n", "false", "f", "off", "0"}


def parse_names(text: str) -> list[str]:
    """Return the names in a comma-separated answer that has passed its rule."""
    return [name for name in _entries(text) if name]


def parse_apis(text: str) -> list[tuple[str, str]]:
    """Return name and base URL, without a slash at its end, of each API in a valid answer."""
    entries = (_name_and_url(entry) for entry in _entries(text) if entry)
    return [(name, url.rstrip("/")) for name, url in entries]


def service_folder(name: str, layout: str) -> str:
    """Return the folder of a service in its repository."""
    return f"services/{name}" if layout == "monorepo" else "."


def is_yes(value: object) -> bool:
    """Tell whether a valid answer to a yes-or-no question means yes."""
    return str(value).strip().lower() in _YES


def class_name(name: str) -> str:
    """Turn `orders_sync` into `OrdersSync`."""
    return "".join(word.capitalize() for word in name.split("_"))


def fault(value: object, question: str) -> str:
    """Return what is wrong with an answer, together with a good one, or "" if nothing is.

    The answer may be of any type: `--data` brings text, a `--data-file` whatever YAML holds.
    """
    return QUESTIONS[question](value)


def faults_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with each of the answers that is, in the order of the questions."""
    checked = {name: fault(given[name], name) for name in QUESTIONS if name in given}
    return {name: text for name, text in checked.items() if text}


def faults_together(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with answers that are good one by one, but not together."""
    apis = dict(parse_apis(str(given.get("external_apis", ""))))
    if "ai" not in apis or "ai" not in parse_names(str(given.get("task_types", ""))):
        return {}
    taken = "the task type ai has a client, settings and tests of this name"
    return {"external_apis": f"{taken}; for example other_ai={_corrected_url(apis['ai'])}"}


def unknown_names(given: Iterable[str]) -> dict[str, str]:
    """Return what to say about each name that no question has. Copier's own begin with `_`."""
    return {
        name: _unknown_name(name)
        for name in given
        if name not in QUESTIONS and not name.startswith("_")
    }


def refusal(faults: Mapping[str, str]) -> str:
    """Compose the one message that refuses all answers that cannot be used, in their order."""
    order = [
        *filter(faults.__contains__, QUESTIONS),
        *(name for name in faults if name not in QUESTIONS),
    ]
    lines = [f"  {name}: {faults[name]}." for name in order]
    return "\n".join(["These answers cannot be used, and nothing was written:", *lines])


def service_name_fault(name: str) -> str:
    """Judge the name of the service."""
    example = f"for example {_corrected_service_name(name)}"
    if not name.startswith(PREFIX) or not _PURPOSE.fullmatch(name.removeprefix(PREFIX)):
        wanted = f"{PREFIX} and then lower-case words joined by hyphens"
        return f"{_shown(name)} is not {wanted}; {example}"
    if len(name) > SERVICE_NAME_LENGTH:
        return f"{_too_long(_shown(name), name, SERVICE_NAME_LENGTH)}; {example}"
    return ""


def description_fault(text: str) -> str:
    """Judge the description: one line of any characters."""
    example = f"for example {EXAMPLES['description']}"
    if not text.strip():
        return f"the description is empty; {example}"
    if any(category(character) in _UNPRINTABLE for character in text):
        return f"the description is not one line of printable characters; {example}"
    if len(text) > DESCRIPTION_LENGTH:
        return f"{_too_long('the description', text, DESCRIPTION_LENGTH)}; {example}"
    return ""


def task_types_fault(text: str) -> str:
    """Judge the task types: at least one name, and no two that would give the same files."""
    if not text.strip():
        return f"at least one task type is needed; for example {EXAMPLES['task_types']}"
    names = _entries(text)
    faults = [*map(_name_fault, names), *_clashes(names)]
    good_names = _without_clashes((_corrected_name(name), "") for name in names)
    return _with_example(faults, good_names, "task_types")


def external_apis_fault(text: str) -> str:
    """Judge the external APIs. A URL is never shown: it may hold a password."""
    if not text.strip():
        return ""
    faults: list[str] = []
    names: list[str] = []
    good: list[tuple[str, str]] = []
    for position, entry in enumerate(_entries(text), start=1):
        name, url = _name_and_url(entry)
        if not name or not url or re.search("[:/@]", name):
            faults.append(f"entry {position} is not name=https://base.url")
            continue
        faults += [_name_fault(name), _url_fault(name, url)]
        names.append(name)
        good.append((_corrected_name(name), f"={_corrected_url(url)}"))
    return _with_example([*faults, *_clashes(names)], _without_clashes(good), "external_apis")


def deploy_fault(text: str) -> str:
    """Judge where it is deployed: any of the targets that there are."""
    if not text.strip():
        return ""
    names = _entries(text)
    offered = ", ".join(TARGETS)
    faults = [f"{_shown(name)} is not one of {offered}" for name in names if name not in TARGETS]
    good = [target for target in TARGETS if target in names]
    return _with_example([*faults, *_clashes(names)], good, "deploy")


def choice_fault(value: object, offered: Sequence[str]) -> str:
    """Judge the answer to a question with a fixed set of answers."""
    if str(value) in offered and not isinstance(value, bool):
        return ""
    nearest = get_close_matches(str(value).lower(), offered, n=1, cutoff=0)[0]
    return f"{_shown(value)} is not one of {', '.join(offered)}; for example {nearest}"


def switch_fault(value: object) -> str:
    """Judge the answer to a yes-or-no question."""
    if str(value).strip().lower() in _YES | _NO:
        return ""
    return f"{_shown(value)} is neither yes nor no; for example yes"


def _text_fault(value: object, question: str, rule: Callable[[str], str]) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return f"{_shown(value)} is not text; for example {EXAMPLES[question]}"
    return rule(str(value))


QUESTIONS: dict[str, Callable[[object], str]] = {
    "service_name": partial(_text_fault, question="service_name", rule=service_name_fault),
    "description": partial(_text_fault, question="description", rule=description_fault),
    "task_types": partial(_text_fault, question="task_types", rule=task_types_fault),
    "broker": partial(choice_fault, offered=CHOICES["broker"]),
    "result_backend": partial(choice_fault, offered=CHOICES["result_backend"]),
    "database": switch_fault,
    "beat": switch_fault,
    "flower": switch_fault,
    "http_api": switch_fault,
    "external_apis": partial(_text_fault, question="external_apis", rule=external_apis_fault),
    "deploy": partial(_text_fault, question="deploy", rule=deploy_fault),
    "ci": partial(choice_fault, offered=CHOICES["ci"]),
    "layout": partial(choice_fault, offered=CHOICES["layout"]),
    "python_version": partial(choice_fault, offered=CHOICES["python_version"]),
    "allow_removal": switch_fault,
}
"""The rule of every question, in the order of copier.yml."""


def _unknown_name(name: str) -> str:
    similar = get_close_matches(name.lower(), QUESTIONS, n=1)
    if similar:
        return f"no question has this name; the nearest is {similar[0]}"
    return f"no question has this name; the questions are {', '.join(QUESTIONS)}"


def _name_fault(name: str) -> str:
    if not name:
        return "a name is missing beside a comma"
    if not _NAME.fullmatch(name):
        return f"{_shown(name)} is not lower-case words joined by underscores"
    if iskeyword(name):
        return f"{_shown(name)} is a keyword of Python"
    if len(name) > NAME_LENGTH:
        return _too_long(_shown(name), name, NAME_LENGTH)
    return ""


def _clashes(names: Sequence[str]) -> list[str]:
    """Name each pair that would give the same class: `orders_2` and `orders2` are both Orders2."""
    first: dict[str, str] = {}
    faults = []
    for name in filter(_NAME.fullmatch, names):
        earlier = first.setdefault(class_name(name), name)
        if earlier != name:
            faults.append(f"'{earlier}' and '{name}' give the same class {class_name(name)}")
        elif names.count(name) > 1 and f"'{name}' is there twice" not in faults:
            faults.append(f"'{name}' is there twice")
    return faults


def _url_fault(name: str, url: str) -> str:
    if "@" in url:
        return f"the address of {name} holds a user or password, and answers are recorded"
    if "?" in url or "#" in url:
        return f"the address of {name} goes on with a query or fragment"
    if len(url) > URL_LENGTH:
        return _too_long(f"the address of {name}", url, URL_LENGTH)
    if not url.lower().startswith(("https://", "http://")):
        return f"the address of {name} does not begin with https:// or http://"
    if not _BASE_URL.fullmatch(url) or not _has_possible_port(url):
        return f"the address of {name} is not a host with an optional port and path"
    return ""


def _has_possible_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",")]


def _name_and_url(entry: str) -> tuple[str, str]:
    name, _, url = entry.partition("=")
    return name.strip(), url.strip()


def _with_example(faults: Iterable[str], good: Sequence[str], question: str) -> str:
    found = "; ".join(filter(None, faults))
    return found and f"{found}; for example {', '.join(good) or EXAMPLES[question]}"


def _without_clashes(named: Iterable[tuple[str, str]]) -> list[str]:
    """Join name and rest, and leave out what has no name or the class of an earlier one."""
    good: dict[str, str] = {}
    for name, rest in named:
        if name:
            good.setdefault(class_name(name), f"{name}{rest}")
    return list(good.values())


def _corrected_service_name(name: str) -> str:
    words = [word for word in _words(name) if word not in PREFIX.split("-")]
    purpose = _identifier(words, "-", SERVICE_NAME_LENGTH - len(PREFIX))
    return f"{PREFIX}{purpose}" if purpose else EXAMPLES["service_name"]


def _corrected_name(name: str) -> str:
    good = _identifier(_words(name), "_", NAME_LENGTH)
    return f"{good}_jobs" if iskeyword(good) else good


def _corrected_url(url: str) -> str:
    """Return the address without what is not allowed, if it is clear what that is."""
    scheme = "http" if url.lower().startswith("http://") else "https"
    address = re.split("[?#]", url.rpartition("://")[2])[0]
    good = f"{scheme}://{''.join(address.split())}".rstrip("/")
    return "https://api.example.com" if "@" in url or _url_fault("", good) else good


def _identifier(words: Iterable[str], joint: str, longest: int) -> str:
    return joint.join(words).lstrip(f"0123456789{joint}")[:longest].rstrip(joint)


def _words(text: str) -> list[str]:
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.findall("[a-z0-9]+", _CAMEL_CASE.sub(" ", plain).lower())


def _too_long(what: str, text: str, longest: int) -> str:
    return f"{what} has {len(text)} characters and may have {longest}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
