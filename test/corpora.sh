#!/bin/bash
# corpora.sh OUT [COUNTS]: applies real migration histories in one call each and compares the schema and the number of
# rows with what plain psql made of them.
#
# The histories are not ours, so neither they nor their hashes are in this repository. They need
#   MIGRATOR_CORPORA  directory of the kit: corpora.tsv, materialize.sh, plan.py (default: ../shared/corpora)
#   MIRROR            directory of git snapshots owner+name/repo                 (default: ../.mirror)
# and PostgreSQL 15, which the kit's hashes were made on; without them this is a skip that says so.
#
# CORPORA       names, default: all
# CORPORA_CALL  up: CALL migrator.up instead of SELECT migrator.apply; then nothing is expected to be refused.
#               staged-up, staged-apply: of the same files, sent by migrator-push.
#               psql: psql applies the files, which tests this runner and not the extension.
# KEEP=1        leaves the dumps and hashes of every history in OUT
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=${REPO:-$(cd "$here/.." && pwd)}
# shellcheck source=test/setup.sh
. "$here/setup.sh"
forget_pg_environment

out=$1 counts=${2:-/dev/null}
names=${CORPORA:-openmeter chirpstack-as authelia claircore-indexer claircore-matcher documenso umami crates-io docs-rs mas
bionic-gpt openfga bitmagnet goalert horizon boundary cow-services hmpps-interventions openlmis-refdata regen-server
chef-erchef chef-bifrost}
call=${CORPORA_CALL:-apply}
kit=${MIGRATOR_CORPORA:-$root/../shared/corpora}
export MIRROR=${MIRROR:-$root/../.mirror}
export PYTHONDONTWRITEBYTECODE=1

# Histories with statements that refuse a transaction block: apply must say so before it runs anything.
refused_by_apply=" crates-io mas openfga goalert horizon cow-services hmpps-interventions chef-erchef "

# And one that uses a new value of an enum in a later migration: in one transaction the server itself refuses that.
uses_new_value=" bionic-gpt "

skip() {
  note "SKIP: $1"
  echo "corpora-$call 0 0 1" >>"$counts"
  exit 0
}

[ -e "$kit/corpora.tsv" ] || skip "no corpora at $kit (MIGRATOR_CORPORA)"
[ -d "$MIRROR" ] || skip "no snapshots at $MIRROR (MIRROR)"
for tool in python3 git; do command -v $tool >/dev/null || skip "$tool is needed"; done
server_find
[ "$MAJOR" = 15 ] || skip "the hashes were made on PostgreSQL 15, this is $MAJOR"
choose_user
kit=$(cd "$kit" && pwd)
MIRROR=$(cd "$MIRROR" && pwd)

own_dir "$out"
RUN_HOME=$out
cd "$out"
trap 'cluster_stop "$out/cluster"' EXIT
cluster_start "$out/cluster" "fsync = off" "max_locks_per_transaction = 1024"
cluster_use "$out/cluster"

psql() { command "$BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

field() { # field NAME COLUMN
  awk -F'\t' -v n="$1" -v c="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) k = i } $1 == n { print $k }' "$kit/corpora.tsv"
}

# calls NAME: what it takes to apply a history: folder, service and options of each call, on a line. Most take one.
calls() {
  case $1 in
    # two plans, the second of which requires changes of the first
    chef-erchef) printf '%s\t%s\t%s\n' baseline oss_chef '{}' . enterprise_chef '{"ignore": ["baseline/*"]}' ;;
    *) printf '.\tdefault\t{}\n' ;;
  esac
}

# The ways to apply a FOLDER as a SERVICE with OPTIONS to the current database; the text of an error goes to stderr.
run_apply() {
  psql -v VERBOSITY=verbose -v source="$1" -v service="$2" -v options="$3" -At <<'END'
SET client_min_messages = error;
SELECT outcome, count(*) FROM migrator.apply(:'source', service => :'service', options => :'options') GROUP BY 1;
END
}
run_up() {
  psql -v VERBOSITY=verbose -v source="$1" -v service="$2" -v options="$3" -At <<'END'
SET client_min_messages = error;
CALL migrator.up(:'source', service => :'service', options => :'options');
END
}
run_staged-up() {
  if [ "$3" = '{}' ]; then push --up --service="$2" "$1"; else push "$1" && run_up stage:history "$2" "$3"; fi
}
run_staged-apply() { push "$1" && run_apply stage:history "$2" "$3"; }

