"""Services of one repository live side by side: each is made, updated and grown without the others.

Nothing of one is in a file of another, and what they share belongs to the owners.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from copier import VcsRef, run_copy, run_recopy, run_update
from copier.errors import UserMessageError

from tests.harness import run
from tests.update.services import (
    SHARED_ROOMS,
    Service,
    States,
    Template,
    commit_all,
    different,
    git,
)
from tests.update.test_migrations import HEAD_OF_TABLE, HOUSE, TABLE, replace

Answers = dict[str, str | bool]

SHOP = "worker-celery-shop"
BILLING = "worker-celery-billing"

ANSWERS: Answers = {"task_types": "orders", "ci": "gitlab", "deploy": "kubernetes, systemd"}
OTHER: Answers = {"broker": "rabbitmq", "ci": "github"}
"""In which the second service differs from the first."""

HEAD_OF_COMPOSE = "include:\n"
ROOT_COMPOSE = "{{ 'compose.yaml' if service.is_monorepo }}.jinja"


@pytest.fixture(scope="module")
def two_services(first_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two services, to be copied."""
    folder = tmp_path_factory.mktemp("two")
    git(folder, "init", "--quiet", "repository")
    add(Template(first_release), folder / "repository", SHOP)
    add(Template(first_release), folder / "repository", BILLING, **OTHER)
    return folder / "repository"


@pytest.fixture
def repository(two_services: Path, first_release: Path, template: Template, tmp_path: Path) -> Path:
    """A repository with two services, which follow a template that a test may change."""
    repository = shutil.copytree(two_services, tmp_path / "repository")
    for record in repository.glob(".copier-answers.*.yml"):
        text = record.read_text()
        record.write_text(text.replace(str(first_release), str(template.folder)))
    commit_all(repository, "Another template")
    return repository


@pytest.fixture
def shop(repository: Path) -> Service:
    """The first of the two."""
    return Service(repository / "services" / SHOP)


@pytest.fixture
def billing(repository: Path) -> Service:
    """The second one."""
    return Service(repository / "services" / BILLING)


def add(template: Template, repository: Path, name: str, **answers: str | bool) -> Service:
    """Make one more service in a repository and commit it."""
    copy(template, repository, name, **answers)
    service = Service(repository / "services" / name)
    service.commit()
    return service


def copy(template: Template, repository: Path, name: str, **answers: str | bool) -> None:
    """Do what `copier copy` does."""
    run_copy(
        str(template.folder),
        repository,
        data={**ANSWERS, "layout": "monorepo", "service_name": name, **answers},
        vcs_ref="1.0.0",
        defaults=True,
        unsafe=True,
    )


def at_root(service: Service) -> States:
    """Return the files of a repository, by their paths from its root."""
    return {
        (service.folder / file).resolve().relative_to(service.repository).as_posix(): state
        for file, state in service.states().items()
    }


def belongs_to(file: str, service: Service) -> bool:
    """Tell whether a file of a repository is that of one service, as its name says."""
    return service.folder.name in file


def release(template: Template) -> None:
    """Release a fix of the plumbing, and changes of what stands at the root."""
    template.edit("app/core/errors.py", "It may work later", "It may work in a while")
    compose = template.folder / "template" / ROOT_COMPOSE
    assert HEAD_OF_COMPOSE in compose.read_text()
    compose.write_text(compose.read_text().replace(HEAD_OF_COMPOSE, f"# New.\n{HEAD_OF_COMPOSE}"))
    for file in (template.folder / "template").glob("*github*/workflows/*"):
        file.write_text(f"# New.\n{file.read_text()}")
    template.release("1.1.0")


def test_one_more_service_touches_nothing_that_is_there(shop: Service, template: Template) -> None:
    before = at_root(shop)

    third = add(template, shop.repository, "worker-celery-mail", task_types="email")

    after = at_root(third)
    assert {file: after[file] for file in before} == before
    assert [file for file in after.keys() - before.keys() if not belongs_to(file, third)] == []


def test_what_is_at_the_root_names_its_service_or_is_shared(
    shop: Service, billing: Service
) -> None:
    files = {file for file in at_root(billing) if not file.startswith("services/")}

    assert {f"../../{file}" for file in files if "worker-celery-" not in file} == SHARED_ROOMS
    assert {shop.record, billing.record} <= files


