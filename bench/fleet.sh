# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# Many instances that start at once on a database without migrations: the first applies 100, the others wait. Against one
# run and so many psql that only connect. Sourced by run.sh.

CLIENTS=32

at_once() { # at_once SQL: by all clients
  for _ in $(seq $CLIENTS); do call "$1" & done
  wait
}
fleet_up()    { fresh; took at_once "CALL migrator.up('$dir/100.dir')"; }
fleet_floor() { fresh; echo $(($(took call "CALL migrator.up('$dir/100.dir')") + $(took at_once "SELECT 1"))); }

group_fleet() {
  migrations 100
  compare "$CLIENTS instances, 100 migrations; one and $CLIENTS connections" "1.15" fleet_up fleet_floor
  bench_restart "shared_preload_libraries=migrator"
  compare "the same with shared_preload_libraries" "1.15" fleet_up fleet_floor
  bench_restart "shared_preload_libraries="
}
