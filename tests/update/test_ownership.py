"""An update brings fixes to ours and leaves theirs alone."""

from __future__ import annotations

from tests.update.services import Factory, Template

TASKS = "app/tasks/orders.py"
TEMPLATE_TASKS = (
    "app/tasks/{% yield task_type from service.custom_types %}{{ task_type.name }}"
    "{% endyield %}.py.jinja"
)
OWNERS_ROOMS = (
    "app/settings.py",
    "app/hooks.py",
    "app/schedule.py",
    "compose.override.yaml",
    "local.mk",
)


def fix_of_ours(template: Template) -> None:
    """Release a fix of the plumbing, and one of an example."""
    template.edit("app/core/errors.py", "It may work later", "It may work in a while")
    template.edit(TEMPLATE_TASKS, "Process the items of a job", "Work on the items of a job")
    template.release("1.1.0")


def test_a_fix_reaches_ours_and_not_theirs(template: Template, generate: Factory) -> None:
    service = generate({"task_types": "orders"})
    before = service.read(TASKS)
    fix_of_ours(template)

    service.update()

    assert "It may work in a while" in service.read("app/core/errors.py")
    assert service.read(TASKS) == before


def test_what_the_owners_wrote_stays(template: Template, generate: Factory) -> None:
    service = generate({"task_types": "orders"})
    for room in (*OWNERS_ROOMS, TASKS, "app/services/orders.py", "app/schemas/orders.py"):
        service.write(room, f"# ours now\n{service.read(room)}")
    service.write("app/tasks/refunds.py", '"""A task type of our own."""\n')
    service.commit()
    edited = service.files()
    fix_of_ours(template)

    service.update()

    after = service.files()
    changed = {file for file, text in after.items() if edited.get(file) != text}
    assert changed == {"app/core/errors.py"}


def test_what_the_owners_deleted_stays_deleted(template: Template, generate: Factory) -> None:
    service = generate({"task_types": "orders, email"})
    deleted = (
        *OWNERS_ROOMS,
        "app/tasks/email.py",
        "app/services/email.py",
        "tests/unit/test_email.py",
    )
    for file in deleted:
        (service.folder / file).unlink()
    service.commit()
    fix_of_ours(template)

    service.update()

    assert [file for file in deleted if service.exists(file)] == []
    assert service.exists(TASKS)


def test_an_own_package_and_a_new_one_of_ours_do_not_touch(
    template: Template, generate: Factory
) -> None:
    service = generate()
    project = service.read("pyproject.toml")
    service.write(
        "pyproject.toml", project.replace("dependencies = []", 'dependencies = ["polars"]')
    )
    service.commit()
    template.edit("pyproject.toml.jinja", "fail_under = 90", "fail_under = 91")
    template.release("1.1.0")

    service.update()

    merged = service.read("pyproject.toml")
    assert 'dependencies = ["polars"]' in merged
    assert "fail_under = 91" in merged
    assert "<<<<<<<" not in merged


def test_an_overlapping_edit_of_ours_is_a_visible_conflict(
    template: Template, generate: Factory
) -> None:
    service = generate()
    errors = service.read("app/core/errors.py")
    service.write("app/core/errors.py", errors.replace("It may work later", "Maybe tomorrow"))
    service.commit()
    fix_of_ours(template)

    service.update()

    assert "<<<<<<<" in service.read("app/core/errors.py")
    assert "UU app/core/errors.py" in service.changes()


def test_an_update_without_a_change_changes_nothing(template: Template, generate: Factory) -> None:
    service = generate()
    template.release("1.1.0")

    service.update()

    assert service.changes() == [" M .copier-answers.yml"]
