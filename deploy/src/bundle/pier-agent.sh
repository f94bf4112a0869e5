#!/bin/sh
# Starts the Pier agent of the folder that this file lies in; PIER_NODE names the Node to run it with.
set -eu
dir=$(dirname -- "$(readlink -f -- "$0")")
# What stays for months is kept small ("npm run bench -- agent-footprint" measures it): one arena of malloc, given back early;
# a small young generation; one helper thread of V8; no start-up snapshot, whose pages every guest's thread would have too.
# What is over in a moment goes without, since that snapshot is a third of its time.
if [ "${1:-}" = start ]; then
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}" MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-65536}"
  exec "${PIER_NODE:-node}" --max-semi-space-size=1 --v8-pool-size=1 --no-node-snapshot "$dir/agent.mjs" "$@"
fi
exec "${PIER_NODE:-node}" "$dir/agent.mjs" "$@"
