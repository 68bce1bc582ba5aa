"""The service's own transport for Redis against the stock one: make bench-transport"""

from __future__ import annotations

from benchmarks.turns import compare

VARIANTS = {
    "stock": {"REDIS_TRANSPORT": "stock", "LOG_LEVEL": "WARNING"},
    "reliable": {"REDIS_TRANSPORT": "reliable", "LOG_LEVEL": "WARNING"},
}

if __name__ == "__main__":
    compare("benchmarks.transport", str(__doc__), VARIANTS)
