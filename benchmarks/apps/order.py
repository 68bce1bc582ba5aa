"""What each task is given: a few values, which a service checks."""

from __future__ import annotations

ORDER = {"customer": 7, "currency": "EUR"}
