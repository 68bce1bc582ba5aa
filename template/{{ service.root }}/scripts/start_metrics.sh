#!/bin/sh
# Starts the small process that shows Prometheus how the service is, at METRICS_PORT.
set -eu
cd "$(dirname "$0")/.."

exec python -m app.metrics
