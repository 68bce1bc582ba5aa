"""Good answers come through unchanged, bad ones are refused with a sentence that helps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from copier.errors import UserMessageError

from extensions import answers

NAME = "is not worker-celery- and then lower-case words joined by hyphens"
WORDS = "is not lower-case words joined by underscores"
LINE = "the description is not one line of printable characters"
INVOICES = "for example Sends invoices and reminders"
SCHEME = "the address of payments does not begin with https:// or http://"
SECRET = "the address of payments holds a user or password, and answers are recorded"
HOST = "the address of payments is not a host with an optional port and path"
QUERY = "the address of payments goes on with a query or fragment"
PAYMENTS = "for example payments=https://api.example.com"
TARGETS = "is not one of kubernetes, systemd"

BAD_TEXT = [
    ("service_name", "", f"'' {NAME}; for example worker-celery-billing"),
    ("service_name", "billing", f"'billing' {NAME}; for example worker-celery-billing"),
    (
        "service_name",
        "worker-celery-",
        f"'worker-celery-' {NAME}; for example worker-celery-billing",
    ),
    ("service_name", "worker-celery", f"'worker-celery' {NAME}; for example worker-celery-billing"),
    (
        "service_name",
        "worker-celery-Orders",
        f"'worker-celery-Orders' {NAME}; for example worker-celery-orders",
    ),
    (
        "service_name",
        "worker_celery_order_sync",
        f"'worker_celery_order_sync' {NAME}; for example worker-celery-order-sync",
    ),
    (
        "service_name",
        "worker-celery-2fast",
        f"'worker-celery-2fast' {NAME}; for example worker-celery-fast",
    ),
    (
        "service_name",
        "worker-celery-a--b",
        f"'worker-celery-a--b' {NAME}; for example worker-celery-a-b",
    ),
    (
        "service_name",
        "worker-celery-a\n",
        f"'worker-celery-a\\n' {NAME}; for example worker-celery-a",
    ),
    (
        "service_name",
        "worker-celery-größe",
        f"'worker-celery-größe' {NAME}; for example worker-celery-groe",
    ),
    ("service_name", "../etc", f"'../etc' {NAME}; for example worker-celery-etc"),
    (
        "service_name",
        "worker-celery-" + "a" * 23,
        f"'worker-celery-{'a' * 23}' has 37 characters and may have 36;"
        f" for example worker-celery-{'a' * 22}",
    ),
    ("description", "", f"the description is empty; {INVOICES}"),
    ("description", " \u3000", f"the description is empty; {INVOICES}"),
    ("description", "one\ntwo", f"{LINE}; {INVOICES}"),
    ("description", "one\ttwo", f"{LINE}; {INVOICES}"),
    ("description", "one\u2028two", f"{LINE}; {INVOICES}"),
    ("description", "\x1b[31mred", f"{LINE}; {INVOICES}"),
    ("description", "d" * 201, f"the description has 201 characters and may have 200; {INVOICES}"),
    ("task_types", "", "at least one task type is needed; for example email, reports, etl"),
    ("task_types", "  ", "at least one task type is needed; for example email, reports, etl"),
    ("task_types", "Orders-Sync", f"'Orders-Sync' {WORDS}; for example orders_sync"),
    ("task_types", "ordersSync, email", f"'ordersSync' {WORDS}; for example orders_sync, email"),
    ("task_types", "[email, etl]", f"'[email' {WORDS}; 'etl]' {WORDS}; for example email, etl"),
    ("task_types", "email reports", f"'email reports' {WORDS}; for example email_reports"),
    ("task_types", "2fa", f"'2fa' {WORDS}; for example fa"),
    ("task_types", "__init__", f"'__init__' {WORDS}; for example init"),
    ("task_types", "orders__sync", f"'orders__sync' {WORDS}; for example orders_sync"),
    ("task_types", "_private", f"'_private' {WORDS}; for example private"),
    ("task_types", "café", f"'café' {WORDS}; for example cafe"),
    ("task_types", "../etl", f"'../etl' {WORDS}; for example etl"),
    ("task_types", "🎉", f"'🎉' {WORDS}; for example email, reports, etl"),
    ("task_types", "{{ 7 * 7 }}", f"'{{{{ 7 * 7 }}}}' {WORDS}; for example email, reports, etl"),
    ("task_types", "class", "'class' is a keyword of Python; for example class_jobs"),
    ("task_types", "None, email", f"'None' {WORDS}; for example none, email"),
    ("task_types", "email,,etl", "a name is missing beside a comma; for example email, etl"),
    ("task_types", "email, etl,", "a name is missing beside a comma; for example email, etl"),
    ("task_types", "email, email ", "'email' is there twice; for example email"),
    ("task_types", "Email, email", f"'Email' {WORDS}; for example email"),
    ("task_types", "orders-sync, orders_sync", f"'orders-sync' {WORDS}; for example orders_sync"),
    (
        "task_types",
        "orders_2, orders2",
        "'orders_2' and 'orders2' give the same class Orders2; for example orders_2",
    ),
    (
        "task_types",
        "a" * 21,
        f"'{'a' * 21}' has 21 characters and may have 20; for example {'a' * 20}",
    ),
    ("external_apis", "payments", f"entry 1 is not name=https://base.url; {PAYMENTS}"),
    ("external_apis", "https://x.org", f"entry 1 is not name=https://base.url; {PAYMENTS}"),
    (
        "external_apis",
        "https://u:secret@x.org/?a=b",
        f"entry 1 is not name=https://base.url; {PAYMENTS}",
    ),
    ("external_apis", "payments=", f"entry 1 is not name=https://base.url; {PAYMENTS}"),
    (
        "external_apis",
        "geo=https://geo.io,",
        "entry 2 is not name=https://base.url; for example geo=https://geo.io",
    ),
    ("external_apis", "payments=api.example.com", f"{SCHEME}; {PAYMENTS}"),
    ("external_apis", "payments=ftp://api.example.com", f"{SCHEME}; {PAYMENTS}"),
    ("external_apis", "payments=https://u:secret@api.example.com", f"{SECRET}; {PAYMENTS}"),
    ("external_apis", "payments=https://token@api.example.com", f"{SECRET}; {PAYMENTS}"),
    ("external_apis", "payments=u:secret@api.example.com", f"{SECRET}; {PAYMENTS}"),
    ("external_apis", "payments=https://api.example.com?key=1", f"{QUERY}; {PAYMENTS}"),
    ("external_apis", "payments=https://api.example.com/#top", f"{QUERY}; {PAYMENTS}"),
    ("external_apis", "payments=https://api.example.com/a b", f"{HOST}; {PAYMENTS}/ab"),
    ("external_apis", "payments=https://", f"{HOST}; {PAYMENTS}"),
    ("external_apis", "payments=https:///v1", f"{HOST}; {PAYMENTS}"),
    ("external_apis", "payments=https://api.example.com:99999", f"{HOST}; {PAYMENTS}"),
    ("external_apis", "payments=https://api.example.com:x", f"{HOST}; {PAYMENTS}"),
    ("external_apis", "payments=https://-x.org", f"{HOST}; {PAYMENTS}"),
    ("external_apis", "payments=https://x.org/${HOME}", f"{HOST}; {PAYMENTS}"),
    (
        "external_apis",
        "payments=https://x.org/" + "a" * 200,
        f"the address of payments has 214 characters and may have 200; {PAYMENTS}",
    ),
    (
        "external_apis",
        "Pay-Pal=https://x.org",
        f"'Pay-Pal' {WORDS}; for example pay_pal=https://x.org",
    ),
    (
        "external_apis",
        "import=https://x.org",
        "'import' is a keyword of Python; for example import_jobs=https://x.org",
    ),
    (
        "external_apis",
        "geo=https://a.org, geo=https://b.org",
        "'geo' is there twice; for example geo=https://a.org",
    ),
    (
        "external_apis",
        "geo_2=https://a.org, geo2=https://b.org",
        "'geo_2' and 'geo2' give the same class Geo2; for example geo_2=https://a.org",
    ),
    ("deploy", "nomad", f"'nomad' {TARGETS}; for example kubernetes, systemd"),
    ("deploy", "Systemd", f"'Systemd' {TARGETS}; for example kubernetes, systemd"),
    ("deploy", "systemd, docker", f"'docker' {TARGETS}; for example systemd"),
    ("deploy", "kubernetes,", f"'' {TARGETS}; for example kubernetes"),
    ("deploy", "systemd, systemd", "'systemd' is there twice; for example systemd"),
]

BAD_VALUES: list[tuple[str, Any, str]] = [
    ("broker", "kafka", "'kafka' is not one of redis, rabbitmq; for example rabbitmq"),
    ("broker", "Redis", "'Redis' is not one of redis, rabbitmq; for example redis"),
    ("broker", "{{ 1 / 0 }}", "'{{ 1 / 0 }}' is not one of redis, rabbitmq; for example redis"),
    ("broker", None, "None is not one of redis, rabbitmq; for example redis"),
    ("result_backend", "", "'' is not one of redis, database, none; for example redis"),
    (
        "result_backend",
        "postgres",
        "'postgres' is not one of redis, database, none; for example redis",
    ),
    ("deploy", ["systemd"], "['systemd'] is not text; for example kubernetes, systemd"),
    ("deploy", True, "True is not text; for example kubernetes, systemd"),
    ("ci", "jenkins", "'jenkins' is not one of github, gitlab, none; for example none"),
    ("ci", "GitLab", "'GitLab' is not one of github, gitlab, none; for example gitlab"),
    ("ci", False, "False is not one of github, gitlab, none; for example none"),
    ("layout", "mono", "'mono' is not one of standalone, monorepo; for example monorepo"),
    ("layout", "", "'' is not one of standalone, monorepo; for example standalone"),
    ("python_version", "3.10", "'3.10' is not one of 3.11, 3.12, 3.13, 3.14; for example 3.14"),
    ("python_version", 3.1, "3.1 is not one of 3.11, 3.12, 3.13, 3.14; for example 3.14"),
    ("beat", "maybe", "'maybe' is neither yes nor no; for example yes"),
    ("beat", None, "None is neither yes nor no; for example yes"),
    ("database", "postgres", "'postgres' is neither yes nor no; for example yes"),
    ("http_api", "fastapi", "'fastapi' is neither yes nor no; for example yes"),
    ("flower", "2", "'2' is neither yes nor no; for example yes"),
    ("flower", "", "'' is neither yes nor no; for example yes"),
    ("allow_removal", "sure", "'sure' is neither yes nor no; for example yes"),
    ("description", None, f"None is not text; {INVOICES}"),
    ("description", True, f"True is not text; {INVOICES}"),
    ("task_types", ["email"], "['email'] is not text; for example email, reports, etl"),
    ("external_apis", {"payments": 1}, f"{{'payments': 1}} is not text; {PAYMENTS}"),
    ("brokr", "redis", "no question has this name; the nearest is broker"),
    ("Beat", "yes", "no question has this name; the nearest is beat"),
    (
        "colour",
        "red",
        "no question has this name; the questions are service_name, description, task_types,"
        " broker, result_backend, database, beat, flower, http_api, external_apis, deploy, ci,"
        " layout, python_version, allow_removal",
    ),
    (
        "before_asking",
        "yes",
        "no question has this name; the questions are service_name, description, task_types,"
        " broker, result_backend, database, beat, flower, http_api, external_apis, deploy, ci,"
        " layout, python_version, allow_removal",
    ),
]

GOOD_TEXT = [
    ("service_name", "worker-celery-a"),
    ("service_name", "worker-celery-" + "a" * 22),
    ("service_name", "worker-celery-order-sync-2"),
    ("service_name", "worker-celery-worker"),
    ("description", "x"),
    ("description", "d" * 200),
    ("description", "It's \"quoted\" and 'quoted'"),
    ("description", "back\\slash \\n and C:\\temp"),
    ("description", "{{ 7 * 7 }} {% raw %} {# no comment #} ${HOME} %s"),
    ("description", "Grüße 👩‍💻 日本語"),
    ("description", "# not a comment: a: b - [c] & *d <e> |"),
    ("description", "yes"),
    ("description", "  room around  "),
    ("task_types", "a"),
    ("task_types", "email"),
    ("task_types", "email,reports , etl"),
    ("task_types", "orders_sync, orders_2_b"),
    ("task_types", "a" * 20),
    ("task_types", "match, type, case"),
    ("task_types", "ml, ai, export, maintenance"),
    ("external_apis", ""),
    ("external_apis", "payments=https://api.example.com"),
    ("external_apis", "payments=https://api.example.com/v1/, geo_2=http://localhost:8080"),
    ("external_apis", "internal=http://orders_api:8000/a/~b/c.d/%20"),
    ("external_apis", "email=https://mail.example.com"),
    ("deploy", ""),
    ("deploy", "kubernetes"),
    ("deploy", "systemd ,kubernetes"),
]

GOOD_VALUES: list[tuple[str, Any, Any]] = [
    ("description", 2026, "2026"),
    ("broker", "rabbitmq", "rabbitmq"),
    ("result_backend", "none", "none"),
    ("ci", "none", "none"),
    ("ci", "gitlab", "gitlab"),
    ("layout", "standalone", "standalone"),
    ("python_version", "3.14", "3.14"),
    ("python_version", 3.11, "3.11"),
    ("beat", "NO", False),
    ("beat", 1, True),
    ("flower", False, False),
    ("flower", "on", True),
]


def shown(value: object) -> str:
    """Name a test after the answer."""
    return ascii(value)[:40]


@pytest.mark.parametrize(("question", "value", "message"), BAD_TEXT + BAD_VALUES, ids=shown)
def test_a_bad_answer_by_data_is_refused_and_nothing_written(
    template: Path, tmp_path: Path, question: str, value: object, message: str
) -> None:
    service = tmp_path / "service"

    with pytest.raises(UserMessageError) as refused:
        run_copy(str(template), service, {question: value}, defaults=True, unsafe=True, quiet=True)

    assert str(refused.value) == (
        f"These answers cannot be used, and nothing was written:\n  {question}: {message}."
    )
    assert not service.exists()


@pytest.mark.parametrize(("question", "typed", "message"), BAD_TEXT, ids=shown)
def test_a_bad_answer_is_refused_at_the_prompt(
    validators: dict[str, Callable[[str], object]], question: str, typed: str, message: str
) -> None:
    assert validators[question](typed) == f"Validation error for question '{question}': {message}"


@pytest.mark.parametrize(
    ("question", "value", "recorded"),
    [(question, text, text) for question, text in GOOD_TEXT] + GOOD_VALUES,
    ids=shown,
)
def test_a_good_answer_by_data_is_recorded_as_it_is(
    template: Path, tmp_path: Path, question: str, value: object, recorded: object
) -> None:
    run_copy(str(template), tmp_path, {question: value}, defaults=True, unsafe=True, quiet=True)

    assert yaml.safe_load((tmp_path / ".copier-answers.yml").read_text())[question] == recorded


@pytest.mark.parametrize(("question", "typed"), GOOD_TEXT, ids=shown)
def test_a_good_answer_is_taken_at_the_prompt(
    validators: dict[str, Callable[[str], object]], question: str, typed: str
) -> None:
    assert validators[question](typed) is True


def test_the_example_in_a_message_is_a_good_answer() -> None:
    for question, value, message in BAD_TEXT + BAD_VALUES:
        if "; for example " in message:
            assert answers.fault(message.rpartition("; for example ")[2], question) == "", value


def test_no_message_repeats_a_password() -> None:
    assert not [row for row in BAD_TEXT if "secret" in row[2]]


def test_an_api_may_have_the_name_of_a_task_type(template: Path, tmp_path: Path) -> None:
    """Its client, settings and test have files and classes of their own."""
    both = {"task_types": "payments", "external_apis": "payments=https://api.example.com"}

    run_copy(str(template), tmp_path, both, defaults=True, unsafe=True, quiet=True)

    assert (tmp_path / "name.txt").is_file()


def test_an_api_may_not_have_the_name_of_the_client_that_a_task_type_brings(
    template: Path, tmp_path: Path
) -> None:
    both = {"task_types": "email, ai", "external_apis": "geo=https://g.org, ai=https://a.org/v1"}
    service = tmp_path / "service"

    with pytest.raises(UserMessageError) as refused:
        run_copy(str(template), service, both, defaults=True, unsafe=True, quiet=True)

    assert str(refused.value) == (
        "These answers cannot be used, and nothing was written:\n"
        "  external_apis: the task type ai has a client, settings and tests of this name;"
        " for example other_ai=https://a.org/v1."
    )
    assert not service.exists()


def test_braces_in_a_description_are_only_text(template: Path, tmp_path: Path) -> None:
    text = "{{ 7 * 7 }} {% if %}"

    run_copy(str(template), tmp_path, {"description": text}, defaults=True, unsafe=True, quiet=True)

    assert (tmp_path / "description.txt").read_text() == text


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("worker-celery-orders", "worker-celery-orders"),
        ("Orders", "worker-celery-example"),
        ("worker-celery-" + "a" * 23, "worker-celery-example"),
    ],
)
def test_the_default_name_is_the_folder_if_it_fits(
    template: Path, tmp_path: Path, folder: str, name: str
) -> None:
    service = tmp_path / folder

    run_copy(str(template), service, defaults=True, unsafe=True, quiet=True)

    recorded = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert recorded["service_name"] == name
    assert recorded["description"] == f"Background jobs for {name.removeprefix('worker-celery-')}"


def test_the_questions_are_those_that_have_rules(template: Path) -> None:
    config = yaml.safe_load((template / "copier.yml").read_text())
    questions = {name: question for name, question in config.items() if not name.startswith("_")}
    asked = {name: question for name, question in questions.items() if "when" not in question}

    assert [*asked, "allow_removal"] == list(answers.QUESTIONS)
    assert list(questions) == ["before_asking", *answers.QUESTIONS, "after_asking"]
    assert all(question["help"].strip() for question in asked.values())
    offered = {
        name: question["choices"] for name, question in asked.items() if "choices" in question
    }
    assert offered == {name: list(choices) for name, choices in answers.CHOICES.items()}


def copier(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Copier's command line."""
    command = [sys.executable, "-m", "copier", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_shows_all_faults_at_once(template: Path, tmp_path: Path) -> None:
    service = tmp_path / "service"
    given = ["service_name=billing", "beat=maybe", "broker=kafka", "brokr=redis"]
    options = [word for pair in given for word in ("--data", pair)]

    ended = copier("copy", "--trust", "--defaults", *options, template, service)

    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines() == [
        "These answers cannot be used, and nothing was written:",
        f"  service_name: 'billing' {NAME}; for example worker-celery-billing.",
        "  broker: 'kafka' is not one of redis, rabbitmq; for example rabbitmq.",
        "  beat: 'maybe' is neither yes nor no; for example yes.",
        "  brokr: no question has this name; the nearest is broker.",
    ]
    assert not service.exists()


def test_a_file_of_answers_with_wrong_types_is_refused(template: Path, tmp_path: Path) -> None:
    service = tmp_path / "service"
    data = tmp_path / "answers.yml"
    data.write_text("task_types: [email, etl]\nbroker:\nbeat: [yes]\ndescription: 2026-01-31\n")

    ended = copier("copy", "--trust", "--defaults", "--data-file", data, template, service)

    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines() == [
        "These answers cannot be used, and nothing was written:",
        f"  description: datetime.date(2026, 1, 31) is not text; {INVOICES}.",
        "  task_types: ['email', 'etl'] is not text; for example email, reports, etl.",
        "  broker: None is not one of redis, rabbitmq; for example redis.",
        "  beat: [True] is neither yes nor no; for example yes.",
    ]
    assert not service.exists()


def test_a_copy_says_what_comes_next(template: Path, tmp_path: Path) -> None:
    service = tmp_path / "my services" / "worker-celery-billing"

    ended = copier("copy", "--trust", "--defaults", template, service)

    assert ended.returncode == 0
    commands = [line.split("#")[0].strip() for line in ended.stderr.splitlines() if line.strip()]
    assert commands[-5:-1] == [
        f"cd '{service}'",
        "make install env",
        'git init && git add . && git commit -m "Create worker-celery-billing"',
        "make dev",
    ]
    assert "Warning" not in ended.stderr
