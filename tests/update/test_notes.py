"""Whoever updates a service reads what the releases between the two versions bring."""

from __future__ import annotations

import copier
import pytest
from copier import VcsRef

from migrations.notes import notes
from tests.harness import ROOT, run
from tests.update.services import Factory, Service, Template

CHANGES = """\
# Changes

What is new.

## 0.10.0

Ten.

## 0.9.0

Nine.

## 0.8.0

Eight.
"""


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("0.8.0", "0.10.0", ["0.10.0", "0.9.0"]),
        ("0.8.0", "0.9.0", ["0.9.0"]),
        ("0.9.0", "0.9.0", []),
        ("0.8.1", "0.9.5", ["0.9.0"]),
        ("0.8.0.post3.dev0+1a2b3c4", "0.10.0", ["0.10.0", "0.9.0"]),
        ("0.8.0", "0.9.0.post2.dev0+9f9f9f9", ["0.9.0"]),
        ("0.0.0.post7.dev0+1a2b3c4", "0.8.0", ["0.8.0"]),
        ("0.8.0", "999.0.0", ["0.10.0", "0.9.0"]),
    ],
)
def test_the_entries_after_one_version_and_up_to_another_are_chosen(
    since: str, until: str, expected: list[str]
) -> None:
    found = notes(CHANGES, since, until)

    assert [line[3:] for line in found.splitlines() if line.startswith("## ")] == expected


def test_an_entry_is_printed_whole() -> None:
    assert notes(CHANGES, "0.8.0", "0.10.0") == "\n## 0.10.0\n\nTen.\n\n## 0.9.0\n\nNine.\n"


def test_the_changelog_has_an_entry_of_every_release() -> None:
    listed = (ROOT / "releases.txt").read_text().splitlines()[1:]
    found = notes((ROOT / "CHANGELOG.md").read_text(), "0.0.0", "999.0.0")

    headings = [line[3:] for line in found.splitlines() if line.startswith("## ")]
    assert headings == [line.split()[0] for line in reversed(listed)]


def release(template: Template) -> None:
    """Release a fix, with its notes."""
    template.edit("app/core/errors.py", "It may work later", "It may work in a while")
    template.edit("compose.yaml.jinja", "services:\n", "# The stack.\nservices:\n")
    changes = template.folder / "CHANGELOG.md"
    intro, _, entries = changes.read_text().partition("## ")
    entry = "## 1.1.0\n\nBefore you update:\n\n- **Redis**: let the queues run empty.\n\n"
    changes.write_text(f"{intro}{entry}## {entries}")
    template.release("1.1.0")


def look(service: Service) -> str:
    """Run `make updates`, see that it changes nothing, and return what it prints."""
    before = service.states()
    done = run(["make", "--silent", "updates"], service.folder)
    assert done.returncode == 0, done.stdout
    assert service.states() == before
    assert service.changes() == []
    return done.stdout


def update(
    service: Service,
    capfd: pytest.CaptureFixture[str],
    to: VcsRef | None = None,
    **data: str | bool,
) -> str:
    """Update a service as `copier update --defaults` does, and return what that prints."""
    capfd.readouterr()
    copier.run_update(
        service.folder, data=data, defaults=True, overwrite=True, unsafe=True, vcs_ref=to
    )
    return "".join(capfd.readouterr())


def test_an_update_is_looked_at_then_made_and_says_what_it_brings(
    template: Template, generate: Factory, capfd: pytest.CaptureFixture[str]
) -> None:
    service = generate({"beat": False})
    errors = service.read("app/core/errors.py")
    service.write("app/core/errors.py", errors.replace("It may work later", "Maybe tomorrow"))
    service.commit()
    release(template)

    looked = look(service)

    assert "From 1.0.0 to 1.1.0. Nothing is changed yet:\n`copier update --trust`" in looked
    assert "\n## 1.1.0\n\nBefore you update:\n\n- **Redis**: let the queues" in looked
    assert "\n## 0.4.0\n" not in looked
    assert "changed the same lines of:\napp/core/errors.py\n" in looked
    assert "\n+# The stack.\n" in looked
    assert "copier._vcs.clone" not in looked

    made = update(service, capfd)

    assert "\n## 1.1.0\n\nBefore you update:\n\n- **Redis**: let the queues" in made
    assert "git diff --name-only --diff-filter=U" in made
    assert service.conflicts() == ["app/core/errors.py"]


def test_a_service_that_grows_is_told_nothing_new(
    template: Template, generate: Factory, capfd: pytest.CaptureFixture[str]
) -> None:
    service = generate({"beat": False})
    release(template)

    printed = update(service, capfd, VcsRef.CURRENT, beat=True)

    assert "Keeping template version 1.0.0" in printed
    assert "## " not in printed
    assert service.exists("app/schedule.py")


def test_there_is_nothing_to_look_at_in_a_service_that_is_up_to_date(generate: Factory) -> None:
    assert look(generate()) == "The service is up to date: 1.0.0.\n"
