"""The dev container follows from the layout and from what runs."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.dev_container import DevContainer
from tests.model.test_service import service

NAME = "worker-celery-order-sync"


def container(**answers: Any) -> DevContainer:
    """Return the dev container of the default answers, with some changed."""
    return service(**answers).dev_container


@pytest.mark.parametrize(
    ("layout", "folder", "place"),
    [
        ("standalone", ".", ".devcontainer"),
        ("monorepo", f"{NAME}-container", f".devcontainer/{NAME}-container"),
    ],
)
def test_a_service_beside_others_has_a_folder_of_its_own(
    layout: str, folder: str, place: str
) -> None:
    assert container(layout=layout).folder == folder
    assert container(layout=layout).place == place


def test_the_whole_repository_is_there_and_the_service_is_opened() -> None:
    shared = container(layout="monorepo")
    repository = "/workspaces/${localWorkspaceFolderBasename}"

    assert f"target={repository}," in shared.mount
    assert shared.workspace == f"{repository}/services/{NAME}"


@pytest.mark.parametrize(
    ("answers", "ports"),
    [
        ({"flower": False}, {9808: "Metrics"}),
        ({"flower": True}, {9808: "Metrics", 5555: "Flower"}),
        (
            {"flower": True, "http_api": True},
            {8080: "HTTP API", 9808: "Metrics", 5555: "Flower"},
        ),
    ],
)
def test_the_ports_of_what_runs_can_be_reached(
    answers: dict[str, bool], ports: dict[int, str]
) -> None:
    assert container(**answers).ports == ports


def test_each_port_is_the_one_that_the_environment_has() -> None:
    described = service(flower=True, http_api=True)
    variables = {
        variable.value
        for group in described.variable_groups
        for variable in group.variables
        if variable.name in ("FLOWER_PORT", "HTTP_PORT", "METRICS_PORT")
    }

    assert {str(port) for port in described.dev_container.ports} == variables
