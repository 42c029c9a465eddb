#!/bin/sh
# Makes an image `postgres:17` for the compose test where no registry can be reached:
#
#     tests/support/docker-image.sh FOLDER
#
# FOLDER is an installation with bin/, lib/ and share/ below it (a relocatable one). The image has
# just enough around it to do what the official one does with POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB and PGDATA. pg_isready is taken from this machine where FOLDER has none.
set -eu
installation=$1 image=${2:-postgres:17}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# A program with the libraries it needs, each at its own place.
add() {
    for file in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
}
mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/tmp" "$root/run" "$root/etc" \
    "$root/proc" "$root/dev" "$root/sys" "$root/var/lib/postgresql" "$root/opt"
chmod 1777 "$root/tmp"
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done
for program in sh cat chown chmod mkdir ls sed setpriv; do
    path=$(command -v "$program")
    cp -L "$path" "$root/usr/bin/$program"
    add "$path"
done
cp -a "$installation" "$root/opt/postgresql"
for program in "$installation"/bin/*; do add "$program"; done
if [ ! -e "$installation/bin/pg_isready" ]; then
    ready=$(readlink -f "$(command -v pg_isready)")
    case $(head -c 2 "$ready") in '#!') ready=$(ls /usr/lib/postgresql/*/bin/pg_isready | tail -1) ;; esac
    cp -L "$ready" "$root/usr/bin/pg_isready"
    add "$ready"
fi
echo 'root:x:0:0::/:/bin/sh
postgres:x:999:999::/var/lib/postgresql:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:
postgres:x:999:' > "$root/etc/group"

cat > "$root/entrypoint" <<'SCRIPT'
#!/bin/sh
set -eu
: "${PGDATA:=/var/lib/postgresql/data}" "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}" "${POSTGRES_PASSWORD:?superuser password is not specified}"
as="setpriv --reuid=999 --regid=999 --clear-groups --"
mkdir -p "$PGDATA"
chown -R 999:999 "$PGDATA"
chmod 700 "$PGDATA"
if [ -z "$(ls "$PGDATA")" ]; then
    echo "$POSTGRES_PASSWORD" > /tmp/password
    chown 999 /tmp/password
    $as initdb -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/password -D "$PGDATA" --locale=C -E UTF8
    [ "$POSTGRES_DB" = postgres ] ||
        echo "CREATE DATABASE \"$POSTGRES_DB\"" | $as postgres --single -j -D "$PGDATA" postgres
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec $as postgres -D "$PGDATA" -c listen_addresses='*'
SCRIPT
chmod 755 "$root/entrypoint" "$root"

tar -C "$root" -c . | docker import \
    --change 'ENV PATH=/opt/postgresql/bin:/usr/bin LC_ALL=C PGDATA=/var/lib/postgresql/data' \
    --change 'ENTRYPOINT ["/entrypoint"]' --change 'EXPOSE 5432' \
    - "$image"
