#!/bin/sh
# backup.sh [DIRECTORY]: dumps a database with pg_dump, and puts the backup on migrator's record.
#
# Where a service has backup_required, its runs ask for that. The database is the one that PGDATABASE, PGHOST, PGPORT, PGUSER, ...
# say, as for psql; DIRECTORY is the current one unless given. The role needs EXECUTE on migrator.record_backup, and may read
# what is dumped. Exits with 1 and records nothing when anything fails; a dump that is not whole is removed.
set -eu

fail() {
  echo "backup.sh: $*" >&2
  exit 1
}

directory=${1:-.}
[ -d "$directory" ] || fail "\"$directory\" is not a directory"
directory=$(cd "$directory" && pwd)
umask 077

# The server's clock, before the dump: what is changed behind that may not be in it.
database=$(psql -XAtq -c 'SELECT current_database()') || fail 'cannot connect'
began=$(psql -XAtq -c 'SELECT extract(epoch FROM clock_timestamp())') || fail 'cannot connect'

# a name of its own for each backup, and no slash in it, whatever the database is called
name=backup_$(printf '%s' "$database" | tr -c 'A-Za-z0-9_.-' '_')_$(date -u +%Y%m%dT%H%M%SZ).dump
file=$directory/$name
[ ! -e "$file" ] || fail "\"$file\" is there already"
trap 'rm -f "$file.part"' EXIT
trap 'exit 1' HUP INT TERM

pg_dump --format=custom --file="$file.part" || fail "the backup of \"$database\" failed"
# as a dump, from its beginning to its end
pg_restore --list "$file.part" >/dev/null || fail "the backup of \"$database\" cannot be read"
mv "$file.part" "$file"
size=$(wc -c <"$file")

psql -XAtq -v ON_ERROR_STOP=1 -v label="$name" -v size="$size" -v location="$file" -v began="$began" >/dev/null <<'SQL' ||
SELECT migrator.record_backup(:'label', :'size', :'location', taken_at => to_timestamp(:'began'));
SQL
  fail "\"$file\" is there, but not on record"
echo "backup of \"$database\": $file, $((size)) bytes"