@pytest.mark.parametrize("name", [SHOP, BILLING])
def test_an_update_of_one_touches_nothing_else(
    name: str, shop: Service, billing: Service, template: Template
) -> None:
    one = {SHOP: shop, BILLING: billing}[name]
    release(template)
    before = at_root(one)

    one.update()

    changed = different(before, at_root(one))
    assert [file for file in changed if not belongs_to(file, one)] == []
    assert one.conflicts() == []
    assert "It may work in a while" in one.read("app/core/errors.py")
    record = one.repository / one.record
    assert yaml.safe_load(record.read_text())["_commit"] == "1.1.0"
    assert yaml.safe_load(record.read_text())["layout"] == "monorepo"


def test_growing_one_touches_nothing_else(shop: Service, billing: Service) -> None:
    before = at_root(billing)

    done = run(["make", "add-task", "NAME=refunds"], billing.folder)

    assert done.returncode == 0, done.stdout
    assert billing.exists("app/tasks/refunds.py")
    changed = different(before, at_root(billing))
    assert [file for file in changed if not belongs_to(file, billing)] == []


def test_updates_are_shown_in_the_folder_of_a_service(
    shop: Service, billing: Service, template: Template
) -> None:
    release(template)
    before = at_root(billing)

    shown = run(["make", "updates"], billing.folder)

    assert shown.returncode == 0, shown.stdout
    assert "From 1.0.0 to 1.1.0. Nothing is changed yet:" in shown.stdout
    assert f"`copier update --trust --answers-file={billing.record}` does it" in shown.stdout
    assert "in a while" in shown.stdout
    assert at_root(billing) == before


def test_the_command_that_is_shown_updates_one(
    shop: Service, billing: Service, template: Template
) -> None:
    release(template)

    command = ["copier", "update", "--trust", f"--answers-file={billing.record}", "--defaults"]
    done = run(command, billing.repository)

    assert done.returncode == 0, done.stdout
    assert f"make -C services/{BILLING} install test" in done.stdout
    assert "in a while" in billing.read("app/core/errors.py")
    assert "in a while" not in shop.read("app/core/errors.py")


def test_without_the_name_of_its_record_nothing_is_updated(billing: Service) -> None:
    done = run(["copier", "update", "--trust", "--defaults"], billing.repository)

    assert done.returncode != 0
    assert "cannot obtain old template references from `.copier-answers.yml`" in done.stdout
    assert billing.changes() == []


def test_what_is_shared_is_the_owners(shop: Service, billing: Service, template: Template) -> None:
    kept = "../../compose.yaml"
    billing.write(kept, f"# Ours.\n{billing.read(kept)}")
    deleted = [file for file in SHARED_ROOMS if file != kept]
    for file in deleted:
        (billing.folder / file).unlink()
    billing.commit()
    edited = billing.read(kept)
    release(template)

    for service in (shop, billing):
        service.update()
        service.commit()

    assert billing.read(kept) == edited
    assert [file for file in deleted if billing.exists(file)] == []


def test_what_the_owners_wrote_and_deleted_stays(shop: Service, template: Template) -> None:
    shop.write("app/tasks/orders.py", f"# Ours.\n{shop.read('app/tasks/orders.py')}")
    deleted = ("app/services/orders.py", "app/schedule.py", "compose.override.yaml")
    for file in deleted:
        (shop.folder / file).unlink()
    shop.commit()
    release(template)

    shop.update(task_types="orders, refunds")

    assert shop.read("app/tasks/orders.py").startswith("# Ours.\n")
    assert [file for file in deleted if shop.exists(file)] == []
    assert shop.exists("app/tasks/refunds.py")


