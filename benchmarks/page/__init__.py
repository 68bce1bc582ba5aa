"""Writes what was measured into docs/speed.md and docs/scale.md, and draws it."""
