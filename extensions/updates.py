"""What an update may take away: the files that follow from answers, and the answers recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .answers import faults_of, is_yes, parse_apis, parse_names

SINGLE_FILES = ("app/settings.py", "app/hooks.py", "compose.override.yaml", "local.mk")
"""The owners' files that every service has."""

SCHEDULE = "app/schedule.py"
"""The owners' file that a service with beat has."""

TYPE_FILES = (
    "app/tasks/{}.py",
    "app/services/{}.py",
    "app/schemas/{}.py",
    "tests/unit/test_{}.py",
    "tests/integration/test_{}.py",
)
"""The owners' files of a task type."""

API_FILES = ("app/clients/{}.py", "tests/clients/test_{}.py")
"""The owners' files of an external API."""

SWITCH_FILES = {
    "beat": (SCHEDULE, "scripts/start_beat.sh"),
    "flower": ("scripts/start_flower.sh",),
}
"""The files that are there only while a question is answered with yes."""


def owners_files(recorded: Mapping[str, Any]) -> list[str]:
    """Return the owners' files that a copy with these answers has rendered, for an update to skip.

    A file listed here never comes to a service that was made before the template had it.
    """
    if not recorded:
        return []
    files = _files(recorded)
    schedule = [file for file in files["beat"] if file == SCHEDULE]
    return [*SINGLE_FILES, *schedule, *files["task_types"], *files["external_apis"]]


def unusable_records(recorded: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """Return what to say about each recorded answer that Copier would replace by the default."""
    kept = {name: value for name, value in recorded.items() if name not in given}
    return {
        name: f"the recorded answer is not possible any more: {text}"
        f" (give a new one with --data {name}=...)"
        for name, text in faults_of(kept).items()
    }


def lost_files(
    recorded: Mapping[str, Any], answers: Mapping[str, Any], exists: Callable[[str], bool]
) -> dict[str, list[str]]:
    """Return, for each answer that has changed, the files that would go with the recorded one.

    Only files that are still there count, so retired code can be deleted by hand first.
    """
    before, after = _files(recorded), _files(answers)
    lost = {
        name: [file for file in files if file not in after[name] and exists(file)]
        for name, files in before.items()
    }
    return {name: files for name, files in lost.items() if files}


def removals(lost: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what to say about each answer that would make files go."""
    return {
        name: f"this would delete {', '.join(files)} (--data allow_removal=yes permits it)"
        for name, files in lost.items()
    }


def _files(answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the files that follow from each answer."""
    types = parse_names(str(answers.get("task_types", "")))
    apis = parse_apis(str(answers.get("external_apis", "")))
    return {
        "task_types": [pattern.format(name) for name in types for pattern in TYPE_FILES],
        "external_apis": [pattern.format(name) for name, _ in apis for pattern in API_FILES],
    } | {
        name: list(files) if is_yes(answers.get(name)) else []
        for name, files in SWITCH_FILES.items()
    }
