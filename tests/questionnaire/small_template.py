"""A small copy of the template, so that a run takes a tenth of a second."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.harness import ROOT, template_copy

FILES = {
    "{{ _copier_conf.answers_file }}.jinja": None,
    "{{ service.root }}/description.txt.jinja": "{{ description }}",
    "{{ service.root }}/name.txt.jinja": "{{ service.name }}",
}
"""What the small template renders; None takes the file of the real one."""


def make_template(folder: Path, files: Mapping[str, str | None] = FILES) -> Path:
    """Make a template that renders these files, and is the real one beside that."""
    shutil.copytree(template_copy(), folder, ignore=shutil.ignore_patterns("template"))
    for name, text in files.items():
        file = folder / "template" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((ROOT / "template" / name).read_text() if text is None else text)
    return folder
