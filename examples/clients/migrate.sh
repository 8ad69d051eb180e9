#!/bin/sh
# migrate.sh up|skip|assert|status [SOURCE]: migrations from the shell, with psql.
#
#     up      run what is pending; waits while another instance does
#     skip    the same, but leaves it to the other instance and goes on
#     assert  fails unless the schema is current: before serving, or after skip
#     status  what is applied, what is pending
#
# SOURCE is a directory on the server or stage:NAME; without it that of the registered service. The database is what PGHOST,
# PGDATABASE, PGUSER, ... say, or DATABASE_URL. Exit status: 0, or psql's: 3 after an error of the server, 2 without a server.
set -eu

# Autocommit is psql's default; -X leaves out a .psqlrc that says otherwise. Notices and the CONTEXT of an error are shown.
run() { psql -X -q -v ON_ERROR_STOP=1 -v source="${source:-}" ${DATABASE_URL:+-d "$DATABASE_URL"}; }

up() {
  run <<END
CALL migrator.up(nullif(:'source', '')$1) \gset
\echo :result
END
}

source=${2:-}
case ${1:-} in
  up) up '' ;;
  skip) up ", if_locked => 'skip'" ;;
  assert) echo "SELECT migrator.assert_current(nullif(:'source', ''))" | run >/dev/null ;;
  status) echo "SELECT version, name, state, flags FROM migrator.status(nullif(:'source', ''))" | run ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
esac
