"""What logs, metrics and traces cost: make bench-seeing

The traces go to nobody: a port that is closed.
"""

from __future__ import annotations

from benchmarks.turns import compare

BLIND = {"LOG_LEVEL": "WARNING", "METRICS_PORT": "0"}
LOGS = {"LOG_LEVEL": "INFO"}
TRACES = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}

VARIANTS = {
    "nothing": BLIND,
    "logs as text": {**BLIND, **LOGS},
    "logs as JSON": {**BLIND, **LOGS, "LOG_FORMAT": "json"},
    "metrics": {"LOG_LEVEL": "WARNING"},
    "logs as JSON and metrics": {**LOGS, "LOG_FORMAT": "json"},
    "traces": {**BLIND, **TRACES},
}

if __name__ == "__main__":
    compare("benchmarks.seeing", str(__doc__), VARIANTS)