# run_calls NAME DIR PLAN: sets $state to what there was before the last of them.
run_calls() {
  local folder service options
  if [ "$call" = psql ]; then
    run_psql "$2" "$3"
    return
  fi
  while IFS="$(printf '\t')" read -r folder service options; do
    state=$(rows_hash "$2")
    "run_$call" "$2/$folder" "$service" "$options" || return 1
  done <<END
$(calls "$1")
END
}

# The same for people to read.
calls_shown() {
  local folder service options shown=''
  [ "$call" != psql ] || return 0
  while IFS="$(printf '\t')" read -r folder service options; do
    case $folder in .) folder=DIR ;; *) folder=DIR/$folder ;; esac
    shown="${shown:+$shown; }${call#staged-}('$folder'"
    [ "$service" = default ] || shown="$shown, service => '$service'"
    [ "$options" = '{}' ] || shown="$shown, options => '$options'"
    shown="$shown)"
  done <<END
$(calls "$1")
END
  printf '%s' "$shown"
}

run_psql() {
  local mode file
  while IFS="$(printf '\t')" read -r _ mode file _; do
    if [ "$mode" = tx ]; then mode=-1; else mode=; fi
    (cd "$1" && psql $mode -f "$file" >/dev/null) || return 1
  done <"$2"
}

# As a user sends them.
push() {
  PATH="$BIN:$PATH" PGOPTIONS='-c client_min_messages=error' sh "$here/../bin/migrator-push" "$@" history >/dev/null
}

# A directory and the same files staged are one source: what was applied from one is applied, unmodified, for the other.
# other_differs NAME DIR: prints what says otherwise.
other_differs() {
  local other folder service options
  while IFS="$(printf '\t')" read -r folder service options; do
    other=stage:history
    case $call in
      staged-*) other=$2/$folder ;;
      *) push "$2/$folder" || { echo "and cannot be staged"; return; } ;;
    esac
    # a function that looks knows the options of a registration only
    psql -At -v other="$other" -v service="$service" -v options="$options" <<'END' || return 1
SET client_min_messages = error;
SELECT migrator.register(:'service', :'other', options => :'options') \gset
SELECT format('%s is %s %s', version, state, flags) FROM migrator.status(:'other', service => :'service')
 WHERE state NOT IN ('applied', 'ignored') OR flags && '{modified,reformatted,missing,late}' LIMIT 3;
CALL migrator.up(:'other', service => :'service', options => :'options') \gset
SELECT 'up: ' || :'result' WHERE :'result'::jsonb ->> 'outcome' <> 'up_to_date';
END
  done <<END
$(calls "$1")
END
}

# As the kit's oracle: comments, blank lines and pg_dump's random keys out, lines sorted; and the extension's own out.
schema_hash() {
  "$BIN/pg_dump" -s --no-owner -N migrator >"$1.raw"
  grep -vE '^(--|\\restrict|\\unrestrict)|^[[:space:]]*$' "$1.raw" |
    grep -vE '^(CREATE EXTENSION IF NOT EXISTS migrator |COMMENT ON EXTENSION migrator )' >"$1.schema.sql"
  LC_ALL=C sort "$1.schema.sql" | sha256sum | cut -c1-64
}

rows_hash() {
  psql -At -c "SELECT format('SELECT %L || chr(9) || count(*) FROM ONLY %I.%I;', n.nspname || '.' || relname, n.nspname, relname)
               FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
               WHERE relkind = 'r' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'migrator')
               ORDER BY n.nspname COLLATE \"C\", relname COLLATE \"C\"" >"$1.counts.sql"
  psql -At -f "$1.counts.sql" >"$1.rows"
  sha256sum <"$1.rows" | cut -c1-64
}

