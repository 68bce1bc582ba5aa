"""Settings from the environment, checked all together when the service starts."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import (
    SecretBytes,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = os.environ.get("ENV_FILE", ".env")
"""The file with variables of a developer's machine. Empty for none."""

SECRETS_DIR = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
"""Where secret files lie: one file for each variable, named like the variable."""

LIST = '["a", "b"]'
JSON_FORMS = {
    "dict_type": '{"a": "b"}',
    "frozen_set_type": LIST,
    "list_type": LIST,
    "set_type": LIST,
    "tuple_type": LIST,
}
"""How a variable holds more than one value, by pydantic's name of the fault."""

Settings = TypeVar("Settings", bound="EnvSettings")


class EnvSettings(BaseSettings):
    """Base class of all settings: each field is read from the variable of the same name.

    A process variable wins over `.env`, and `.env` over a secret file. An empty variable counts as
    unset, as it does for Celery. A list or a dictionary is written as JSON. The first value of a
    field's `examples` is shown when it is wrong.
    """

    model_config = SettingsConfigDict(
        # Done by _read_json, whose faults are listed with all others.
        enable_decoding=False,
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

    @field_validator("*", mode="wrap")
    @classmethod
    def _read_json(cls, value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError:
            values = _values(value)
            if values is None:
                raise
        return validate(values)

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


def _values(text: Any) -> list[Any] | dict[str, Any] | None:
    """Return the values of a JSON list or dictionary, or None when it is something else."""
    try:
        values = json.loads(text)
    except (TypeError, ValueError):
        return None
    return values if isinstance(values, list | dict) else None


def _faults(settings: type[EnvSettings]) -> list[str]:
    try:
        _load(settings)
    except ValidationError as error:
        faults: dict[str, list[Any]] = {}
        for fault in error.errors():
            variable = str(fault["loc"][0]).upper() if fault["loc"] else ""
            faults.setdefault(variable, []).append(fault)
        return [_describe(settings, variable, each) for variable, each in faults.items()]
    return []


def _describe(settings: type[EnvSettings], variable: str, faults: list[Any]) -> str:
    """Name the variable, say what is wrong with it and show a good value, if one is known."""
    message = " or ".join(fault["msg"].removeprefix("Value error, ") for fault in faults)
    if not variable:
        return f"  {message}"
    value = _good_value(settings, variable, faults[0]["type"])
    return f"  {variable}: {message}" + (f" (for example {variable}={value})" if value else "")


def _good_value(settings: type[EnvSettings], variable: str, fault: str) -> str:
    """Return a value that would do, as a variable holds it, or an empty text."""
    field = settings.model_fields.get(variable.lower())
    if not field:
        return ""
    default = None if field.is_required() else field.get_default()
    value = field.examples[0] if field.examples else JSON_FORMS.get(fault, default)
    if not value or isinstance(value, SecretStr | SecretBytes):
        return ""
    plain = TypeAdapter(Any).dump_python(value, mode="json", fallback=str)
    return plain if isinstance(plain, str) else json.dumps(plain)
