"""Writes a text as a literal of the language that it is rendered into."""

from __future__ import annotations

import json


def toml(text: str) -> str:
    """Return a text as a TOML basic string. JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)


def dockerfile(text: str) -> str:
    """Return a text as a quoted value of a Dockerfile, in which nothing is substituted."""
    return json.dumps(text, ensure_ascii=False).replace("$", "\\$")
