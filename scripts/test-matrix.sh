#!/bin/sh
# The suites that speak to a server, on the PostgreSQL in the folders of programs that LIMBECK_TEST_PG_BINS
# names (separated by ':'), and on Debian's unless LIMBECK_MATRIX=named. LIMBECK_MATRIX_SUITES
# leaves some out. Arguments go to the test runner.
set -eu

failed=""
ran=0

suites() { # suites DIR ARGUMENT…: all suites on one server
    dir=$1
    shift
    if [ ! -x "$dir/postgres" ] || [ ! -x "$dir/initdb" ]; then
        echo "skipped: no postgres and initdb in $dir"
        return 0
    fi
    version=$("$dir/postgres" --version)
    echo "== $version ($dir)"
    ran=$((ran + 1))
    for suite in ${LIMBECK_MATRIX_SUITES:-engine faults db server sample pg cli schema around corpus}; do set -- --test "$suite" "$@"; done
    if cargo nextest --version >/dev/null 2>&1; then
        cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
        set -- nextest run --test-threads "$((cores * 2))" "$@"
    else
        set -- test --quiet "$@"
    fi
    LIMBECK_TEST_PG_BIN="$dir" cargo "$@" --no-fail-fast || failed="$failed
  $version"
}

named=${LIMBECK_TEST_PG_BINS:-}
while [ -n "$named" ]; do
    case $named in *:*) rest=${named#*:} ;; *) rest="" ;; esac
    dir=${named%%:*}
    named=$rest
    [ -z "$dir" ] || suites "$dir" "$@"
done
for dir in /usr/lib/postgresql/*/bin; do
    [ ! -d "$dir" ] || [ "${LIMBECK_MATRIX:-}" = named ] || suites "$dir" "$@"
done

if [ "$ran" = 0 ] && [ "${LIMBECK_MATRIX:-}" = named ]; then exit 0; fi
[ "$ran" -gt 0 ] || { echo "no PostgreSQL was found; name folders in LIMBECK_TEST_PG_BINS" >&2; exit 1; }
[ -z "$failed" ] || { echo "failed on:$failed" >&2; exit 1; }
echo "all suites pass on $ran version(s) of PostgreSQL"
