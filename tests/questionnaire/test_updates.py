"""An update neither changes an answer nor takes a file away unless it was asked to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy, run_recopy, run_update
from copier.errors import UserMessageError
from jinja2 import Template
from pathspec import PathSpec

from extensions import updates
from extensions.model import CATALOGUE_LIMITS
from tests.harness import ROOT, hurry_copier, render
from tests.questionnaire.conftest import Git
from tests.questionnaire.small_template import FILES, make_template

hurry_copier()

RENDERED = FILES | {
    "{{ service.root }}/app/settings.py": "settings 1\n",
    "{{ service.root }}/app/{{ 'schedule.py' if service.beat }}.jinja": (
        "schedule 1\nmail {{ 'stays away' if stays_away('app/workflows/reports_mail.py')"
        " else 'comes' }}\n"
    ),
    "{{ service.root }}/app/core.py.jinja": "core 1\n{{ service.soft_shutdown }}\n",
    "{{ service.root }}/app/tasks/__init__.py": "# ours 1\n",
    "{{ service.root }}/scripts/{{ 'start_flower.sh' if service.flower }}.jinja": "flower 1\n",
    "{{ service.root }}/compose.override.yaml": "services: {}\n",
    "{{ service.root }}/local.mk": "# yours 1\n",
    "{{ service.root }}/app/tasks/"
    "{% yield task_type from service.task_types %}{{ task_type.name }}{% endyield %}.py.jinja": (
        "task {{ task_type.name }} 1\n"
    ),
    "{{ service.root }}/app/workflows/{{ 'etl.py' if service.has_type('etl') }}.jinja": "chain 1\n",
    "{{ service.root }}/app/workflows/"
    "{{ 'etl_batch.py' if service.has_type('etl') and service.has_results }}.jinja": "chord 1\n",
    "{{ service.root }}/app/workflows/{{ 'reports_mail.py' if service.mails_reports }}.jinja": (
        "mail 1\n"
    ),
    "{{ service.root }}/app/clients/"
    "{% yield api from service.apis %}{{ api.name }}{% endyield %}.py.jinja": (
        "client {{ api.name }} 1\n"
    ),
}

ANSWERS = {
    "service_name": "worker-celery-billing",
    "task_types": "email, etl, orders",
    "external_apis": "payments=https://pay.example.com, geo=https://geo.example.com",
    "python_version": "3.11",
}


@pytest.fixture
def releases(tmp_path: Path, git: Git) -> Path:
    """A template with two releases: in 0.2.0 every rendered file and a value of the model differ,
    and Python 3.11 is no longer offered."""
    folder = make_template(tmp_path / "template", RENDERED)
    git(folder, "init", "--quiet")
    release(git, folder, "0.1.0")
    for file in (folder / "template").rglob("*"):
        if file.is_file() and "answers_file" not in file.name:
            file.write_text(file.read_text().replace("1\n", "2\n"))
    replace(folder / "extensions/model.py", "SOFT_SHUTDOWN = 25", "SOFT_SHUTDOWN = 99")
    for name in ("copier.yml", "extensions/answers.py"):
        replace(folder / name, '"3.11", ', "")
    release(git, folder, "0.2.0")
    return folder


@pytest.fixture
def service(tmp_path: Path, releases: Path, git: Git) -> Path:
    """A service made with the first release and committed."""
    return make_service(tmp_path / "worker-celery-billing", releases, git)


def make_service(folder: Path, template: Path, git: Git, **answers: Any) -> Path:
    run_copy(
        str(template),
        folder,
        ANSWERS | answers,
        vcs_ref="0.1.0",
        defaults=True,
        unsafe=True,
        quiet=True,
    )
    git(folder, "init", "--quiet")
    commit(git, folder)
    return folder


def release(git: Git, template: Path, version: str) -> None:
    commit(git, template)
    git(template, "tag", version)


def commit(git: Git, folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "changes")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def update(service: Path, vcs_ref: str = "0.2.0", **data: Any) -> None:
    """Update a service as `copier update --defaults` does, without the retired answer."""
    data = {"python_version": "3.12"} | data
    run_update(
        service,
        data,
        vcs_ref=vcs_ref,
        defaults=True,
        overwrite=True,
        unsafe=True,
        quiet=True,
    )


def refusal(service: Path, **data: Any) -> list[str]:
    """Return the lines that an update is refused with."""
    with pytest.raises(UserMessageError) as refused:
        update(service, **data)
    first, *lines = str(refused.value).splitlines()
    assert first == "These answers cannot be used, and nothing was written:"
    return lines


def test_the_owners_files_stay_as_the_owners_left_them(service: Path, git: Git) -> None:
    kept = ["app/settings.py", "app/tasks/email.py", "app/clients/payments.py", "local.mk"]
    deleted = [
        "app/schedule.py",
        "app/tasks/etl.py",
        "app/clients/geo.py",
        "compose.override.yaml",
    ]
    for name in kept:
        (service / name).write_text("mine\n")
    for name in deleted:
        (service / name).unlink()
    commit(git, service)

    update(service, task_types="email, etl, orders, refunds")

    assert {name: (service / name).read_text() for name in kept} == dict.fromkeys(kept, "mine\n")
    assert [name for name in deleted if (service / name).exists()] == []
    assert (service / "app/tasks/orders.py").read_text() == "task orders 1\n"
    assert (service / "app/tasks/refunds.py").read_text() == "task refunds 2\n"
    # What is ours follows the template, and the new version is rendered with its own model.
    assert (service / "app/core.py").read_text() == "core 2\n99\n"
    assert (service / "app/tasks/__init__.py").read_text() == "# ours 2\n"
    assert git(service, "diff", "--name-only", "--diff-filter=U") == ""


def test_a_file_that_comes_with_an_answer_appears_on_update(
    tmp_path: Path, releases: Path, git: Git
) -> None:
    service = make_service(
        tmp_path / "service", releases, git, beat=False, flower=False, external_apis=""
    )
    assert not (service / "app/schedule.py").exists()
    (service / "app/tasks/refunds.py").write_text("mine\n")
    commit(git, service)

    update(
        service,
        beat=True,
        flower=True,
        external_apis="geo=https://geo.example.com",
        task_types="email, etl, orders, refunds",
    )

    assert (service / "app/schedule.py").read_text().startswith("schedule 2\n")
    assert (service / "scripts/start_flower.sh").read_text() == "flower 2\n"
    assert (service / "app/clients/geo.py").read_text() == "client geo 2\n"
    assert (service / "app/tasks/refunds.py").read_text() == "mine\n"


def test_what_needs_results_comes_with_them(tmp_path: Path, releases: Path, git: Git) -> None:
    service = make_service(tmp_path / "service", releases, git, result_backend="none")
    assert not (service / "app/workflows/etl_batch.py").exists()

    update(service, result_backend="redis")

    assert (service / "app/workflows/etl_batch.py").read_text() == "chord 2\n"


def test_a_workflow_does_not_come_to_an_example_that_is_older_than_it(
    tmp_path: Path, releases: Path, git: Git
) -> None:
    service = make_service(tmp_path / "service", releases, git, result_backend="none")
    (service / "app/workflows/etl.py").unlink()
    commit(git, service)

    update(service, result_backend="redis")

    assert not list((service / "app").glob("workflows/*"))


@pytest.mark.parametrize("first", ["email", "reports"])
def test_what_two_examples_do_together_comes_with_the_second(
    first: str, tmp_path: Path, releases: Path, git: Git
) -> None:
    service = make_service(tmp_path / "service", releases, git, task_types=first, beat=False)
    assert not (service / "app/workflows/reports_mail.py").exists()

    update(service, task_types="email, reports", beat=True)

    assert (service / "app/workflows/reports_mail.py").read_text() == "mail 2\n"
    assert "mail comes" in (service / "app/schedule.py").read_text()


def test_what_two_examples_do_together_does_not_come_where_both_were_before(
    tmp_path: Path, releases: Path, git: Git
) -> None:
    service = make_service(
        tmp_path / "service", releases, git, task_types="email, reports", beat=False
    )
    (service / "app/workflows/reports_mail.py").unlink()
    commit(git, service)

    update(service, beat=True)

    assert not (service / "app/workflows/reports_mail.py").exists()
    assert "mail stays away" in (service / "app/schedule.py").read_text()


def test_a_schedule_that_comes_later_sees_what_is_there(
    tmp_path: Path, releases: Path, git: Git
) -> None:
    service = make_service(
        tmp_path / "service", releases, git, task_types="email, reports", beat=False
    )

    update(service, beat=True)

    assert "mail comes" in (service / "app/schedule.py").read_text()


@pytest.mark.parametrize("types", ["email", "reports", "email, reports, reports_mail"])
def test_what_two_examples_do_together_does_not_go_silently(
    types: str, tmp_path: Path, releases: Path, git: Git
) -> None:
    service = make_service(tmp_path / "service", releases, git, task_types="email, reports")

    [line] = refusal(service, task_types=types)

    assert "app/workflows/reports_mail.py (--data allow_removal=yes" in line


def test_an_update_that_would_delete_files_is_refused(service: Path, git: Git) -> None:
    allow = "(--data allow_removal=yes permits it)."

    lines = refusal(
        service,
        task_types="email",
        result_backend="none",
        external_apis="payments=https://elsewhere.example.com",
        beat="no",
        flower="no",
    )

    assert lines == [
        "  task_types: this would delete app/tasks/etl.py, app/workflows/etl.py,"
        f" app/workflows/etl_batch.py, app/tasks/orders.py {allow}",
        f"  result_backend: this would delete app/workflows/etl_batch.py {allow}",
        f"  beat: this would delete app/schedule.py {allow}",
        f"  flower: this would delete scripts/start_flower.sh {allow}",
        f"  external_apis: this would delete app/clients/geo.py {allow}",
    ]
    assert git(service, "status", "--porcelain") == ""


def test_removal_can_be_allowed(service: Path) -> None:
    update(service, task_types="email", beat=False, allow_removal="yes")

    assert not (service / "app/tasks/etl.py").exists()
    assert not (service / "app/schedule.py").exists()
    assert (service / "app/tasks/email.py").exists()
    assert "allow_removal" not in yaml.safe_load((service / ".copier-answers.yml").read_text())


def test_what_was_deleted_by_hand_can_be_taken_out_of_the_answers(service: Path, git: Git) -> None:
    for name in ("tasks/etl.py", "workflows/etl.py", "workflows/etl_batch.py"):
        (service / "app" / name).unlink()
    commit(git, service)

    update(service, task_types="email, orders")

    assert sorted(file.name for file in (service / "app/tasks").iterdir()) == [
        "__init__.py",
        "email.py",
        "orders.py",
    ]


def test_a_removal_typed_at_the_prompt_is_refused(
    service: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
        return {name: "email, etl" if name == "task_types" else answers[name] for name in answers}

    monkeypatch.setattr("copier._main.unsafe_prompt", answer)

    with pytest.raises(
        UserMessageError, match=r"task_types: this would delete app/tasks/orders.py"
    ):
        run_update(service, vcs_ref="0.1.0", overwrite=True, unsafe=True, quiet=True)

    assert git(service, "status", "--porcelain") == ""


def test_a_recorded_answer_is_never_replaced_silently(service: Path, git: Git) -> None:
    with pytest.raises(UserMessageError) as refused:
        run_update(service, vcs_ref="0.2.0", defaults=True, overwrite=True, unsafe=True, quiet=True)

    assert str(refused.value).splitlines()[1:] == [
        "  python_version: the recorded answer is not possible any more:"
        " '3.11' is not one of 3.12, 3.13, 3.14; for example 3.14"
        " (give a new one with --data python_version=...)."
    ]
    assert git(service, "status", "--porcelain") == ""


def test_faults_in_what_is_given_and_what_is_recorded_are_told_together(service: Path) -> None:
    with pytest.raises(UserMessageError) as refused:
        run_update(
            service,
            {"broker": "kafka", "flower": "no", "brokr": "redis"},
            vcs_ref="0.2.0",
            defaults=True,
            overwrite=True,
            unsafe=True,
            quiet=True,
        )

    names = [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:]]
    assert names == ["broker", "flower", "python_version", "brokr"]


def test_a_record_spoilt_by_hand_is_refused_in_clean_text(service: Path, git: Git) -> None:
    replace(service / ".copier-answers.yml", "broker: redis", "broker: kafka")
    commit(git, service)

    assert refusal(service) == [
        "  broker: 'kafka' is not one of redis, rabbitmq; for example rabbitmq."
    ]
    assert git(service, "status", "--porcelain") == ""


def test_the_record_of_a_retired_question_does_no_harm(service: Path, git: Git) -> None:
    with (service / ".copier-answers.yml").open("a") as file:
        file.write("retired_question: old answer\n")
    commit(git, service)

    update(service)

    assert (service / "app/core.py").read_text() == "core 2\n99\n"
    assert "retired_question" not in (service / ".copier-answers.yml").read_text()


def test_a_service_grows_without_moving_to_another_version(service: Path) -> None:
    update(service, vcs_ref="0.1.0", python_version="3.11", task_types="email, etl, orders, more")

    assert (service / "app/tasks/more.py").read_text() == "task more 1\n"
    assert (service / "app/core.py").read_text() == "core 1\n25\n"


def test_an_update_says_what_comes_next(
    service: Path, git: Git, capfd: pytest.CaptureFixture[str]
) -> None:
    run_update(
        service,
        {"python_version": "3.12"},
        vcs_ref="0.2.0",
        defaults=True,
        overwrite=True,
        unsafe=True,
    )

    said = capfd.readouterr().err
    assert "git diff --name-only --diff-filter=U" in said
    assert "make install test" in said
    assert "File not found" not in said


def test_a_recopy_keeps_what_the_owners_wrote(service: Path, git: Git) -> None:
    (service / "app/tasks/email.py").write_text("mine\n")
    commit(git, service)

    run_recopy(
        service,
        {"python_version": "3.12"},
        vcs_ref="0.2.0",
        defaults=True,
        overwrite=True,
        unsafe=True,
        quiet=True,
    )

    assert (service / "app/tasks/email.py").read_text() == "mine\n"
    assert (service / "app/core.py").read_text() == "core 2\n99\n"


@pytest.mark.parametrize(
    ("types", "layout", "ci"),
    [
        (f"{', '.join(CATALOGUE_LIMITS)}, own", "standalone", "github"),
        (f"{', '.join(CATALOGUE_LIMITS)}, own", "monorepo", "gitlab"),
        ("email, own", "standalone", "gitlab"),
        ("email, own", "monorepo", "github"),
    ],
)
def test_the_lists_of_files_agree_with_the_template(
    types: str, layout: str, ci: str, tmp_path: Path
) -> None:
    full = {
        "service_name": "worker-celery-shop",
        "layout": layout,
        "task_types": types,
        "result_backend": "database",
        "database": True,
        "external_apis": "geo=https://geo.example.com",
        "beat": True,
        "flower": True,
        "http_api": True,
        "deploy": "kubernetes, systemd",
        "ci": ci,
    }
    small = {
        **full,
        "task_types": "email",
        "result_backend": "none",
        "database": False,
        "external_apis": "",
        "beat": False,
        "flower": False,
        "http_api": False,
        "deploy": "",
        "ci": "none",
    }

    rendered = rendered_files(tmp_path / "full", full)
    gone = rendered - rendered_files(tmp_path / "small", small)
    config = yaml.safe_load((ROOT / "copier.yml").read_text())
    patterns = [Template(text).render(layout=layout) for text in config["_skip_if_exists"]]
    kept = PathSpec.from_lines("gitignore", patterns)
    owned = set(updates.owners_files(full, bool))
    named = {file for files in updates.lost_files(full, small, bool).values() for file in files}
    lost = {file for file in rendered if {file, *map(str, Path(file).parents)} & named}

    assert owned == set(kept.match_files(rendered))
    # What services share goes with none of them.
    assert (owned & gone) - set(updates.SHARED_AT_ROOT) <= lost <= gone
    assert all(lost & {file for file in rendered if file.startswith(name)} for name in named)


def rendered_files(folder: Path, answers: dict[str, Any]) -> set[str]:
    render(folder, answers)
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
