"""What an update may take away: the files that follow from answers, and the answers recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from .answers import PREFIX, faults_of, is_yes, parse_apis, parse_names, service_folder

SINGLE_FILES = ("app/settings.py", "app/hooks.py", "compose.override.yaml", "local.mk")
"""The owners' files that every service has."""

SCHEDULE = "app/schedule.py"
"""The owners' file that a service with beat has."""

HTTP_API = "app/api.py"
"""The owners' file that a service with an HTTP API has."""

KUBERNETES_FILES = (
    "deploy/kubernetes/overlays/production/kustomization.yaml",
    "deploy/kubernetes/overlays/production/settings.env",
)
"""The owners' files that a service has where it is deployed to Kubernetes."""

TYPE_FILES = (
    "app/tasks/{}.py",
    "app/services/{}.py",
    "app/schemas/{}.py",
    "tests/unit/test_{}.py",
    "tests/integration/test_{}.py",
)
"""The owners' files of a task type."""

EXAMPLE_FILES = {
    "ai": ("app/clients/ai.py", "tests/clients/test_ai.py"),
    "email": ("app/workflows/email.py", "tests/workflows/test_email.py"),
    "etl": ("app/workflows/etl.py", "tests/workflows/test_etl.py"),
    "reports": ("app/workflows/reports.py", "tests/workflows/test_reports.py"),
}
"""The owners' files that a worked example has besides."""

RESULT_FILES = {
    "etl": ("app/workflows/etl_batch.py", "tests/workflows/test_etl_batch.py"),
    "ml": ("app/workflows/ml_search.py", "tests/workflows/test_ml_search.py"),
    "reports": ("app/workflows/reports_month.py", "tests/workflows/test_reports_month.py"),
}
"""The owners' files that a worked example has besides while results are kept."""

DATABASE_FILES = {
    "ai": (
        "app/models/opinions.py",
        "app/repositories/opinions.py",
        "app/workflows/ai_opinions.py",
        "migrations/versions/opinions.py",
    ),
    "etl": (
        "app/models/orders.py",
        "app/repositories/orders.py",
        "migrations/versions/orders.py",
    ),
    "export": (
        "app/models/exports.py",
        "app/repositories/exports.py",
        "app/repositories/tables.py",
        "migrations/versions/exports.py",
    ),
    "reports": (
        "app/models/reports.py",
        "app/repositories/reports.py",
        "migrations/versions/reports.py",
    ),
}
"""The owners' files that a worked example has besides where tasks have a database."""

ADDED_LATER = ("ai",)
"""The examples among them to which these files can be added. The others are written for them."""

SHARED = {"reports_mail": {"email", "reports"}}
"""What worked examples do together, unless a task type of the owners has its name."""

SHARED_FILES = (
    "app/services/{}.py",
    "app/workflows/{}.py",
    "tests/unit/test_{}.py",
    "tests/workflows/test_{}.py",
)
"""The owners' files of that."""

API_FILES = ("app/clients/{}.py", "tests/clients/test_{}.py")
"""The owners' files of an external API."""

SWITCH_FILES = {
    "beat": (SCHEDULE, "scripts/start_beat.sh"),
    "database": ("scripts/start_relay.sh",),
    "flower": ("scripts/start_flower.sh",),
    "http_api": (HTTP_API, "scripts/start_api.sh"),
}
"""The files that are there only while a question is answered with yes."""

TARGET_FOLDER = "deploy/{}"
"""Where the files are that deploy a service to one of its targets."""

PIPELINES = {
    "github": (".github/workflows/ci.yml", ".github/workflows/update.yml"),
    "gitlab": (".gitlab-ci.yml",),
}
"""The files of a pipeline, at the root of the repository."""

SHARED_PIPELINES = {
    "github": (".github/workflows/{}-ci.yml", ".github/workflows/{}-update.yml"),
    "gitlab": (".gitlab/ci/{}.yml",),
}
"""The same in a repository of several services."""

