#!/bin/sh
# recover.sh NEW_DATABASE [FILE]: restores the latest backup on migrator's record into a new database.
#
# The record is that of the database which PGDATABASE, PGHOST, ... say: view migrator.backups. Where it cannot be asked any more,
# FILE is the backup. Nothing is done to the old database: look at the new one, then rename both. The role may create databases
# and everything that is in the backup. Exits with 1 when anything fails; a database that is not whole is dropped.
set -eu

fail() {
  echo "recover.sh: $*" >&2
  exit 1
}

[ -n "${1:-}" ] || fail 'usage: recover.sh NEW_DATABASE [FILE]'
new=$1
if [ $# -ge 2 ]; then
  file=$2
else
  file=$(psql -XAtq -v ON_ERROR_STOP=1 -c "SELECT location FROM migrator.backups
    WHERE kind = 'backup' AND service IS NULL AND location IS NOT NULL LIMIT 1") || fail 'the record cannot be read'
  [ -n "$file" ] || fail 'no backup is on record'
fi
[ -r "$file" ] || fail "backup \"$file\" is not here"

createdb --template=template0 "$new" || fail "database \"$new\" was not made"
if ! pg_restore --exit-on-error --dbname="dbname='$(printf '%s' "$new" | sed "s/[\\\\']/\\\\&/g")'" "$file"; then
  dropdb "$new" || true
  fail "the restore of \"$file\" failed"
fi
echo "database \"$new\" is as \"$file\" has it"
