"""Settings from the environment, checked all together when the service starts."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = os.environ.get("ENV_FILE", ".env")
"""The file with variables of a developer's machine. Empty for none."""

SECRETS_DIR = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
"""Where secret files lie: one file for each variable, named like the variable."""

Settings = TypeVar("Settings", bound="EnvSettings")


class EnvSettings(BaseSettings):
    """Base class of all settings: each field is read from the variable of the same name.

    A process variable wins over `.env`, and `.env` over a secret file. An empty variable counts as
    unset, as it does for Celery. The first value of a field's `examples` is shown when it is wrong.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE or None,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
    )

    registered: ClassVar[list[type[EnvSettings]]] = []

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Remember every settings class, so that all are checked at start."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.registered.append(cls)

    @classmethod
    def load(cls) -> Self:
        """Return the settings, read once for each process.

        Raises:
            SystemExit: when variables are missing or wrong, with all of them in its message.
        """
        try:
            loaded: Self = _load(cls)
        except ValidationError:
            check_environment()
            raise
        return loaded


@cache
def _load(settings: type[Settings]) -> Settings:
    return settings()


def check_environment() -> None:
    """Check every settings class.

    Raises:
        SystemExit: when variables are missing or wrong, with all of them in its message.
    """
    faults = [fault for settings in EnvSettings.registered for fault in _faults(settings)]
    if faults:
        raise SystemExit("\n".join(["The environment of this service is not right:", *faults]))


def _faults(settings: type[EnvSettings]) -> list[str]:
    try:
        _load(settings)
    except ValidationError as error:
        messages: dict[str, list[str]] = {}
        for fault in error.errors():
            field = str(fault["loc"][0]).lower() if fault["loc"] else ""
            messages.setdefault(field, []).append(fault["msg"].removeprefix("Value error, "))
        return [_describe(settings, field, " or ".join(texts)) for field, texts in messages.items()]
    return []


def _describe(settings: type[EnvSettings], field: str, message: str) -> str:
    """Name the variable, say what is wrong with it and show a good value."""
    if not field:
        return f"  {message}"
    variable = field.upper()
    examples = settings.model_fields[field].examples or [settings.model_fields[field].default]
    return f"  {variable}: {message} (for example {variable}={examples[0]})"