GITLAB = ".gitlab-ci.yml"

RENOVATE = "renovate.json"
"""The owners' file that came with the question `ci`: what is older gets it once."""

SHARED_AT_ROOT = ("compose.yaml", RENOVATE, ".pre-commit-config.yaml", GITLAB)
"""What the services of a repository share. The first one brings it, and it is the owners'."""

GUARDED = (
    "task_types",
    "result_backend",
    "database",
    "beat",
    "flower",
    "http_api",
    "external_apis",
    "deploy",
    "ci",
)
"""The answers whose change may take files of the owners away."""

INCLUDED = {
    "compose.yaml": ("{0}/compose.yaml", "- path: [{0}/compose.yaml, {0}/compose.override.yaml]"),
    GITLAB: (".gitlab/ci/*.yml", "- local: .gitlab/ci/*.yml"),
}
"""What shows that a shared file includes a service, and the entry of its `include` that does."""

WAY_OUT = "docs/monorepo.md of the template says how to move it"


def owners_files(recorded: Mapping[str, Any], exists: Callable[[str], bool]) -> list[str]:
    """Return the owners' files that a copy with these answers has rendered, for an update to skip.

    A file listed here never comes to a service that was made before the template had it.

    Args:
        recorded: the answers of the service as it is; none for a new one.
        exists: tells whether the repository has a file.
    """
    if not recorded:
        return []
    switched = {"beat": SCHEDULE, "http_api": HTTP_API}
    own = [
        *SINGLE_FILES,
        *(file for name, file in switched.items() if is_yes(recorded.get(name))),
        *(KUBERNETES_FILES if "kubernetes" in parse_names(str(recorded.get("deploy", ""))) else ()),
        *_type_files(recorded),
        *_never_to_come(recorded, exists),
        *_api_files(recorded),
    ]
    at_root = shared_files(recorded) or ([RENOVATE] if "ci" in recorded else [])
    return [*_placed(own, recorded), *at_root]


def shared_files(answers: Mapping[str, Any]) -> list[str]:
    """Return the files at the root of its repository that a service shares with others."""
    if not _is_monorepo(answers):
        return []
    return [file for file in SHARED_AT_ROOT if answers.get("ci") == "gitlab" or file != GITLAB]


