#!/bin/sh
# All tests. Uses cargo-nextest where it is installed: it gives every test a process of its own.
set -eu
if cargo nextest --version >/dev/null 2>&1; then
    # Most tests wait for a server most of the time; those that keep one busy count twice
    # (.config/nextest.toml).
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
    set -- --test-threads "$((cores * 2))" "$@"
    if [ "${CI:-}" = true ]; then set -- --profile ci "$@"; fi
    cargo nextest run "$@"
    cargo test --quiet --doc
else
    cargo test --quiet "$@"
fi
