# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# Migrations applied, against psql without a record: `psql -1` with all scripts in one file; and one psql that includes each
# file between BEGIN and COMMIT. In fresh databases, times of the client. Sourced by run.sh.

for_psql() { # for_psql N: N.all.sql and N.each.sql of N.dir
  local f
  migrations "$1"
  cat "$1.dir"/*.up.sql >"$1.all.sql"
  for f in "$1.dir"/*.up.sql; do printf 'BEGIN;\n\\i %s\nCOMMIT;\n' "$f"; done >"$1.each.sql"
}

way_apply()     { fresh; took call "SELECT count(*) FROM migrator.apply('$dir/$1.dir')"; }
way_up()        { fresh; took call "CALL migrator.up('$dir/$1.dir')"; }
way_psql_one()  { fresh; took psql -d bench -1 -f "$1.all.sql"; }
way_psql_each() { fresh; took psql -d bench -f "$1.each.sql"; }

group_apply() {
  local n
  for n in 100 1000 5000; do
    for_psql $n
    compare "up of $n, psql with BEGIN/COMMIT each and no record" "0.90" "way_up $n" "way_psql_each $n"
  done
  for n in 100 1000; do compare "apply of $n, psql -1 and no record" "0.98" "way_apply $n" "way_psql_one $n"; done
  migrations 10000
  REPEAT=1 compare "up of 10,000, of 1,000" "1.00" "way_up 10000" "way_up 1000" 10000 1000
}
