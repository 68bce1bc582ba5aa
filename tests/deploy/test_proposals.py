"""The pipelines propose updates of the template: what they run is run here, as it is rendered."""

from __future__ import annotations

import shutil
from pathlib import Path

import copier
import pytest

from tests.deploy.pipelines import Entry, Rendered, jobs, load
from tests.deploy.runners import Outcome, Repository
from tests.harness import template_copy
from tests.update.services import Template, commit_all, git

SHOP, MAIL = "worker-celery-shop", "worker-celery-mail"

LEFT_OUT = ("app", "dev", "scripts", "tests", "README.md.jinja", "AGENTS.md.jinja")
"""What the template of these tests lacks: an update that is only proposed never reads it."""

END = "-include local.mk\n"
"""The end of each Makefile, where the second release and the owners may meet."""

NOTES = "## 1.1.0\n\n### Ours\n\nThere is news.\n\n"

PROPOSED = "template-update"
"""The branch of a proposal."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A template with two releases."""
    template = Template(tmp_path_factory.mktemp("template") / "template")
    shutil.copytree(template_copy(), template.folder)
    for part in LEFT_OUT:
        place = template.folder / "template/{{ service.root }}" / part
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    git(template.folder, "init", "--quiet")
    template.release("1.0.0")
    template.edit("Makefile.jinja", END, f"{END}\n.PHONY: news\nnews: ## of the template\n")
    changelog = template.folder / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## ", f"{NOTES}## ", 1))
    template.release("1.1.0")
    return template


