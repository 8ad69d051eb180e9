#!/bin/bash
# suite.sh TREE OUT STAGE...: runs the tests that need a server with the extension installed.
# STAGE: regress, isolation, pgtap, tap; staged: the first three, and staged-tap: most of tap, once more with staged files
# in place of each directory. Runs as an unprivileged user who owns TREE, a built copy of the work tree, and OUT.
# Writes a log a stage into OUT, appends `stage passed failed skipped` lines to OUT/counts, and at the end reads the
# servers' logs. test.sh calls it natively, in_chroot.sh in a chroot. PG_CONFIG chooses the server.
set -euo pipefail

tree=$1 out=$2
shift 2
. "$tree/test/setup.sh"
forget_pg_environment
choose_user
server_find
RUN_HOME=$out
cd "$tree"

# PGXS's Makefiles call make of their own, this silences them.
export MAKEFLAGS=--no-print-directory

# Where a stage's logs go, and what its name begins with: another place in a staged stage.
logs=$out
as=

# The TAP tests that run staged, the longest first. Not 003_sandbox, about who may read directories; 004_dump, for staged
# files are no part of dumps; 005_standby, where the standby reads first what its primary was not sent (104 has one, too).
staged_tap=$(printf 'test/t/%s.pl ' 101_up_crash 001_crash 002_herd 108_services_herd 006_failure_record 007_settings 008_big \
  009_protocol 102_up_herd 103_up_protocols 104_up_cancel 105_up_commit 621_psql)

running=
trap '[ -z "$running" ] || cluster_stop "$running"' EXIT

count() {
  printf '%s %s %s %s\n' "$as$1" "$2" "$3" "$4" >>"$out/counts"
  note "$as$1: $2 passed, $3 failed$([ "$4" = 0 ] || echo ", $4 skipped")"
}

server_up() {
  running=$logs/$1.cluster
  cluster_start "$running" "$(cat test/server.conf)"
  cluster_use "$running"
}

server_down() {
  cluster_stop "$running"
  cp "$running/server.log" "$logs/$1.server.log"
  # dump of what is needed to look into a failure stays, the cluster does not
  rm -rf "$running"
  running=
}

# pg_regress and pg_isolation_regress print `test x ... ok` up to 15 and TAP from 16 on. What is not reported as passed
# has failed: a crash ends the report early.
passed_in_report() { grep -cE '^(test|     ) .*\.\.\. ok |^ok [0-9]+ ' "$1" || true; }

installcheck() { # installcheck STAGE FILES [make argument...]
  local stage=$1 all=$2 passed
  shift 2
  server_up "$stage"
  timeout -k 10 900 make installcheck PG_CONFIG="$PG_CONFIG" "$@" >"$logs/$stage.log" 2>&1 || true
  server_down "$stage"
  passed=$(passed_in_report "$logs/$stage.log")
  if [ "$passed" != "$all" ]; then
    tail -n 30 "$logs/$stage.log"
    if [ -s regression.diffs ]; then
      cp regression.diffs "$logs/$stage.diffs"
      head -n 400 "$logs/$stage.diffs"
    fi
    note "the last lines of the server's log:"
    tail -n 15 "$logs/$stage.server.log"
  fi
  count "$stage" "$passed" $((all - passed)) 0
}

