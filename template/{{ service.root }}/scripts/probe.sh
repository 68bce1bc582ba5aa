#!/bin/sh
# Tells whether a worker, beat or the metrics are well, by the age of files that they make new:
#   scripts/probe.sh worker alive [SECONDS]   it works, if only on waiting for its broker
#   scripts/probe.sh worker ready [SECONDS]   it takes messages, too
#   scripts/probe.sh beat alive [SECONDS]     it looks at its schedule
#   scripts/probe.sh metrics alive [SECONDS]  their process answers Prometheus
#   scripts/probe.sh canary QUEUE SECONDS     a message of beat came through the queue, to this machine
# With WORKER_NAME and HEALTH_DIR as for the worker. The exit code is 0, or 1 with a reason.
set -eu
cd "$(dirname "$0")/.."

folder=${HEALTH_DIR:-var/health}

fail() {
    echo "$*" >&2
    exit 1
}

# Fails unless a file is at most so many seconds old.
young() {
    [ -e "$1" ] || fail "$2: there is no $1"
    changed=$(stat -c %Y "$1" 2>/dev/null || stat -f %m "$1")
    age=$(($(date +%s) - changed))
    [ "$age" -le "$3" ] || fail "$2: $1 is $age s old, the limit is $3 s"
}

case "${1:-} ${2:-}" in
"worker alive" | "worker ready")
    name=${WORKER_NAME:-worker}
    young "$folder/$name.alive" "the worker is dead or stuck" "${3:-180}"
    [ "$2" = alive ] || [ -e "$folder/$name.ready" ] || fail "the worker takes no messages"
    ;;
"beat alive") young "$folder/beat.alive" "beat is dead or stuck" "${3:-180}" ;;
"metrics alive") young "$folder/metrics.alive" "the metrics are dead or stuck" "${3:-30}" ;;
"canary "?*) young "$folder/canary.$2" "nobody reads the queue here" "${3:-180}" ;;
*) fail "usage: scripts/probe.sh worker alive|ready | beat alive | metrics alive | canary QUEUE, then SECONDS" ;;
esac