# judge NAME: prints the result; returns 0 where it is the wanted one.
judge() {
  local name=$1 work=$out/$1 err=$out/$1.err state='' want
  export PGDATABASE="h_${name//-/_}"
  rm -rf "$work" "$work.src"
  if ! "$kit/materialize.sh" "$name" "$work.src" || ! "$kit/materialize.sh" -a "$name" "$work" ||
    ! python3 "$kit/plan.py" "$name" "$work.src" "$work.up" >"$work.plan"; then
    printf 'cannot be laid out'
    return 1
  fi
  if is_root; then chown -R "$RUN_USER" "$work"; fi
  psql -d postgres -c "CREATE DATABASE $PGDATABASE TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
  psql -f "$work.up.prelude.sql" >/dev/null
  if [ "$call" != psql ]; then psql -c "CREATE EXTENSION migrator"; fi
  if ! run_calls "$name" "$work" "$work.plan" >"$work.out" 2>"$err"; then
    printf 'refused: %s' "$(grep -m 1 -E 'ERROR|FATAL|error:' "$err" | cut -c1-300)"
    case $call$uses_new_value in
      *apply*" $name "*)
        grep -q '55P04' "$err" || { printf ' (not by 55P04)'; return 1; }
        printf ' (as it should)'
        return 0
        ;;
    esac
    case $call$refused_by_apply in
      *apply*" $name "*)
        grep -q '25001' "$err" || { printf ' (not by 25001)'; return 1; }
        grep -q 'CALL' "$err" || { printf ' (and no hint to CALL)'; return 1; }
        [ "$(rows_hash "$work")" = "$state" ] || { printf ' (after it had run something)'; return 1; }
        printf ' (as it should)'
        return 0
        ;;
      *) return 1 ;;
    esac
  fi
  want=
  [ "$(schema_hash "$work")" = "$(field "$name" sorted_sha256)" ] || want="schema"
  [ "$(rows_hash "$work")" = "$(field "$name" rows_sha256)" ] || want="${want:+$want and }rows"
  case $call$refused_by_apply in *apply*" $name "*) printf 'not refused, though it should be; '; want=${want:-unexpected} ;; esac
  [ -z "$want" ] || { printf 'differs (%s)' "$want"; return 1; }
  if [ "$call" != psql ]; then
    want=$(other_differs "$name" "$work" 2>&1) || want="$want (failed)"
    [ -z "$want" ] || { printf 'and the other source differs: %s' "$(head -c 300 <<<"$want" | tr '\n' ' ')"; return 1; }
  fi
  printf 'agrees'
}

passed=0 failed=0 skipped=0
printf '| history | layout | files | by | call | result |\n| --- | --- | --- | --- | --- | --- |\n' | tee "$out/table.md"
for name in $names; do
  repository=$(field "$name" repository)
  if [ ! -d "$MIRROR/${repository/\//+}/repo" ]; then
    result="skipped: no snapshot of $repository" skipped=$((skipped + 1))
  elif result=$(judge "$name" 2>"$out/$name.log"); then passed=$((passed + 1))
  else
    failed=$((failed + 1))
    result=${result:-"failed: $(tail -n 1 "$out/$name.log")"}
  fi
  printf '| %s | %s | %s | %s | %s | %s |\n' "$name" "$(field "$name" layout)" "$(field "$name" files)" "$call" "$(calls_shown "$name")" "$result" |
    tee -a "$out/table.md"
  psql -d postgres -c "DROP DATABASE IF EXISTS h_${name//-/_}" || true
  # nothing of theirs stays, unless asked for
  if [ -z "${KEEP:-}" ]; then rm -rf "${out:?}/$name" "$out/$name".{src,up,plan,raw,schema.sql,rows,counts.sql,up.prelude.sql}; fi
done
echo "corpora-$call $passed $failed $skipped" >>"$counts"
[ "$counts" != /dev/null ] || printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] || [ "$counts" != /dev/null ]
