#!/bin/sh
# All benchmarks, as tables on standard output. Whole processes are measured with the release
# build, as users run it.
set -eu
cargo bench --bench processes
cargo bench --bench graph
cargo bench --bench frames
cargo bench --bench schema
