"""What the owners' files take from those of the template, and whether it is still there."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping

from tests.harness import ROOT, run
from tests.update.releases import commit_of
from tests.update.services import Service, git, theirs

PACKAGES = {"app", "dev", "tests"}

LOOK_UP = """
import json
import sys
import warnings
from pkgutil import resolve_name

# It sets the variables that the application reads.
import tests.conftest

found = {}
for name in sys.argv[1:]:
    try:
        thing, module = resolve_name(name), sys.modules.get(name.rpartition(".")[0])
    except (ImportError, AttributeError):
        continue
    found[name] = getattr(thing, "__deprecated__", None) or getattr(module, "__deprecated__", "")
print(json.dumps(found))
"""
"""A program that prints which names a service offers, with what is said of those that will go."""


def taken(service: Service) -> dict[str, str]:
    """Return the names that the owners' files take from ours, each with a file that does."""
    files = {file: text for file, text in service.files().items() if file.endswith(".py")}
    names = {name: file for file in theirs(files) for name in _names(files[file], files)}
    own = theirs(place for name in names for place in _places(name))
    return {
        name: file
        for name, file in names.items()
        if name.partition(".")[0] in PACKAGES and own.isdisjoint(_places(name))
    }


def documented(version: str) -> dict[str, str]:
    """Return the names that the reference of a release lists for owners, each with that page."""
    page = "docs/reference.md"
    text = git(ROOT, "show", f"{commit_of(version)}:{page}")
    return dict.fromkeys(re.findall(r"^\| `(app\.core\.[\w.]+)`", text, re.MULTILINE), page)


def offered(service: Service, names: Iterable[str]) -> dict[str, str]:
    """Return those names that a service has, with what it says of those that will go."""
    done = run([sys.executable, "-W", "ignore", "-c", LOOK_UP, *names], service.folder)
    assert done.returncode == 0, done.stdout
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def broken(names: Mapping[str, str], now: Service, warned: Service | None = None) -> dict[str, str]:
    """Return those names that a service lacks although nobody was warned.

    Args:
        names: what files of older services take, each with such a file.
        now: the service.
        warned: one of the last version before a new major one, whose deprecated names may go.
    """
    told = offered(warned, names) if warned else {}
    gone = names.keys() - offered(now, names).keys()
    return {name: names[name] for name in sorted(gone) if not told.get(name)}


def _names(text: str, modules: Container[str]) -> Iterator[str]:
    """Yield what a source text imports, and what it takes from the modules that it imports."""
    nodes = list(ast.walk(ast.parse(text)))
    imported = {
        each.asname or each.name: f"{node.module}.{each.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }
    yield from imported.values()
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = imported.get(node.value.id, "")
            if f"{name.replace('.', '/')}.py" in modules:
                yield f"{name}.{node.attr}"


def _places(name: str) -> list[str]:
    """Return the files that a name may be in: a module, or what a module has."""
    parts = name.split(".")
    return ["/".join(parts[:length]) + ".py" for length in range(1, len(parts) + 1)]
