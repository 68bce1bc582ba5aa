"""How much the guarantees are tested, and what all that happens by chance is made from."""

from __future__ import annotations

import os
import secrets

SEED = int(os.environ.get("GUARANTEES_SEED") or secrets.randbelow(1_000_000))
"""The same number repeats the same choices."""

TASKS = int(os.environ.get("GUARANTEES_TASKS") or 5000)
"""Tasks that are published while workers are killed."""

KILLS = int(os.environ.get("GUARANTEES_KILLS") or 20)
"""Workers that are killed meanwhile."""

MESSAGES = int(os.environ.get("GUARANTEES_MESSAGES") or 2000)
"""Malformed messages that a worker gets."""

COUNTED = int(os.environ.get("GUARANTEES_COUNTED") or 2000)
"""Tasks whose metrics are compared with what has happened."""