class Place:
    """A repository with services of the template."""

    def __init__(self, template: Template, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._work = folder / "work"
        self._work.mkdir()
        git(self._work, "init", "--quiet")
        self.services: list[Rendered] = []

    def add(self, version: str, **answers: str) -> Rendered:
        """Generate a service from a release, and commit it."""
        chosen = {"service_name": SHOP, "task_types": "orders", **answers}
        copier.run_copy(
            str(self._template.folder),
            self._work,
            data=chosen,
            defaults=True,
            unsafe=True,
            quiet=True,
            vcs_ref=version,
        )
        commit_all(self._work, "A service")
        folder = self._work / "services" / chosen["service_name"]
        return Rendered(self._work, chosen, folder if folder.exists() else self._work)

    def write(self, file: Path, text: str) -> None:
        """Write a file, and commit it."""
        file.write_text(text)
        commit_all(self._work, "Owner's work")

    def push(self) -> Repository:
        """Put everything on a server."""
        return Repository(self._work, self._folder)


@pytest.fixture
def place(template: Template, tmp_path: Path) -> Place:
    """A repository without a service."""
    return Place(template, tmp_path)


def edit(place: Place, service: Rendered) -> str:
    """Write something where the second release does, too, and return the file's path."""
    makefile = service.folder / "Makefile"
    place.write(makefile, makefile.read_text().replace(END, f"{END}\nmine: ## of the owners\n"))
    return str(makefile.relative_to(service.repository))


def propose(repository: Repository, service: Rendered) -> Outcome:
    """Run what proposes an update of a service."""
    if service.workflows:
        return repository.github(service.workflow("update"))
    return repository.gitlab(update_job(service))


def update_job(service: Rendered) -> Entry:
    """Return the job of GitLab that updates a service."""
    (job,) = (
        job
        for file in service.gitlab
        for name, job in jobs(load(file)).items()
        if name.endswith("update")
    )
    return job


def assert_nothing_is_proposed(repository: Repository) -> None:
    """Make sure that the server has its one branch, and no more."""
    assert repository.branches() == {repository.main}


def assert_tools_were_installed(outcome: Outcome) -> None:
    """Make sure that what the job runs is what it has installed."""
    packages = outcome.called("pip", "install")[2:]
    assert {package.partition(">")[0] for package in packages} == {
        "copier",
        "copier-template-extensions",
        "uv",
    }


def test_github_proposes_nothing_when_there_is_no_newer_version(place: Place) -> None:
    service = place.add("1.1.0")
    repository = place.push()

    outcome = repository.github(service.workflow("update"))

    assert outcome.code == 0, outcome.printed
    assert_tools_were_installed(outcome)
    assert [call[0] for call in outcome.calls] == ["pip"]
    assert_nothing_is_proposed(repository)


def test_github_proposes_a_newer_version_as_a_pull_request(place: Place) -> None:
    service = place.add("1.0.0")
    place.write(service.folder / "uv.lock", "")
    repository = place.push()

    outcome = repository.github(service.workflow("update"))

    assert outcome.code == 0, outcome.printed
    assert repository.changed(PROPOSED) == {".copier-answers.yml", "Makefile"}
    assert "_commit: 1.1.0" in repository.read(PROPOSED, ".copier-answers.yml")
    assert "news:" in repository.read(PROPOSED, "Makefile")
    assert outcome.called("uv") == ["uv", "lock", "--directory", "."]
    *_, title, _, notes = outcome.called("gh", "pr", "create")
    assert title == "Update worker-celery-shop to 1.1.0 of its template"
    assert "There is news." in notes
    options = dict(zip(*[iter(outcome.called("gh", "pr", "create")[3:])] * 2, strict=True))
    assert options["--base"] == repository.main
    assert options["--head"] == PROPOSED


@pytest.fixture(scope="module")
def one_of_two(
    template: Template, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repository, Outcome]:
    """Two services in a repository, one of which is updated. Its pull request is open already."""
    place = Place(template, tmp_path_factory.mktemp("two"))
    place.add("1.0.0", layout="monorepo", service_name=MAIL)
    shop = place.add("1.0.0", layout="monorepo")
    repository = place.push()
    return repository, repository.github(shop.workflow("update"), pull_request="7")


def test_github_renews_the_pull_request_that_is_open(
    one_of_two: tuple[Repository, Outcome],
) -> None:
    _, outcome = one_of_two

    assert outcome.code == 0, outcome.printed
    request = outcome.called("gh", "api")
    assert "repos/owner/repository/pulls/7" in request
    assert f"title=Update {SHOP} to 1.1.0 of its template" in request
    assert not [call for call in outcome.calls if call[:3] == ["gh", "pr", "create"]]


def test_github_takes_no_pull_request_of_a_fork_for_its_own(
    one_of_two: tuple[Repository, Outcome],
) -> None:
    _, outcome = one_of_two
    _, _, _, *words = outcome.called("gh", "pr", "list")
    options = dict(zip(*[iter(words)] * 2, strict=True))

    assert options["--head"] == f"{SHOP}-{PROPOSED}"
    assert options["--json"] == "number,isCrossRepository"
    assert "select(.isCrossRepository == false)" in options["--jq"]


def test_github_updates_one_service_and_leaves_the_others_alone(
    one_of_two: tuple[Repository, Outcome],
) -> None:
    repository, outcome = one_of_two

    assert outcome.code == 0, outcome.printed
    assert repository.changed(f"{SHOP}-{PROPOSED}") == {
        f".copier-answers.{SHOP}.yml",
        f"services/{SHOP}/Makefile",
    }


@pytest.mark.parametrize("layout", ["standalone", "monorepo"])
def test_github_fails_with_the_names_of_files_in_conflict(place: Place, layout: str) -> None:
    service = place.add("1.0.0", layout=layout)
    file = edit(place, service)
    repository = place.push()

    outcome = repository.github(service.workflow("update"))

    assert outcome.code == 1, outcome.printed
    assert f"\n- `{file}`\n" in outcome.summary
    assert "copier update --trust --answers-file .copier-answers" in outcome.summary
    assert_nothing_is_proposed(repository)


def test_gitlab_proposes_nothing_when_there_is_no_newer_version(place: Place) -> None:
    service = place.add("1.1.0", ci="gitlab")
    repository = place.push()

    outcome = repository.gitlab(update_job(service))

    assert outcome.code == 0, outcome.printed
    assert_tools_were_installed(outcome)
    assert_nothing_is_proposed(repository)


def test_gitlab_proposes_a_newer_version_as_a_merge_request(place: Place) -> None:
    service = place.add("1.0.0", ci="gitlab", layout="monorepo")
    place.write(service.folder / "uv.lock", "")
    repository = place.push()

    outcome = repository.gitlab(update_job(service))

    assert outcome.code == 0, outcome.printed
    assert repository.changed(f"{SHOP}-{PROPOSED}") == {
        f".copier-answers.{SHOP}.yml",
        f"services/{SHOP}/Makefile",
    }
    assert outcome.called("uv") == ["uv", "lock", "--directory", f"services/{SHOP}"]
    assert repository.push_options() == [
        "merge_request.create",
        f"merge_request.target={repository.main}",
        f"merge_request.title=Update {SHOP} to 1.1.0 of its template",
        "merge_request.remove_source_branch",
    ]
    assert "a-token" not in outcome.printed


def test_gitlab_fails_with_the_names_of_files_in_conflict(place: Place) -> None:
    service = place.add("1.0.0", ci="gitlab")
    file = edit(place, service)
    repository = place.push()

    outcome = repository.gitlab(update_job(service))

    assert outcome.code == 1, outcome.printed
    assert f"\n{file}\n" in outcome.printed
    assert_nothing_is_proposed(repository)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_proposal_is_pushed_again_only_with_something_new(place: Place, ci: str) -> None:
    service = place.add("1.0.0", ci=ci)
    repository = place.push()
    heads = []

    for has_news in (False, False, True):
        if has_news:
            repository.work_on(repository.main)
        outcome = propose(repository, service)
        assert outcome.code == 0, outcome.printed
        heads.append(repository.head(PROPOSED))

    first, second, third = heads
    assert first == second != third
    assert repository.head(f"{PROPOSED}~") == repository.head(repository.main)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_what_somebody_has_pushed_to_a_proposal_stays(place: Place, ci: str) -> None:
    service = place.add("1.0.0", ci=ci)
    repository = place.push()
    repository.work_on(PROPOSED)
    before = repository.head(PROPOSED)

    outcome = propose(repository, service)

    said = f"Somebody has worked on {PROPOSED}: merge or delete it."
    assert outcome.code == 1, outcome.printed
    assert said in outcome.printed
    assert not service.workflows or said in outcome.summary
    assert repository.head(PROPOSED) == before


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_no_token_stays_in_the_checkout(place: Place, ci: str) -> None:
    service = place.add("1.0.0", ci=ci)
    repository = place.push()

    outcome = propose(repository, service)

    assert outcome.code == 0, outcome.printed
    config = (repository.checkout / ".git/config").read_text()
    assert "credential" not in config
    assert "TOKEN" not in config
