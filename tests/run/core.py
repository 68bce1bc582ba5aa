"""Tests of what is the same whatever a service does, most of a suite's time."""

from __future__ import annotations

from pathlib import Path

from tests.harness import Answers

CORE = "tests/core"
"""Where they are in a service."""

ABOUT_RESULTS = {
    "test_aio.py",
    "test_failures.py",
    "test_http_api.py",
    "test_http_api_idempotency.py",
    "test_http_api_states.py",
    "test_idempotency.py",
    "test_limits.py",
    "test_results.py",
    "test_status.py",
    "test_tracing.py",
}
"""Those among them that depend on where results are kept."""

Aspect = tuple[str, str, str]
"""A module of tests, a broker, and where results are kept or a variant of the module."""


def aspects(folder: Path, answers: Answers) -> set[Aspect]:
    """Return the tests of the core that a service has, each with what it depends on."""
    broker, backend = str(answers["broker"]), str(answers["result_backend"])
    modules = core_modules(folder)
    about_results = {(module, broker, backend) for module in modules.keys() & ABOUT_RESULTS}
    return {(module, broker, variant) for module, variant in modules.items()} | about_results


def core_modules(folder: Path) -> dict[str, str]:
    """Return the tests of the core that a service has, with their texts: each is a variant."""
    return {file.name: file.read_text() for file in Path(folder, CORE).glob("test_*.py")}


def left_out(folder: Path, chosen: set[str]) -> list[str]:
    """Return the options of pytest that run only some of the tests of the core."""
    others = sorted(core_modules(folder).keys() - chosen)
    return [f"--ignore={CORE}/{module}" for module in others]
