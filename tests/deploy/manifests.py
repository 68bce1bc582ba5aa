"""Builds the manifests of services with kustomize, and finds things in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.harness import run

Object = dict[str, Any]

COMPONENT = "app.kubernetes.io/component"

SECRET_VALUE = "kept-apart"
"""What each secret of an overlay is in these tests."""


@dataclass(frozen=True)
class Build:
    """The objects of an overlay."""

    text: str

    @cached_property
    def objects(self) -> list[Object]:
        """All of them."""
        return list(yaml.load_all(self.text, Loader=yaml.CSafeLoader))

    def of(self, *kinds: str) -> list[Object]:
        """Return those of these kinds."""
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        """Return the object of this kind and name.

        Raises:
            ValueError: when it is not there, or there are several.
        """
        (found,) = (each for each in self.of(kind) if each["metadata"]["name"] == name)
        return found

    def named(self, kind: str) -> set[str]:
        """Return the names of all objects of a kind."""
        return {each["metadata"]["name"] for each in self.of(kind)}

    @property
    def workloads(self) -> list[Object]:
        """Return what makes pods."""
        return self.of("Deployment", "Job")

    def deployments(self, component: str) -> list[Object]:
        """Return the Deployments of a part of the service."""
        return [each for each in self.of("Deployment") if labels(each)[COMPONENT] == component]

    def settings(self, container: Object) -> dict[str, str]:
        """Return the variables that a container gets."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                found |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        return found | {each["name"]: each["value"] for each in container.get("env", [])}


def labels(each: Object) -> dict[str, str]:
    """Return the labels of an object."""
    found: dict[str, str] = each["metadata"].get("labels", {})
    return found


def pod(workload: Object) -> Object:
    """Return the specification of the pods that something makes."""
    spec: Object = workload["spec"]["template"]["spec"]
    return spec


def containers(spec: Object) -> Iterator[Object]:
    """Yield all containers of a pod."""
    yield from spec.get("initContainers", [])
    yield from spec["containers"]


def main(workload: Object) -> Object:
    """Return the container that does the work."""
    (found,) = pod(workload)["containers"]
    assert isinstance(found, dict)
    return found


def selects(selector: dict[str, str], workload: Object) -> bool:
    """Tell whether a selector matches the pods that something makes."""
    found: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return selector.items() <= found.items()


def overlay(folder: Path, name: str, *components: str, lines: str = "") -> Path:
    """Make an overlay as an owner does, from that for production.

    Args:
        folder: `deploy/kubernetes` of a service.
        name: of the overlay.
        components: what it takes in.
        lines: what else its kustomization says.
    """
    place = folder / "overlays" / name
    shutil.copytree(folder / "overlays" / "production", place)
    example = (folder / "secret.env.example").read_text()
    (place / "secret.env").write_text(example.replace("=\n", f"={SECRET_VALUE}\n"))
    if components:
        entries = "".join(f"  - ../../components/{each}\n" for each in components)
        lines += f"components:\n{entries}"
    kustomization = place / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text() + lines)
    return place


def build(place: Path) -> Build:
    """Build an overlay.

    Raises:
        AssertionError: with what kustomize says, when it cannot.
    """
    done = run(["kubectl", "kustomize", str(place)], place)
    assert done.returncode == 0, done.stdout
    return Build(done.stdout)
