"""What the log costs: make bench-logs"""

from __future__ import annotations

from benchmarks.turns import compare

VARIANTS = {
    "warnings only": {"LOG_LEVEL": "WARNING"},
    "text": {"LOG_LEVEL": "INFO"},
    "JSON": {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json"},
}

if __name__ == "__main__":
    compare("benchmarks.logs", str(__doc__), VARIANTS)
