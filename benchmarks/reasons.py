"""Why figures are not reached, for docs/speed.md: what a profile says."""

from __future__ import annotations

REASONS: dict[tuple[str, str, str], str] = {}
"""Sentences by figure, broker, and what the target speaks of, as the table has it."""
