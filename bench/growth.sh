# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# What must cost no more for each when there are more of them. Sourced by run.sh.

fail_up()    { fresh; files "$1" 'SELECT 1/0;'; took call "CALL migrator.up('$dir/work.dir', on_error => 'continue')"; }
fail_apply() { fresh; files "$1" 'SELECT 1/0;'; took call "SELECT count(*) FROM migrator.apply('$dir/work.dir', on_error => 'continue')"; }

named() {
  fresh
  files "$1" 'SELECT 1;'
  took call "SELECT count(*) FROM migrator.apply('$dir/work.dir', dry_run => true,
               versions => ARRAY(SELECT i::text FROM generate_series(1, $1) i))"
}

tables() { # tables N: N tables with deferrable constraints, committed a thousand at a time
  local i
  for ((i = 0; i < $1; i += 1000)); do
    psql -d bench -c "DO \$\$BEGIN FOR i IN $i + 1 .. least($i + 1000, $1) LOOP
      EXECUTE format('CREATE TABLE d%s (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)', i); END LOOP; END\$\$"
  done
}

behind() { # behind N CALL: 1,000 migrations in a database with N such tables
  fresh
  tables "$1"
  files 1000 'SELECT 1;'
  took call "$2"
}
behind_apply() { behind "$1" "SELECT count(*) FROM migrator.apply('$dir/work.dir')"; }
behind_up()    { behind "$1" "CALL migrator.up('$dir/work.dir')"; }

events() { # events N: that many deferred checks pending at the end of one migration
  fresh
  tables 8000
  files 1 "INSERT INTO d1 SELECT i FROM generate_series(1, $1) i; UPDATE d1 SET i = i + 1;"
  took call "SELECT count(*) FROM migrator.apply('$dir/work.dir')"
}

growth() { REPEAT=1 compare "$@"; }

group_growth() {
  growth "up, 4,000 and 500 fail, on_error continue" "1.00" "fail_up 4000" "fail_up 500" 4000 500
  growth "apply, 4,000 and 500 fail, on_error continue" "1.00" "fail_apply 4000" "fail_apply 500" 4000 500
  growth "50,000 and 5,000 names in versions, dry run" "1.00" "named 50000" "named 5000" 50000 5000
  growth "200,000 and 20,000 deferred checks at the end of a migration" "1.00" "events 200000" "events 20000" 200000 20000
  growth "apply of 1,000, with 8,000 deferrable constraints and without" "" "behind_apply 8000" "behind_apply 0"
  growth "up of 1,000, with 8,000 deferrable constraints and without" "" "behind_up 8000" "behind_up 0"
}
