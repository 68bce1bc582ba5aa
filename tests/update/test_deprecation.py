"""What `app/core` offers goes only after a warning: the way is here, on a function and a module."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.harness import run
from tests.update.interface import broken, taken
from tests.update.services import Factory, Service, Template

ANSWERS: dict[str, str | bool] = {"task_types": "orders", "beat": False, "flower": False}

GREETING = '''"""Greets people, and says how far it is."""

from __future__ import annotations

from app.core.progress import report_progress
from app.core.types import BoundTask


def greet(task: BoundTask, name: str) -> str:
    """Return a greeting."""
    report_progress(task, 1, 1, "greeted")
    return f"Hello {name}"
'''

TEST = '''"""Greetings."""

from __future__ import annotations

from app.services.greeting import greet
from app.tasks.orders import run


def test_somebody_is_greeted() -> None:
    assert greet(run, "Ada") == "Hello Ada"
'''

PROGRESS = "app/core/progress.py"

NAME = "app.core.progress.report_progress"

ADVICE = "report_progress will go: call tell_progress, which takes the same"

OLD_NAME = f'''

@deprecated("{ADVICE}")
def report_progress(task: BoundTask, done: int, total: int, message: str = "") -> None:
    """Do what `tell_progress` does."""
    tell_progress(task, done, total, message)
'''

OLD_MODULE = '''"""The name that `app.core.telling` had before."""

import warnings

from app.core.telling import PROGRESS, report_progress

__all__ = ["PROGRESS", "report_progress"]

__deprecated__ = "app.core.progress will go: import app.core.telling"
warnings.warn(__deprecated__, DeprecationWarning, stacklevel=2)
'''


def rename_function(template: Template) -> None:
    """Give a function another name. The old one works, and warns."""
    template.edit(PROGRESS, "def report_progress(", "def tell_progress(")
    imports = "from celery.backends.base import DisabledBackend\n"
    template.edit(PROGRESS, imports, f"{imports}from typing_extensions import deprecated\n")
    file = template.folder / "template/{{ service.root }}" / PROGRESS
    file.write_text(file.read_text() + OLD_NAME)


def move_module(template: Template) -> None:
    """Give a module another name. The old one works, and warns."""
    old = template.folder / "template/{{ service.root }}" / PROGRESS
    old.rename(old.with_name("telling.py"))
    old.write_text(OLD_MODULE)


@pytest.fixture
def service(generate: Factory) -> Service:
    """A service whose owners use what will go."""
    service = generate(ANSWERS)
    service.write("app/services/greeting.py", GREETING)
    service.write("tests/unit/test_greeting.py", TEST)
    service.commit()
    return service


def own_tests(service: Service) -> str:
    """Run the tests of the owners, which pass, and return what is printed."""
    done = run([sys.executable, "-m", "pytest", "tests/unit/test_greeting.py"], service.folder)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_renamed_function_works_on_and_names_the_new_one(
    service: Service, template: Template
) -> None:
    assert "Warning" not in own_tests(service)
    rename_function(template)
    template.release("1.1.0")

    service.update()

    assert f"DeprecationWarning: {ADVICE}" in own_tests(service)
    types = run(["make", "types", f"PYTHON={sys.executable}"], service.folder)
    assert types.returncode == 0, types.stdout
    assert "app/services/greeting.py:5: note: " in types.stdout
    assert ADVICE in types.stdout


def test_a_module_that_has_moved_works_on_and_names_the_new_one(
    service: Service, template: Template
) -> None:
    move_module(template)
    template.release("1.1.0")

    service.update()

    shown = own_tests(service)
    assert "app/services/greeting.py:5: DeprecationWarning: app.core.progress will go" in shown
    assert "import app.core.telling" in shown


@pytest.mark.parametrize("deprecate", [rename_function, move_module])
def test_what_goes_is_found_unless_the_last_major_version_has_warned(
    deprecate: Callable[[Template], None],
    service: Service,
    template: Template,
    generate: Factory,
) -> None:
    names = taken(service)
    deprecate(template)
    template.release("1.1.0")
    warned = generate(ANSWERS, "1.1.0")
    (template.folder / "template/{{ service.root }}" / PROGRESS).unlink()
    template.release("2.0.0")
    now = generate(ANSWERS, "2.0.0")

    assert broken(names, warned) == {}
    assert broken(names, now) == {NAME: "app/services/greeting.py"}
    assert broken(names, now, warned) == {}
