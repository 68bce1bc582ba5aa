"""What the HTTP API needs to know from the environment."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, PositiveInt

from app.core.environment import EnvSettings
from app.core.rate import ApiRate, Rate

NONE = "none"
"""What says that there is to be no key, or no limit."""

SHORTEST_KEY = 20
"""How many characters a key has at least."""

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*", re.ASCII)
HASH = "sha256:"
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Key:
    """A key of a caller. Only its hash is kept."""

    caller: str
    digest: bytes = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """Who may call. Without any key, everybody may."""

    keys: tuple[Key, ...] = ()

    def caller(self, given: str) -> str | None:
        """Return whose key this is, or None. It takes as long for every key."""
        digest = sha256(given.encode()).digest()
        found = [key for key in self.keys if hmac.compare_digest(key.digest, digest)]
        return found[0].caller if found else None


def _read_keys(text: str | None) -> Keys | None:
    if text is None:
        return None
    parts = [] if text == NONE else text.split(",")
    return Keys(tuple(_read_key(part.strip()) for part in parts))


def _read_key(part: str) -> Key:
    caller, _, key = part.partition("=")
    if not NAME.fullmatch(caller) or not key:
        raise ValueError("is not a list of name=key, with commas between them, and not none")
    if key.lower().startswith(HASH):
        digest = key.removeprefix(HASH)
        # Taken for a key, the text of the hash itself would open.
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"has a hash for {caller} that is not {HASH} and 64 digits 0-9a-f")
        return Key(caller, bytes.fromhex(digest))
    if len(key) < SHORTEST_KEY or len(set(key)) < SHORTEST_KEY // 2:
        raise ValueError(f"has a key for {caller} that is easy to guess: make it long and random")
    return Key(caller, sha256(key.encode()).digest())


def _none(value: Any) -> Any:
    return None if value == NONE else value


class HttpSettings(EnvSettings):
    """The settings of the HTTP API."""

    http_address: str = "127.0.0.1"
    http_port: int = Field(8080, ge=1, le=65535)
    http_keys: Annotated[Keys | None, PlainValidator(_read_keys)] = Field(
        None,
        description="who may call: names and keys, or their hashes",
        examples=["shop=a-long-random-key,crm=sha256:..."],
    )
    http_max_body_kib: PositiveInt = 512
    http_rate: Annotated[ApiRate | None, BeforeValidator(_none)] = Field(
        Rate(100, 1), description="for each name, or none", examples=["100/second"]
    )
    http_cors_origins: frozenset[str] = Field(
        frozenset(),
        description="the pages of browsers that may call",
        examples=['["https://shop.example.com"]'],
    )
