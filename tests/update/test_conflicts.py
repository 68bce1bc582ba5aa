"""Where owners and a release have changed the same lines, both are shown and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass

from tests.update.services import Factory, Service, Template, different, git

ROOT = "template/{{ service.root }}"


@dataclass(frozen=True)
class Overlap:
    """A line that the owners and a release change, each in their way."""

    file: str
    source: str
    line: str
    owners: str
    releases: str


OVERLAPS = [
    Overlap(
        "compose.yaml",
        f"{ROOT}/compose.yaml.jinja",
        "127.0.0.1:5555:5555",
        "127.0.0.1:6555:5555",
        "127.0.0.1:7555:5555",
    ),
    Overlap(
        "Makefile",
        f"{ROOT}/Makefile.jinja",
        "$(PYTHON) -m dev.run",
        "LOG_LEVEL=DEBUG $(PYTHON) -m dev.run",
        "$(PYTHON) -X dev -m dev.run",
    ),
    Overlap(
        "Dockerfile",
        f"{ROOT}/Dockerfile.jinja",
        "mkdir var && chown 10001:10001 var",
        "mkdir var data && chown 10001:10001 var data",
        "install --directory --owner=10001 --group=10001 var",
    ),
    Overlap(
        "pyproject.toml",
        "extensions/model.py",
        '"hiredis>=3.5,<4"',
        '"hiredis>=3.5,<3.6"',
        '"hiredis>=3.6,<4"',
    ),
    Overlap(
        "app/core/aio.py",
        f"{ROOT}/app/core/aio.py",
        "work = loop.create_task(coroutine)",
        'work = loop.create_task(coroutine, name="ours")',
        "work = loop.create_task(coroutine, context=None)",
    ),
    Overlap(
        "README.md",
        f"{ROOT}/README.md.jinja",
        "`make` lists all commands.",
        "`make` lists all commands, ours too.",
        "`make help` lists all commands.",
    ),
]

BESIDE = {
    "app/core/errors.py": "# Read by the team on call.\n",
    "app/settings.py": '\n    own_currency: str = "EUR"\n',
    "docs/runbook.md": "# When it burns\n",
}
"""What the owners have also added: where the release changes nothing."""


def test_overlapping_edits_are_visible_conflicts_and_the_rest_is_left_alone(
    template: Template, generate: Factory
) -> None:
    service = generate()
    for overlap in OVERLAPS:
        change(service, overlap)
    for file, text in BESIDE.items():
        (service.folder / file).parent.mkdir(exist_ok=True)
        service.write(file, (service.read(file) if service.exists(file) else "") + text)
    service.commit()
    before = service.states()
    for overlap in OVERLAPS:
        change_in_template(template, overlap)
    template.release("1.1.0")

    service.update()

    files = sorted(overlap.file for overlap in OVERLAPS)
    unmerged = git(service.folder, "diff", "--name-only", "--diff-filter=U").splitlines()
    assert unmerged == files
    assert service.conflicts() == files
    for overlap in OVERLAPS:
        assert both_sides(service, overlap) == (True, True), overlap.file
    assert different(before, service.states()) == [".copier-answers.yml", *files]


def change(service: Service, overlap: Overlap) -> None:
    """Change the line as the owners do."""
    text = service.read(overlap.file)
    assert overlap.line in text, overlap.file
    service.write(overlap.file, text.replace(overlap.line, overlap.owners))


def change_in_template(template: Template, overlap: Overlap) -> None:
    """Change the line as the release does."""
    source = template.folder / overlap.source
    text = source.read_text()
    assert overlap.line in text, overlap.source
    source.write_text(text.replace(overlap.line, overlap.releases))


def both_sides(service: Service, overlap: Overlap) -> tuple[bool, bool]:
    """Tell whether the owners' line and the release's are there, each on its side of a conflict."""
    _, _, conflict = service.read(overlap.file).partition("<<<<<<< before updating\n")
    owners, _, rest = conflict.partition("=======\n")
    releases, _, _ = rest.partition(">>>>>>> after updating\n")
    return overlap.owners in owners, overlap.releases in releases