def test_the_first_service_is_included(
    template: Template, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy(template, tmp_path / "repository", SHOP)

    assert "does not include it" not in capfd.readouterr().err
    assert included(tmp_path / "repository") == [SHOP]


def test_what_to_add_for_a_second_one_is_told_until_it_is_there(
    repository: Path, template: Template, capfd: pytest.CaptureFixture[str]
) -> None:
    def said_after_an_update() -> str:
        run_update(
            repository,
            answers_file=third.record,
            vcs_ref="1.0.0",
            defaults=True,
            overwrite=True,
            unsafe=True,
        )
        return capfd.readouterr().err

    third = add(template, repository, "worker-celery-mail", task_types="email")
    _, _, advice = capfd.readouterr().err.partition(
        "  compose.yaml does not include it yet. Add below `include:`\n\n"
    )
    line = advice.splitlines()[0]
    assert included(repository) == [SHOP]
    assert line in said_after_an_update()

    third.write("../../compose.yaml", f"{third.read('../../compose.yaml')}{line[2:]}\n")
    third.commit()

    assert included(repository) == [SHOP, "worker-celery-mail"]
    assert "include" not in said_after_an_update()


def included(repository: Path) -> list[str]:
    """Return the services that the compose file of a repository has, each with its override."""
    entries = yaml.safe_load((repository / "compose.yaml").read_text())["include"]
    files = [repository / path for entry in entries for path in entry["path"]]
    assert [file for file in files if not file.is_file()] == []
    assert {file.name for file in files} == {"compose.yaml", "compose.override.yaml"}
    return list(dict.fromkeys(file.parent.name for file in files))


def test_the_pipeline_of_one_goes_without_what_all_share(shop: Service, billing: Service) -> None:
    with pytest.raises(UserMessageError, match=rf"this would delete .gitlab/ci/{SHOP}\.yml"):
        shop.update(to=VcsRef.CURRENT, ci="github")

    shop.update(to=VcsRef.CURRENT, ci="github", allow_removal=True)

    assert not shop.exists(f"../../.gitlab/ci/{SHOP}.yml")
    assert shop.exists("../../.gitlab-ci.yml")
    assert shop.exists(f"../../.github/workflows/{SHOP}-ci.yml")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"layout": "standalone"}, rf"layout: this would move the service from services/{SHOP} to"),
        (
            {"service_name": "worker-celery-store"},
            "service_name: this would move the service from services/.* to services/worker-cel",
        ),
    ],
)
def test_a_service_is_not_moved_by_an_answer(answer: Answers, fault: str, shop: Service) -> None:
    with pytest.raises(UserMessageError, match=fault):
        shop.update(to=VcsRef.CURRENT, **answer)

    assert shop.changes() == []


def alone(template: Template, folder: Path) -> Service:
    """Make a service in a repository of its own."""
    git(folder.parent, "init", "--quiet", folder.name)
    copy(template, folder, SHOP, layout="standalone", ci="github")
    service = Service(folder)
    service.commit()
    return service


def test_a_service_of_its_own_does_not_become_one_of_several(
    template: Template, tmp_path: Path
) -> None:
    service = alone(template, tmp_path / "alone")

    with pytest.raises(UserMessageError, match=f"layout: {SHOP} is in this very folder"):
        service.update(to=VcsRef.CURRENT, layout="monorepo")
    with pytest.raises(UserMessageError, match=f"layout: {SHOP} is in this very folder"):
        copy(template, service.folder, BILLING)

    assert service.changes() == []


def test_a_service_can_be_moved_by_hand(
    billing: Service, template: Template, tmp_path: Path
) -> None:
    """As docs/monorepo.md says."""
    service = alone(template, tmp_path / "alone")
    service.write("app/tasks/orders.py", f"# Ours.\n{service.read('app/tasks/orders.py')}")
    folder = billing.repository / "services" / SHOP
    shutil.rmtree(folder)
    shutil.copytree(service.folder, folder, ignore=shutil.ignore_patterns(".git"))
    record = (folder / ".copier-answers.yml").rename(
        billing.repository / f".copier-answers.{SHOP}.yml"
    )
    record.write_text(record.read_text().replace("layout: standalone", "layout: monorepo"))
    for name in (".github", ".devcontainer"):
        shutil.rmtree(folder / name)
    (folder / "renovate.json").unlink()
    billing.commit()

    run_recopy(
        billing.repository,
        answers_file=record.name,
        vcs_ref=VcsRef.CURRENT,
        defaults=True,
        overwrite=True,
        unsafe=True,
        quiet=True,
    )

    moved = Service(folder)
    assert moved.read("app/tasks/orders.py").startswith("# Ours.\n")
    moved.commit()
    release(template)
    moved.update()
    assert moved.conflicts() == []
    assert "in a while" in moved.read("app/core/errors.py")


def test_an_edit_of_a_file_of_ours_that_is_renamed_is_kept(
    shop: Service, template: Template
) -> None:
    shop.write("AGENTS.md", f"{shop.read('AGENTS.md')}- Ask before you deploy.\n")
    shop.commit()
    house = template.folder / HOUSE
    (house / "AGENTS.md.jinja").rename(house / "CONVENTIONS.md.jinja")
    moves = {"AGENTS.md": "CONVENTIONS.md"}
    replace(template.folder / TABLE, HEAD_OF_TABLE, f'{HEAD_OF_TABLE}    "1.1.0": {moves!r},\n')
    template.release("1.1.0")

    shop.update()

    assert "- Ask before you deploy.\n" in shop.read("CONVENTIONS.md")
    assert not shop.exists("AGENTS.md")
    assert shop.conflicts() == []
