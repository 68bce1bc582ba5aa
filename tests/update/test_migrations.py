"""What owners wrote into a file of ours is kept when a release renames the file or drops it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.update.releases import SHAPES, Stock
from tests.update.services import Factory, Service, Template, git

HOUSE = Path("template", "{{ service.root }}")
TABLE = Path("migrations", "moved_files.py")
HEAD_OF_TABLE = "MOVED: dict[str, dict[str, str | None]] = {\n"

RENAMED = {
    "AGENTS.md": "CONVENTIONS.md",
    "Dockerfile": "Containerfile",
    "dev/add_api.py": "dev/api.py",
    "dev/growth.py": "dev/answers.py",
    "dev/processes.py": "dev/children.py",
    "dev/run.py": "dev/start.py",
}
DROPPED = ("scripts/probe.sh", "dev/add_task.py")
MOVES: dict[str, str | None] = {**RENAMED, **dict.fromkeys(DROPPED)}

RULE = "\n- **A rule of ours**: ask before you deploy.\n"


def move_files(template: Template, *, with_table: bool) -> None:
    """Release files under new names, changed at their beginning, and others not any more."""
    house = template.folder / HOUSE
    for old, new in RENAMED.items():
        suffix = "" if (house / old).exists() else ".jinja"
        text = (house / f"{old}{suffix}").read_text()
        (house / f"{old}{suffix}").unlink()
        (house / f"{new}{suffix}").write_text(f"# Moved from {old}.\n{text}")
    for old in DROPPED:
        next(house.glob(f"{old}*")).unlink()
    if with_table:
        replace(template.folder / TABLE, HEAD_OF_TABLE, f'{HEAD_OF_TABLE}    "1.1.0": {MOVES!r},\n')
    template.release("1.1.0")


def conflicts(service: Service) -> str:
    """Return what Git says about files that could not be merged."""
    return git(service.folder, "diff", "--name-status", "--diff-filter=U")


def replace(file: Path, old: str, new: str) -> None:
    """Replace a text that is in a file."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def edit(service: Service) -> None:
    """Do to files of ours what owners do."""
    service.write("AGENTS.md", service.read("AGENTS.md") + RULE)
    service.write("Dockerfile", "# Ours.\n" + service.read("Dockerfile"))
    service.write("dev/add_api.py", service.read("dev/add_api.py") + "# Ours.\n")
    service.write("dev/api.py", "# Ours, and of this name before.\n")
    service.write("scripts/probe.sh", service.read("scripts/probe.sh") + "# Ours.\n")
    (service.folder / "dev/growth.py").unlink()


@pytest.fixture(scope="module")
def updated(first_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service in a folder of a repository, of whose files some were edited before the update."""
    folder = tmp_path_factory.mktemp("moved")
    template = Template(shutil.copytree(first_release, folder / "template"))
    generated = Factory(template, folder)().folder
    shutil.rmtree(generated / ".git")
    repository = folder / "repository"
    service = Service(repository / "services/shop")
    shutil.copytree(generated, service.folder)
    edit(service)
    git(repository, "init", "--quiet")
    service.commit()
    move_files(template, with_table=True)
    service.update()
    return service


def test_without_a_migration_an_edit_is_lost(template: Template, generate: Factory) -> None:
    service = generate()
    service.write("AGENTS.md", service.read("AGENTS.md") + RULE)
    service.commit()
    move_files(template, with_table=False)

    service.update()

    assert RULE not in "".join(service.files().values())
    assert service.conflicts() == []


def test_an_edit_moves_into_the_renamed_file(updated: Service) -> None:
    text = updated.read("CONVENTIONS.md")

    assert not updated.exists("AGENTS.md")
    assert text.startswith("# Moved from AGENTS.md.\n")
    assert text.endswith(RULE)
    assert "<<<<<<<" not in text


def test_an_edit_of_the_same_lines_is_a_conflict_that_git_shows(updated: Service) -> None:
    text = updated.read("Containerfile")

    assert text.startswith(
        "<<<<<<< before updating\n# Ours.\n=======\n# Moved from Dockerfile.\n>>>>>>> after"
    )
    assert "services/shop/Containerfile" in conflicts(updated)


def test_an_untouched_file_is_what_the_release_makes_of_it(updated: Service) -> None:
    for old in ("dev/processes.py", "dev/run.py"):
        assert not updated.exists(old)
        assert updated.read(RENAMED[old]).startswith(f"# Moved from {old}.\n")


def test_a_dropped_file_stays_only_where_it_was_edited(updated: Service) -> None:
    assert updated.read("scripts/probe.sh").endswith("# Ours.\n")
    assert not updated.exists("dev/add_task.py")


def test_an_edit_stays_where_the_owners_have_a_file_of_the_new_name(updated: Service) -> None:
    assert updated.read("dev/add_api.py").endswith("# Ours.\n")
    assert "# Ours, and of this name before.\n" in updated.read("dev/api.py")


def test_what_the_owners_deleted_stays_deleted(updated: Service) -> None:
    assert not updated.exists("dev/growth.py")


def test_an_edit_from_before_a_rename_of_ours_is_still_there(stock: Stock, tmp_path: Path) -> None:
    service = stock.service("0.3.0", SHAPES[0], tmp_path / "service")
    service.write("tests/core/test_add_task.py", service.read("tests/core/test_add_task.py") + RULE)
    # What a question was called once. It is no reason to refuse the record.
    answers = service.read(".copier-answers.yml")
    service.write(".copier-answers.yml", f"{answers}retired_question: yes\n")
    service.commit()

    service.update()

    assert RULE in service.read("tests/core/test_growth.py")
