"""What a message must be like for Celery to take it. Anything else could end the worker."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

from celery.app.task import Context
from celery.utils.time import maybe_iso8601
from kombu import Message
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.core.errors import PermanentError


class Malformed(PermanentError):
    """A message is not one of Celery."""


def _readable_time(text: str) -> str:
    when = maybe_iso8601(text)
    if not when:
        raise ValueError("no time")
    # Fails at the end of the calendar, where Celery would fail later.
    when.astimezone(UTC).timestamp()
    return text


def _complete_signature(signature: dict[str, Any]) -> dict[str, Any]:
    wrong = [name for name, kind in PARTS.items() if not isinstance(signature.get(name), kind)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} missing or of a wrong type")
    return signature


PARTS = {"task": str, "args": list, "kwargs": dict, "options": dict}
"""What the signature of a task consists of, at least."""

Signature = Annotated[dict[str, Any], AfterValidator(_complete_signature)]
"""A task that is sent when this one has ended."""

Time = Annotated[str, AfterValidator(_readable_time)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Headers(BaseModel):
    """The headers of Celery's protocol 2, as far as it relies on them."""

    model_config = ConfigDict(strict=True)

    id: str = Field(min_length=1)
    task: str = Field(min_length=1)
    # The pause before the next retry doubles with each.
    retries: int = Field(0, ge=0, le=1_000_000)
    eta: Time | None = None
    expires: Time | None = None
    timelimit: Annotated[list[Seconds | None], Field(min_length=2, max_length=2)] | None = None
    root_id: str | None = None
    parent_id: str | None = None
    group: str | None = None
    group_index: int | None = None
    shadow: str | None = None
    origin: str | None = None
    argsrepr: str | None = None
    kwargsrepr: str | None = None
    ignore_result: bool | None = None
    replaced_task_nesting: int = 0
    stamped_headers: list[str] | None = None
    stamps: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    deliveries: int = Field(0, ge=0, alias="x-delivery-count")


class Embed(BaseModel):
    """The third part of the body."""

    # A newer Celery may know more.
    model_config = ConfigDict(strict=True, extra="allow")

    callbacks: list[Signature] | None = None
    errbacks: list[Signature] | None = None
    chain: list[Signature] | None = None
    chord: Signature | None = None


BODY: TypeAdapter[Any] = TypeAdapter(tuple[list[Any], dict[str, Any], Embed | None])

REQUEST = {name for name in vars(Context) if not name.startswith("__")}
"""Names that the task's request has a use for: a header or a part of this name would replace it."""

NO_HEADERS = REQUEST - set(Headers.model_fields)
NO_PARTS = REQUEST - set(Embed.model_fields)


def check(message: Message) -> Headers:
    """Return the headers of a message that Celery can take.

    Raises:
        Malformed: with all that is wrong.
    """
    try:
        payload = message.payload
    except Exception as error:
        # A decoder may raise anything. Its `repr` may hold the whole body.
        raise Malformed(f"the body cannot be read: {error}") from error
    faults = []
    try:
        _, _, embed = BODY.validate_python(payload)
        headers = Headers.model_validate(message.headers)
    except ValidationError as error:
        faults = [_describe(dict(fault)) for fault in error.errors()]
    except (ArithmeticError, TypeError) as error:
        faults = [f"a time cannot be read: {error}"]
    faults += [f"{name} is no header" for name in NO_HEADERS.intersection(message.headers)]
    if not faults and embed and embed.model_extra:
        faults += [f"{name} is no part of a body" for name in NO_PARTS & embed.model_extra.keys()]
    if faults:
        raise Malformed("; ".join(faults))
    return headers


def _describe(fault: dict[str, Any]) -> str:
    """Say where the fault is, without repeating the value: it may be personal."""
    place = ".".join(str(part) for part in fault["loc"]) or "body"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
