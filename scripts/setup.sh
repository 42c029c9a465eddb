#!/bin/sh
# Installs what is missing for running (`setup.sh server`) or for building and testing, where that
# may be done without asking: Debian and its kin as root. Elsewhere it says what to install.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

server() {
    for initdb in initdb /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb \
        /opt/homebrew/opt/postgresql*/bin/initdb /usr/local/opt/postgresql*/bin/initdb \
        /Applications/Postgres.app/Contents/Versions/latest/bin/initdb; do
        if have "$initdb" || [ -x "$initdb" ]; then return 0; fi
    done
    return 1
}

install() { # install PURPOSE PACKAGE…
    purpose=$1
    shift
    if have apt-get && [ "$(id -u)" = 0 ]; then
        echo "installing $* ($purpose)"
        export DEBIAN_FRONTEND=noninteractive
        # Debian's package would start a cluster of its own; limbeck runs its own.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] ||
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        # The file above stays: without a terminal dpkg could not ask about it.
        apt-get update -qq && apt-get install -y -qq --no-install-recommends \
            -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >/dev/null
    elif have apt-get; then
        echo "missing: $purpose; run: sudo apt-get install $*" >&2
        return 1
    elif have brew; then
        echo "missing: $purpose; run: brew install postgresql" >&2
        return 1
    else
        echo "missing: $purpose; install your system's package (postgresql-server, postgresql)" >&2
        return 1
    fi
}

if ! server; then
    # Running needs no package manager: limbeck offers to download a server when it finds none.
    if [ "${1:-}" = server ]; then install "a PostgreSQL server" postgresql || true; else
        install "a PostgreSQL server" postgresql
    fi
fi
[ "${1:-}" = server ] && exit 0

have cc || install "a C compiler and linker" gcc libc6-dev
have openssl || install "openssl, for the certificates of the TLS tests" openssl || true
