# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# How far a backend's memory grows, in megabytes: its address space at its largest (VmPeak), less what it was when the
# library was loaded and had looked at an empty source. Shared memory is the same before and after. Sourced by run.sh.

grown() { # grown SQL...: in one session
  local before after
  {
    echo "SELECT count(*) FROM migrator.validate('$dir/1.dir') \\g /dev/null"
    echo "SELECT pg_read_file('/proc/self/status') \\g before.txt"
    printf '%s \\g /dev/null\n' "$@"
    echo "SELECT pg_read_file('/proc/self/status') \\g after.txt"
  } | psql -d bench -At
  before=$(awk '/^VmSize:/ { print $2 }' before.txt)
  after=$(awk '/^VmPeak:/ { print $2 }' after.txt)
  awk -v a="$before" -v b="$after" 'BEGIN { printf "%.2f\n", (b - a) / 1024 }'
}

memory_up() { fresh; migrations "$1"; grown "CALL migrator.up('$dir/$1.dir')"; }

memory_script() { # memory_script KB: one script of that size
  fresh
  rm -rf work.dir
  mkdir work.dir
  awk -v kb="$1" 'BEGIN {
    print "CREATE TABLE t (i int, x text);"
    for (n = 60; n < kb * 1024 - 100; n += length(s) + 1) {
      s = sprintf("INSERT INTO t VALUES (%d, \047some text, as long as lines are\047);", n)
      print s
    }
  }' >work.dir/1_x.sql
  chmod -R a+rX work.dir
  grown "CALL migrator.up('$dir/work.dir')"
}

memory_stage() { # memory_stage N: files sent by one statement, then looked at
  fresh
  grown "SELECT migrator.stage('m', array_agg(i || '_x.sql'), array_agg('SELECT 1;'::bytea)) FROM generate_series(1, $1) i" \
    "SELECT count(*) FROM migrator.apply('stage:m', dry_run => true)"
}

group_memory() {
  migrations 1
  REPEAT=1 compare "MB of up, 10,000 and 1,000 migrations" "" "memory_up 10000" "memory_up 1000" 10000 1000
  REPEAT=1 compare "MB of a script of 16 MB and of 1.6 MB" "" "memory_script 16384" "memory_script 1638" 16384 1638
  REPEAT=1 compare "MB of 50,000 and 5,000 staged files, sent and tried" "" "memory_stage 50000" "memory_stage 5000" 50000 5000
}
