"""Checks a call against the signature of a task, before it is sent and before it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from app.core.errors import InvalidArguments, InvalidTask

NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Arguments:
    """The parameters of one task, each with its type.

    Args:
        task_name: the name of the task, for messages.
        function: the task's function. Its annotations decide what a call may contain.

    Raises:
        InvalidTask: when the function takes `*args`, `**kwargs` or positional-only parameters,
            whose contents nothing describes, or a type that cannot be checked.
    """

    def __init__(self, task_name: str, function: Callable[..., Any]) -> None:
        self._task_name = task_name
        try:
            self._signature = inspect.signature(function, eval_str=True)
            self._adapters = {
                name: self._adapter(parameter)
                for name, parameter in self._signature.parameters.items()
            }
        except (NameError, PydanticUserError) as error:
            raise InvalidTask(f"{task_name}: an annotation cannot be used: {error}") from None

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by name, as the types that the task declares.

        Raises:
            InvalidArguments: when one is missing, unknown or of the wrong type.
        """
        try:
            given = self._signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise InvalidArguments(f"{self._task_name}: {error}") from None
        return {name: self._check_one(name, value) for name, value in given.items()}

    def dump(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return checked arguments as plain JSON values."""
        return {
            name: self._adapters[name].dump_python(value, mode="json")
            for name, value in arguments.items()
        }

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the arguments, as an object with each of them by its name.

        Raises:
            InvalidTask: when one has a type for which JSON has no form.
        """
        mode: Literal["validation"] = "validation"
        inputs = [(name, mode, adapter) for name, adapter in self._adapters.items()]
        try:
            schemas, definitions = TypeAdapter.json_schemas(inputs)
        except PydanticUserError as error:
            raise InvalidTask(f"{self._task_name}: an argument is no JSON: {error}") from None
        return {
            "type": "object",
            "properties": {name: schemas[name, mode] for name in self._adapters},
            "required": [
                name
                for name, parameter in self._signature.parameters.items()
                if parameter.default is parameter.empty
            ],
            "additionalProperties": False,
            **definitions,
        }

    def _adapter(self, parameter: inspect.Parameter) -> TypeAdapter[Any]:
        if parameter.kind not in NAMED:
            raise InvalidTask(
                f"{self._task_name}: parameter {parameter} cannot be checked; "
                "give each parameter a name and a type"
            )
        unannotated = parameter.annotation is inspect.Parameter.empty
        return TypeAdapter(Any if unannotated else parameter.annotation)

    def _check_one(self, name: str, value: Any) -> Any:
        try:
            return self._adapters[name].validate_python(value, from_attributes=True)
        except ValidationError as error:
            faults = "; ".join(_describe(name, dict(fault)) for fault in error.errors())
            raise InvalidArguments(f"{self._task_name}: {faults}") from None


def result_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the JSON Schema of what a task's function returns, as its annotation tells.

    Without an annotation, or with one that JSON cannot describe, it may be anything.
    """
    try:
        annotation = inspect.signature(function, eval_str=True).return_annotation
    except NameError as error:
        return {"description": str(error)}
    if annotation is inspect.Signature.empty:
        return {}
    try:
        return TypeAdapter(annotation).json_schema(mode="serialization")
    except PydanticUserError:
        return {"description": inspect.formatannotation(annotation)}


def _describe(name: str, fault: dict[str, Any]) -> str:
    """Say where in an argument the fault is, without repeating the value: it may be personal."""
    place = ".".join([name, *(_public(part) for part in fault["loc"])])
    return f"{place}: {fault['msg']}"


def _public(part: int | str) -> str:
    """Return a part of a place, unless it is a key of the caller's data rather than a field."""
    return str(part) if isinstance(part, int) or part.isidentifier() else "[...]"
