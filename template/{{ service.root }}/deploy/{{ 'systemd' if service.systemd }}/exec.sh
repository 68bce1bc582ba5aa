#!/bin/sh
# Runs a command of the service, as the units do:
#   exec.sh scripts/start_worker.sh
set -eu
# Not through the link `current`: a process stays with the release that it was started from.
cd -P "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH"

# What LoadCredential= brings.
if [ -n "${CREDENTIALS_DIRECTORY:-}" ]; then
    export SECRETS_DIR="$CREDENTIALS_DIRECTORY"
fi
# A worker reads the queue that its name begins with: shop.email, or shop.email:2 for one more.
if [ -n "${WORKER_NAME:-}" ]; then
    export WORKER_QUEUES="${WORKER_QUEUES:-${WORKER_NAME%%:*}}"
fi
exec "$@"
