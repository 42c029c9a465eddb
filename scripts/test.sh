#!/bin/sh
# All tests. Uses cargo-nextest where it is installed: it gives every test a process of its own.
set -eu
if cargo nextest --version >/dev/null 2>&1; then
    if [ "${CI:-}" = true ]; then set -- --profile ci "$@"; fi
    cargo nextest run "$@"
    cargo test --quiet --doc
else
    cargo test --quiet "$@"
fi
