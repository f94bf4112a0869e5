#!/bin/sh
# Starts the Pier agent of the folder that this file lies in, with the settings under which its memory was measured:
# see "The agent's memory" in docs/performance.md. PIER_NODE names the Node to run it with.
set -eu
dir=$(dirname -- "$(readlink -f -- "$0")")
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}" MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-65536}"
exec "${PIER_NODE:-node}" --max-semi-space-size=1 --v8-pool-size=1 --no-node-snapshot "$dir/agent.mjs" "$@"
