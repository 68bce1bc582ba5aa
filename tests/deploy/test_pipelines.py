"""The pipelines of services are valid, safe, and call only what is there."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from pathspec import PathSpec

from tests import matrix
from tests.deploy.pipelines import Entry, Rendered, jobs, load, scripts, steps
from tests.harness import ROOT, run

SHA = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")

RESERVED = {
    *("after_script", "before_script", "cache", "default", "image", "include", "pages"),
    *("services", "spec", "stages", "types", "variables", "workflow"),
}
"""What a job of GitLab cannot be called."""

ON_SCHEDULE = [{"if": '$CI_PIPELINE_SOURCE == "schedule" && $TEMPLATE_UPDATE && $UPDATE_TOKEN'}]
"""When a job of GitLab proposes updates."""

SHARED = {".gitlab-ci.yml", ".pre-commit-config.yaml", "compose.yaml", "renovate.json"}
"""What the services of a repository have in common."""

GIVEN_BY_GITHUB = {"GITHUB_OUTPUT", "GITHUB_REF_NAME", "GITHUB_REPOSITORY", "GITHUB_STEP_SUMMARY"}
GIVEN_BY_GITLAB = {"CI_COMMIT_BRANCH", "CI_PROJECT_URL", "CI_SERVER_HOST"}
GIVEN_BY_RUNNERS = {"RUNNER_TEMP"}
SECRETS = {"TEMPLATE_TOKEN", "UPDATE_TOKEN"}


def combinations() -> Iterator[dict[str, matrix.Answer]]:
    """Yield services with all pipelines: each pair of answers that they depend on, everywhere."""
    for ci in ("github", "gitlab"):
        for layout in matrix.values("layout"):
            for row in matrix.covering("broker", "result_backend", "database", "flower"):
                yield row | {"ci": ci, "layout": layout}
            yield {"ci": ci, "layout": layout, "python_version": "3.11"}
            yield {"ci": ci, "layout": layout, "service_name": matrix.NAMES["longest"]}
    for layout in matrix.values("layout"):
        yield {"ci": "none", "layout": layout}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> list[Rendered]:
    """A service of each kind."""
    root = tmp_path_factory.mktemp("pipelines")
    return [
        Rendered.render(root / f"{number}", answers)
        for number, answers in enumerate(combinations())
    ]


@pytest.fixture(scope="module")
def workflows(services: list[Rendered]) -> list[Path]:
    """One workflow of GitHub of each content."""
    return distinct(services, lambda service: service.workflows)


@pytest.fixture(scope="module")
def gitlab(services: list[Rendered]) -> list[Path]:
    """One pipeline of GitLab of each content."""
    return distinct(services, lambda service: service.gitlab)


def distinct(services: list[Rendered], files: Callable[[Rendered], list[Path]]) -> list[Path]:
    """Return one file of each content among those of all services."""
    found = {file.read_bytes(): file for service in services for file in files(service)}
    assert found
    return list(found.values())


def check(command: list[str | Path]) -> None:
    """Run a checker and show what it says when it complains."""
    done = run([str(part) for part in command], ROOT)
    assert done.returncode == 0, done.stdout[-4000:]


def test_shellcheck_finds_nothing_in_what_they_run(
    workflows: list[Path], gitlab: list[Path], tmp_path: Path
) -> None:
    texts = {text for file in [*workflows, *gitlab] for text in scripts(file)}
    files = [tmp_path / f"{number}.sh" for number in range(len(texts))]
    for file, text in zip(files, sorted(texts), strict=True):
        file.write_text(text)

    # 2016: a helper of Git expands its variable itself.
    check(["shellcheck", "--shell=bash", "--exclude=SC2016", *files])


def test_each_action_is_pinned_to_a_commit_and_says_its_version(workflows: list[Path]) -> None:
    lines = [
        line.partition("uses: ")[2]
        for file in workflows
        for line in file.read_text().splitlines()
        if "uses: " in line
    ]

    assert lines
    assert [line for line in lines if not re.fullmatch(rf"{SHA.pattern} # v\d+", line)] == []


def test_the_actions_are_those_that_this_repository_uses(workflows: list[Path]) -> None:
    ours = (ROOT / ".github/workflows/ci.yml").read_text()

    used = {step["uses"] for file in workflows for step in steps(load(file)) if "uses" in step}

    assert [action for action in used if action not in ours] == []


def test_only_the_job_that_proposes_may_write(services: list[Rendered]) -> None:
    for service in (each for each in services if each.workflows):
        ci, update = service.workflow("ci"), service.workflow("update")
        assert ci["permissions"] == update["permissions"] == {}
        assert {str(job["permissions"]) for job in ci["jobs"].values()} == {"{'contents': 'read'}"}
        (propose,) = update["jobs"].values()
        assert propose["permissions"] == {"contents": "write", "pull-requests": "write"}


def test_no_checkout_leaves_a_token_behind(workflows: list[Path]) -> None:
    for file in workflows:
        for step in steps(load(file)):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"


def test_the_code_of_the_template_gets_no_token_that_may_write(services: list[Rendered]) -> None:
    for service in (each for each in services if each.workflows):
        update = service.workflow("update")
        (with_token,) = (step for step in steps(update) if "GH_TOKEN" in step.get("env", {}))
        assert "copier" not in with_token["run"]


def test_every_job_ends_some_time(workflows: list[Path], gitlab: list[Path]) -> None:
    for file in workflows:
        assert all("timeout-minutes" in job for job in load(file)["jobs"].values())
    for file in gitlab:
        assert all("timeout" in job for job in jobs(load(file)).values())


def test_what_is_called_is_there(services: list[Rendered]) -> None:
    for service in services:
        makefile = (service.folder / "Makefile").read_text()
        targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
        run_there = "\n".join(
            text for file in [*service.workflows, *service.gitlab] for text in scripts(file)
        )
        called = {
            target
            for line in re.findall(r"\bmake ([a-z -]+)$", run_there, re.MULTILINE)
            for target in line.split()
        }
        assert bool(called) == (service.answers["ci"] != "none")
        assert called <= targets
        for module in re.findall(r"python -m (\S+)", run_there):
            assert (service.folder / f"{module.replace('.', '/')}.py").is_file()
        for file in re.findall(r"--env-file (\S+)", run_there):
            assert (service.folder / file).is_file()
        for argument in re.findall(r"--build-arg (\w+)=", run_there):
            assert f"ARG {argument}" in (service.folder / "Dockerfile").read_text()


def test_each_variable_is_one_that_somebody_gives(
    services: list[Rendered], workflows: list[Path], gitlab: list[Path]
) -> None:
    given = SECRETS | GIVEN_BY_RUNNERS | GIVEN_BY_GITHUB | GIVEN_BY_GITLAB
    for file in [*workflows, *gitlab]:
        declared = set(re.findall(r"^ +([A-Z][A-Z0-9_]+):", file.read_text(), re.MULTILINE))
        for text in scripts(file):
            assert set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", text)) <= declared | given


def test_the_tests_meet_all_servers_and_know_where_they_are(services: list[Rendered]) -> None:
    for service in services:
        read = set(re.findall(r"TEST_\w+", (service.folder / "dev/servers.py").read_text()))
        for job in jobs_with_tests(service):
            variables = job["env"] if "env" in job else job["variables"]
            told = {name: url for name, url in variables.items() if name.startswith("TEST_")}
            assert told.keys() == read
            places = {re.sub(r".*[@/](\S+:\d+)/.*", r"\1", url) for url in told.values()}
            assert places == servers(job)


def jobs_with_tests(service: Rendered) -> list[Entry]:
    """Return the jobs that run the tests."""
    if service.workflows:
        return [service.workflow("ci")["jobs"]["test"]]
    every = [entry for file in service.gitlab for entry in jobs(load(file)).values()]
    return [job for job in every if "make test" in job["script"]]


def servers(job: Entry) -> set[str]:
    """Return where the servers are that a job starts, seen from its tests."""
    if isinstance(job["services"], dict):
        ports = (port for each in job["services"].values() for port in each["ports"])
        return {f"localhost:{port.partition(':')[0]}" for port in ports}
    return {
        f"{each['alias']}:{each['variables']['HEALTHCHECK_TCP_PORT']}" for each in job["services"]
    }


def test_the_tests_run_on_the_python_of_the_image_and_on_the_oldest(
    services: list[Rendered],
) -> None:
    for service in services:
        dockerfile = (service.folder / "Dockerfile").read_text()
        image = re.search(r"^FROM python:([\d.]+)", dockerfile, re.MULTILINE)
        assert image
        for job in jobs_with_tests(service):
            assert set(pythons(job)) == {"3.11", image[1]}
            chosen = job["env"] if "env" in job else job["variables"]
            assert chosen["UV_PYTHON"] in ("${{ matrix.python }}", "$PYTHON")


def pythons(job: Entry) -> list[str]:
    """Return the versions of Python that a job is run with."""
    if "parallel" in job:
        (row,) = job["parallel"]["matrix"]
        return list(row["PYTHON"])
    return list(job["strategy"]["matrix"]["python"])


def test_a_change_of_one_service_runs_its_own_checks_alone(services: list[Rendered]) -> None:
    for service in (each for each in services if each.answers["layout"] == "monorepo"):
        folder = str(service.folder.relative_to(service.repository))
        if service.workflows:
            workflow = service.workflow("ci")
            assert workflow["defaults"]["run"]["working-directory"] == folder
            triggers = workflow["on"]
            assert f"{folder}/**" in triggers["push"]["paths"]
            assert triggers["push"]["paths"] == triggers["pull_request"]["paths"]
        for file in service.repository.glob(".gitlab/ci/*.yml"):
            for job in jobs(load(file)).values():
                if job["rules"] != ON_SCHEDULE:
                    assert job["before_script"] == [f"cd {folder}"]
                    assert all(f"{folder}/**/*" in rule["changes"] for rule in job["rules"])


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_services_of_one_repository_do_not_meet(ci: str, tmp_path: Path) -> None:
    answers = {"layout": "monorepo", "ci": ci}
    names = ("worker-celery-shop", "worker-celery-mail")
    there = [Rendered.render(tmp_path / name, {**answers, "service_name": name}) for name in names]

    files = Counter(
        str(file.relative_to(service.repository))
        for service in there
        for file in service.repository.rglob("*")
        if file.is_file()
    )
    named = Counter(
        name
        for service in there
        for file in service.repository.glob(".gitlab/ci/*.yml")
        for name in load(file)
    )

    named.update(
        job["name"]
        for service in there
        for file in service.workflows
        for job in load(file)["jobs"].values()
    )

    assert named
    assert {file for file, times in files.items() if times > 1} <= SHARED
    assert {name for name, times in named.items() if times > 1} == set()


def test_gitlab_finds_each_pipeline(services: list[Rendered]) -> None:
    for service in (each for each in services if each.answers["ci"] == "gitlab"):
        root = load(service.repository / ".gitlab-ci.yml")
        for file in service.repository.glob(".gitlab/ci/*.yml"):
            pattern = root["include"][0]["local"]
            assert fnmatch(str(file.relative_to(service.repository)), pattern)


def test_no_job_of_gitlab_has_a_name_that_means_something_else(gitlab: list[Path]) -> None:
    for file in gitlab:
        assert not jobs(load(file)).keys() & RESERVED


def test_renovate_leaves_to_the_template_what_is_the_templates(services: list[Rendered]) -> None:
    for service in services:
        rules = yaml.safe_load((service.repository / "renovate.json").read_text())["packageRules"]
        off = [rule for rule in rules if rule.get("enabled") is False]
        groups = [rule for rule in off if "matchDepTypes" in rule]
        assert [rule["matchDepTypes"] for rule in groups] == [["dependency-groups"]]
        assert covers(groups, service.folder / "pyproject.toml", service.repository)
        left = [rule for rule in off if "matchDepTypes" not in rule]
        ours = [service.folder / "Dockerfile", service.folder / "compose.yaml", *service.workflows]
        ours += [file for file in service.gitlab if jobs(load(file))]
        ours += [service.folder / "deploy/compose.production.yaml"]
        ours += [file for file in service.repository.glob(".devcontainer/**/*") if file.is_file()]
        assert all(file.exists() for file in ours)
        assert [file for file in ours if not covers(left, file, service.repository)] == []
        theirs = service.folder / "compose.override.yaml"
        assert not covers(left, theirs, service.repository)


def covers(rules: list[dict[str, list[str]]], file: Path, repository: Path) -> bool:
    """Tell whether a rule of Renovate is about a file."""
    patterns = [
        expanded
        for rule in rules
        for pattern in rule["matchFileNames"]
        for expanded in alternatives(pattern)
    ]
    # Renovate's patterns begin at the root of the repository.
    rooted = PathSpec.from_lines("gitignore", [f"/{pattern}" for pattern in patterns])
    return rooted.match_file(file.relative_to(repository))


def alternatives(pattern: str) -> list[str]:
    """Return the patterns that one with `{a,b}` stands for."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", pattern)
    return [f"{found[1]}{part}{found[3]}" for part in found[2].split(",")] if found else [pattern]


def test_a_token_for_the_template_reaches_git(services: list[Rendered]) -> None:
    service = next(each for each in services if each.workflows)
    (update,) = (step for step in steps(service.workflow("update")) if step.get("id") == "update")
    environment = update["env"] | {"TEMPLATE_TOKEN": "a-token", "GIT_TERMINAL_PROMPT": "0"}
    assert environment["GIT_CONFIG_VALUE_0"] == ""

    done = subprocess.run(
        ["git", "credential", "fill"],
        input="protocol=https\nhost=templates.example\n\n",
        env={"PATH": os.environ["PATH"], "HOME": os.devnull} | environment,
        text=True,
        capture_output=True,
        check=True,
    )

    assert "password=a-token" in done.stdout.splitlines()