def to_include(answers: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Return what to add to the files that a service shares, as a text to print, or "".

    Args:
        answers: of the service.
        files: what is in each of the shared files that are there.
    """
    folder = _folder(answers)
    advice = [
        f"  {file} does not include it yet. Add below `include:`\n\n    {entry.format(folder)}"
        for file, (sign, entry) in INCLUDED.items()
        if file in files and sign.format(folder) not in files[file]
    ]
    return "".join(f"\n\n{each}" for each in advice)


def stays_away(file: str, recorded: Mapping[str, Any], exists: Callable[[str], bool]) -> bool:
    """Tell whether an owners' file is not there and does not come either.

    Args:
        file: its path in the folder of the service.
        recorded: the answers of the service as it is; none for a new one.
        exists: tells whether the repository has a file.
    """
    [place] = _placed([file], recorded)
    return not exists(place) and place in owners_files(recorded, exists)


def move(
    recorded: Mapping[str, Any], answers: Mapping[str, Any], at_root: Mapping[str, Any]
) -> dict[str, str]:
    """Return what to say if a service would move into another folder, or into one of another.

    Copier would delete the files where they are, with what the owners wrote into them.

    Args:
        recorded: the answers of the service as it is; none for a new one.
        answers: those that are known so far.
        at_root: the answers of what is in the folder of the repository itself, if anything is.
    """
    after = {**recorded, **answers}
    if recorded and _folder(recorded) != _folder(after):
        question = "service_name" if _is_monorepo(recorded) and _is_monorepo(after) else "layout"
        text = f"this would move the service from {_folder(recorded)} to {_folder(after)}"
        return {question: f"{text}, without your edits ({WAY_OUT})"}
    name = str(at_root.get("service_name", ""))
    if _is_monorepo(after) and name.startswith(PREFIX) and not _is_monorepo(at_root):
        text = f"{name} is in this very folder, and services of one repository are in services/"
        return {"layout": f"{text} ({WAY_OUT})"}
    return {}


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

    Args:
        recorded: the answers of the service as it is.
        answers: those that are known so far.
        exists: tells whether the repository has a file or folder.
    """
    before = _files(recorded)
    lost = {}
    for name in filter(answers.__contains__, GUARDED):
        after = _files({**recorded, name: answers[name]})
        lost[name] = [file for file in before if file not in after and exists(file)]
    return {name: files for name, files in lost.items() if files}


def removals(lost: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what to say about each answer that would make files go."""
    return {
        name: f"this would delete {', '.join(files)} (--data allow_removal=yes permits it)"
        for name, files in lost.items()
    }


def _files(answers: Mapping[str, Any]) -> list[str]:
    """Return the files that are there because of an answer that is guarded."""
    switched = [
        file for name, files in SWITCH_FILES.items() if is_yes(answers.get(name)) for file in files
    ]
    targets = [TARGET_FOLDER.format(name) for name in parse_names(str(answers.get("deploy", "")))]
    own = [*_type_files(answers), *switched, *_api_files(answers), *targets]
    return [*_placed(own, answers), *_pipeline_files(answers)]


def _pipeline_files(answers: Mapping[str, Any]) -> list[str]:
    ci, name = str(answers.get("ci", "none")), str(answers.get("service_name"))
    if _is_monorepo(answers):
        return [file.format(name) for file in SHARED_PIPELINES.get(ci, ())]
    return list(PIPELINES.get(ci, ()))


def _placed(files: Iterable[str], answers: Mapping[str, Any]) -> list[str]:
    """Return where files of a service are in its repository."""
    return [PurePosixPath(_folder(answers), file).as_posix() for file in files]


def _folder(answers: Mapping[str, Any]) -> str:
    return service_folder(str(answers.get("service_name")), str(answers.get("layout")))


def _is_monorepo(answers: Mapping[str, Any]) -> bool:
    return answers.get("layout") == "monorepo"


def _type_files(answers: Mapping[str, Any]) -> list[str]:
    files = []
    types = _types(answers)
    for name in types:
        files += [pattern.format(name) for pattern in TYPE_FILES]
        files += EXAMPLE_FILES.get(name, ())
        files += RESULT_FILES.get(name, ()) if _has_results(answers) else ()
        files += DATABASE_FILES.get(name, ()) if is_yes(answers.get("database")) else ()
    shared = [name for name, parts in SHARED.items() if parts <= set(types) and name not in types]
    return files + [pattern.format(name) for name in shared for pattern in SHARED_FILES]


def _never_to_come(recorded: Mapping[str, Any], exists: Callable[[str], bool]) -> list[str]:
    """Return the files that another answer would bring, did they not build on what is missing.

    An example that is older than its workflows lacks what they use, and one that was made without a
    database does not use one.
    """
    types = _types(recorded)
    older = [
        name
        for name in types
        if name in EXAMPLE_FILES and not any(map(exists, _placed(EXAMPLE_FILES[name], recorded)))
    ]
    without = [] if is_yes(recorded.get("database")) else types
    apart = [name for name in without if name in older or name not in ADDED_LATER]
    return [
        *(file for name in older for file in RESULT_FILES.get(name, ())),
        *(file for name in apart for file in DATABASE_FILES.get(name, ())),
    ]


def _api_files(answers: Mapping[str, Any]) -> list[str]:
    apis = parse_apis(str(answers.get("external_apis", "")))
    return [pattern.format(name) for name, _ in apis for pattern in API_FILES]


def _types(answers: Mapping[str, Any]) -> list[str]:
    return parse_names(str(answers.get("task_types", "")))


def _has_results(answers: Mapping[str, Any]) -> bool:
    return str(answers.get("result_backend", "none")) != "none"
