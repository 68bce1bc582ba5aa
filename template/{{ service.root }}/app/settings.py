"""The service's own settings. Add a field; the variable of the same name sets it."""

from __future__ import annotations

from app.core.environment import EnvSettings


class Settings(EnvSettings):
    """What your tasks need to know about where they run. Read it with `Settings.load()`."""
