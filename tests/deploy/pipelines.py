"""The pipelines of a rendered service, as the tests read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
import yaml

from tests.harness import Answers, service_folder, template_copy

Entry = dict[str, Any]

WITHOUT = (
    "**/app/*/",
    "**/tests/*/",
    "**/deploy/*/",
    "**/migrations/",
    "**/README.md",
    "**/AGENTS.md",
)
"""What pipelines do not read, and what takes most of the time of rendering."""


@dataclass(frozen=True)
class Rendered:
    """A repository with a service.

    Args:
        repository: its folder.
        answers: what the service was made with.
        folder: that of the service.
    """

    repository: Path
    answers: Answers
    folder: Path

    @classmethod
    def render(cls, destination: Path, answers: Answers) -> Rendered:
        """Render a small service, without the code that pipelines do not read."""
        small = {"service_name": "worker-celery-shop", "task_types": "orders"}
        copier.run_copy(
            str(template_copy()),
            destination,
            data={**small, **answers},
            exclude=WITHOUT,
            defaults=True,
            unsafe=True,
            quiet=True,
        )
        return cls(destination, answers, service_folder(destination, answers))

    @property
    def workflows(self) -> list[Path]:
        """The workflows of GitHub."""
        return sorted(self.repository.glob(".github/workflows/*.yml"))

    @property
    def gitlab(self) -> list[Path]:
        """The pipelines of GitLab."""
        return sorted(
            [*self.repository.glob(".gitlab-ci.yml"), *self.repository.glob(".gitlab/**/*.yml")]
        )

    def workflow(self, kind: str) -> Entry:
        """Return the workflow of GitHub of this kind: `ci` or `update`."""
        prefix = "" if self.folder == self.repository else f"{self.folder.name}-"
        return load(self.repository / f".github/workflows/{prefix}{kind}.yml")


def load(file: Path) -> Entry:
    """Return what is in a pipeline. All values are texts, so that `on` stays what it is."""
    loaded: Entry = yaml.load(file.read_text(), Loader=yaml.BaseLoader)
    return loaded


def steps(workflow: Entry) -> list[Entry]:
    """Return the steps of all jobs of a workflow of GitHub."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def jobs(pipeline: Entry) -> dict[str, Entry]:
    """Return the jobs of a pipeline of GitLab, each with what it extends."""
    return {
        name: pipeline.get(entry.get("extends", ""), {}) | entry
        for name, entry in pipeline.items()
        if name != "include" and not name.startswith(".")
    }


def script(job: Entry) -> str:
    """Return what a job of GitLab runs, in the one shell that it has."""
    return "\n".join(["set -eo pipefail", *job.get("before_script", []), *job["script"], ""])


def scripts(file: Path) -> list[str]:
    """Return all that a pipeline runs, as scripts for Bash."""
    pipeline = load(file)
    if "jobs" in pipeline:
        return [step["run"] for step in steps(pipeline) if "run" in step]
    return [script(job) for job in jobs(pipeline).values()]