# Counts the top level lines of a verbose prove; a file that dies counts as one failure, and so does a test that is marked
# as one to be done.
count_prove() { # count_prove STAGE EXIT-CODE
  local log=$logs/$1.log passed failed skipped
  passed=$(grep -aE '^ok [0-9]+' "$log" | grep -acvE '# (SKIP|skip)' || true)
  skipped=$(grep -acE '^ok [0-9]+.*# (SKIP|skip)|^1\.\.0 # (SKIP|skip)' "$log" || true)
  failed=$(grep -acE '^not ok [0-9]+' "$log" || true)
  if [ "$2" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  if [ "$passed" = 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  if [ "$failed" != 0 ]; then
    grep -anE -A 12 '^not ok|^# +Failed|Dubious|Bailout|Can.t locate' "$log" | head -n 120 || true
    tail -n 15 "$log"
  fi
  count "$1" "$passed" "$failed" "$skipped"
}

has_files() { # has_files STAGE FILE...: a stage without tests has not been tested
  [ -e "$2" ] && return
  note "$1: no tests in ${2%/*}"
  count "$1" 0 1 0
  return 1
}

# The library exports what the server looks for and nothing else: its symbols are in one space with those of every other
# library, and a common name would be taken from whichever was loaded first.
check_exports() {
  local names
  names=$(nm -D --defined-only "$("$PG_CONFIG" --pkglibdir)/migrator.so" | awk '{ print $3 }')
  if [ -n "$names" ] && ! grep -vE '^(Pg_magic_func|_PG_init|migrator_[a-z0-9_]+|pg_finfo_migrator_[a-z0-9_]+)$' <<<"$names"; then
    count exports 1 0 0
  else
    count exports 0 1 0
  fi
}

# names_of FILE...: of tests, as pg_regress takes them.
names_of() {
  local f
  for f in "$@"; do
    f=${f##*/}
    printf '%s ' "${f%.*}"
  done
}

stage_regress() {
  local names
  check_exports
  has_files regress test/sql/*.sql || return 0
  names=${REGRESS:-$(names_of test/sql/*.sql)}
  # shellcheck disable=SC2086 # a list of words
  set -- $names
  installcheck regress $# ISOLATION= REGRESS="$names"
}

stage_isolation() {
  local names
  has_files isolation test/specs/*.spec || return 0
  names=${ISOLATION:-$(names_of test/specs/*.spec)}
  # shellcheck disable=SC2086 # a list of words
  set -- $names
  installcheck isolation $# REGRESS= ISOLATION="$names"
}

stage_pgtap() {
  has_files pgtap test/pgtap/*.sql || return 0
  run_pgtap test/pgtap/*.sql
}

run_pgtap() {
  local rc=0
  server_up pgtap
  "$BIN/psql" -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION migrator' \
    -f test/include/staged.sql || note "the extensions cannot be created"
  # as pg_regress does, so that a test finds its fixtures by \getenv
  PG_ABS_SRCDIR=$tree/test PATH="$BIN:$PATH" timeout -k 10 900 pg_prove --verbose "$@" >"$logs/pgtap.log" 2>&1 || rc=$?
  server_down pgtap
  count_prove pgtap $rc
}

# The same tests, and the same expected outputs, with staged files in place of each directory: see staged.pl. Not those
# that are about staging, nor the one that makes the extension anew, for what stages in a database of specs hangs on it.
stage_staged() {
  local f name launcher="--launcher='perl $tree/test/staged.pl'" regress=() isolation=()
  logs=$out/staged as=staged-
  mkdir -p "$logs"
  for f in test/{sql/*.sql,specs/*.spec}; do
    name=${f##*/}
    name=${name%.*}
    case $f in
      *stage* | *iso_owner.spec) ;;
      test/sql/*) regress+=("$name") ;;
      *) isolation+=("$name") ;;
    esac
  done
  installcheck regress ${#regress[@]} ISOLATION= REGRESS="${regress[*]}" EXTRA_REGRESS_OPTS="$launcher"
  installcheck isolation ${#isolation[@]} REGRESS= ISOLATION="${isolation[*]}" EXTRA_REGRESS_OPTS="$launcher"
  perl test/staged.pl rewrite "$logs" test/pgtap/*.sql
  run_pgtap "$logs"/*.sql
  logs=$out as=
}

stage_tap() {
  has_files tap test/t/*.pl || return 0
  run_tap
}

stage_staged-tap() {
  logs=$out/staged as=staged-
  mkdir -p "$logs"
  TAP_FILES=${TAP_FILES:-$staged_tap} MIGRATOR_STAGED=1 MIGRATOR_HERD_ROUNDS=${MIGRATOR_HERD_ROUNDS:-5} run_tap
  logs=$out as=
}

run_tap() {
  local rc=0 log data
  # two at a time: they wait for the most part
  PG_ABS_SRCDIR=$tree/test timeout -k 10 1800 make prove_installcheck PG_CONFIG="$PG_CONFIG" \
    PROVE_FLAGS='--verbose --timer -j2' ${TAP_FILES:+PROVE_TESTS="$TAP_FILES"} >"$logs/tap.log" 2>&1 || rc=$?
  # servers of a test that was killed
  for data in tmp_check/*/pgdata; do
    if [ -e "$data/postmaster.pid" ]; then "$BIN/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 || true; fi
  done
  mkdir -p "$logs/tap"
  for log in tmp_check/log/*; do
    if [ -f "$log" ]; then cp "$log" "$logs/tap/"; fi
  done
  if [ $rc != 0 ]; then
    # prove's summary names the files that failed
    sed -n 's,^test/t/\([^ ]*\)\.pl .*(Wstat:.*,\1,p' "$logs/tap.log" | while read -r name; do
      note "test/t/$name.pl, the end of its log:"
      tail -n 25 "$logs/tap/regress_log_$name" 2>/dev/null || true
    done
  fi
  count_prove tap $rc
}

stage_serverlogs() {
  local log found=()
  for log in "$out"/{,staged/}{*.server.log,tap/*.log}; do
    if [ -f "$log" ]; then found+=("$log"); fi
  done
  [ ${#found[@]} != 0 ] || return 0
  if perl test/check_log.pl test/log_allowed.txt expected "${found[@]}" >"$out/serverlogs.log"; then
    count serverlogs 1 0 0
  else
    head -n 60 "$out/serverlogs.log"
    count serverlogs 0 1 0
  fi
}

for stage in "$@"; do
  say "PostgreSQL $MAJOR: $stage"
  "stage_$stage"
done
say "PostgreSQL $MAJOR: the servers' logs"
stage_serverlogs
