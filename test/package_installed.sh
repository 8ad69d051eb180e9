#!/bin/bash
# package_installed.sh MAJOR VERSION NEXT: in a chroot that has nothing but PostgreSQL, as root: the packages of the folders 1
# and 2 beside this script, from installation to removal. Prints `ok` and `not ok` lines, and fails with the first of these.
set -euo pipefail

major=$1 version=$2 next=$3
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive
doc=/usr/share/doc/postgresql-$major-migrator
cluster=

trap '[ -z "$cluster" ] || ctl -m immediate stop' EXIT

ok() {
  local name=$1
  shift
  if "$@"; then echo "ok - $name"; else
    echo "not ok - $name"
    exit 1
  fi
}
as_postgres() { runuser -u postgres -- "$@"; }
sql() { as_postgres psql -XAtq -v ON_ERROR_STOP=1 -d shop "$@"; }
is() { # is NAME EXPECTED COMMAND...
  local name=$1 expected=$2 found
  shift 2
  found=$("$@" 2>&1) || true
  [ "$found" = "$expected" ] || printf 'expected: %s\nfound: %s\n' "$expected" "$found"
  ok "$name" [ "$found" = "$expected" ]
}
# All names, but for logs, caches, dpkg's lists, and the files of tables.
files() {
  find / -xdev \( -path /tmp -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /run -o -path /dev \
    -o -path "/var/lib/postgresql/$major/main" \) -prune -o -print | sort
}
# The cluster that Debian's package made. Not pg_ctlcluster, which wants /proc; and no port, for a chroot has those of the machine.
ctl() {
  as_postgres "/usr/lib/postgresql/$major/bin/pg_ctl" -s -w -D "/var/lib/postgresql/$major/main" -l /tmp/server.log \
    -o "-c config_file=/etc/postgresql/$major/main/postgresql.conf -c listen_addresses=" "$@"
}
start() { ctl start && cluster=1; }
stop()  { ctl -m fast stop && cluster=; }

install -d -o postgres -g postgres /run/postgresql
start
as_postgres createdb shop
stop
files >before

ok 'the packages are installed' dpkg -i 1/*.deb
is 'and nothing is missing' '' dpkg --audit
is 'migrator-push is on the PATH' /usr/bin/migrator-push command -v migrator-push
is 'it is of this version' "migrator-push $version" migrator-push --version
ok 'it has a manual page' [ -s /usr/share/man/man1/migrator-push.1.gz ]

start
is 'the extension is there' "$version" sql -c "SELECT default_version FROM pg_available_extensions WHERE name = 'migrator'"
ok 'files are sent and run' as_postgres migrator-push -d shop --create --up "$doc/examples/shop"
is 'they are applied' 'applied|6' sql -c "SELECT state, count(*) FROM migrator.status('stage:default') GROUP BY state"
is 'and can be read from a directory' t sql -c "SELECT migrator.is_current('$doc/examples/shop')"

ok 'the next version is installed' dpkg -i 2/*.deb
is 'with its migrator-push' "migrator-push $next" migrator-push --version
ok 'sessions are told to update the extension' grep -q 'Run ALTER EXTENSION migrator UPDATE' <<<"$(sql -c "CALL migrator.up('stage:default')" 2>&1)"
sql -c 'ALTER EXTENSION migrator UPDATE'
is 'it is updated' "$next|$next" sql -c "SELECT extversion, migrator.version() FROM pg_extension WHERE extname = 'migrator'"
is 'the record is what it was' 'applied|6' sql -c "SELECT state, count(*) FROM migrator.status('stage:default') GROUP BY state"
ok 'it runs' as_postgres migrator-push -d shop --up "$doc/examples/shop"

ok 'the packages are removed' dpkg --remove "postgresql-$major-migrator" migrator-push
stop
ok 'the server starts without them' start
is 'with the data' 1 sql -c 'SELECT least(count(*), 1) FROM products'
is 'and the record' '6' sql -c "SELECT count(*) FROM migrator.migrations WHERE state = 'applied'"
ok 'DROP EXTENSION does not need the library' sql -c 'DROP EXTENSION migrator'
ok 'they are purged' dpkg --purge "postgresql-$major-migrator" migrator-push
stop
files >after
ok 'nothing is left' diff before after
