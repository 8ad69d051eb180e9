#!/bin/bash
# ./test.sh [STAGE...]   installs what the tests need, builds, installs and runs them; the last line sums up
#
#   lint        layering of src/, layout of the C, checks and their documentation, shell scripts, version numbers
#   regress     SQL tests against a throw-away cluster      (pg_regress, test/sql)
#   isolation   tests with several sessions                 (pg_isolation_regress, test/specs)
#   pgtap       tests as a user writes them                 (pg_prove, test/pgtap)
#   tap         tests that start, kill and restore clusters (Perl, test/t)
#   staged      these, with staged files in place of each directory (test/staged.pl, MigratorTest.pm)
#   corpora     real migration histories against psql       (test/corpora.sh; where they are at hand)
#   package     PGXN's archive and Debian's packages: made, installed, upgraded, removed   (test/package.sh)
#   matrix      regress to staged on the other majors       (test/matrix.sh; root only)
#   quick       lint, regress, isolation, pgtap: two minutes
#
# Without arguments: all, a quarter of an hour on two cores. After the server stages the logs of the servers are read
# (test/check_log.pl).
# Tests run from a copy of the work tree as an unprivileged user. Some of them, by name: REGRESS="up up_parts" ./test.sh regress,
# ISOLATION=iso_up ./test.sh isolation, TAP_FILES="test/t/001_crash.pl" ./test.sh tap.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/setup.sh
. "$root/test/setup.sh"
forget_pg_environment

stages=" $* "
if [ $# = 0 ]; then stages=" lint regress isolation pgtap tap staged corpora package matrix "; fi
for s in $stages; do
  case $s in
    lint | regress | isolation | pgtap | tap | staged | corpora | package | matrix) ;;
    quick) stages="$stages lint regress isolation pgtap " ;;
    *) sed -n '2,19s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
wanted() { [ "$stages" != "${stages#* "$1" }" ]; }

# failed STAGE LOG: a stage that could not run has failed.
failed() {
  tail -n 60 "$2"
  echo "$1 0 1 0" >>"$out/counts"
}

sum_up() {
  awk '{ p += $2; f += $3; s += $4 }
       END { if (p + f == 0) f = 1
             printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""
             exit f != 0 }' "$out/counts"
}

say "Packages: PostgreSQL, its development files, compiler, make, the headers of OpenSSL, libarchive and zlib, pgTAP, pg_prove, Perl's test modules"
server_install perl libipc-run-perl libtap-parser-sourcehandler-pgtap-perl postgresql-%v-pgtap
if wanted tap || wanted staged; then
  say "Packages: pgbouncer, pg_cron, the drivers of Python, Java, Node and Go, Prometheus, postgres_exporter, Chromium"
  clients_install
  if wanted tap; then
    tools_install
    metrics_install
    browser_install
  fi
fi
if wanted package; then
  say "Packages: what builds and checks Debian's"
  package_tools_install
fi
choose_user
note "PostgreSQL $MAJOR, $PG_CONFIG"

# Short names: a socket's path has room for 107 bytes.
run=$(mktemp -d "$(temp_base)/migrator-test.XXXXXX")
out=$run/logs
tree=$run/tree
RUN_HOME=$out
if is_root; then chown "$RUN_USER" "$run"; fi
own_dir "$out"
as_user touch "$out/counts"
note "logs: $out"
cd "$run"
copy_tree "$root" "$tree"

if wanted lint; then
  say "Lint"
  bash "$tree/test/lint.sh" "$tree" "$out" || echo "lint 0 1 0" >>"$out/counts"
fi

server_stages=
for s in regress isolation pgtap tap; do
  if wanted $s; then server_stages="$server_stages $s"; fi
done
if wanted staged; then server_stages="$server_stages staged staged-tap"; fi

built=
if [ -n "$server_stages" ] || wanted corpora; then
  say "Build (warnings are errors) and install"
  if ! build_tree "$tree" DEV=1 >"$out/build.log" 2>&1; then failed build "$out/build.log"
  elif ! install_tree "$tree" >"$out/install.log" 2>&1; then failed install "$out/install.log"
  else
    built=1
    echo "build 1 0 0" >>"$out/counts"
  fi
fi

if [ -n "$built" ] && [ -n "$server_stages" ]; then
  # shellcheck disable=SC2086 # a list of words
  as_user bash "$tree/test/suite.sh" "$tree" "$out" $server_stages || echo "suite 0 1 0" >>"$out/counts"
fi

if [ -n "$built" ] && wanted corpora; then
  say "Corpora: real histories, compared with what psql makes of them"
  # in both ways, of the directory and of its files staged: SELECT apply refuses what only CALL up can run
  for way in apply up staged-up staged-apply; do
    REPO=$root CORPORA_CALL=$way bash "$tree/test/corpora.sh" "$out/corpora-$way" "$out/counts" ||
      echo "corpora-$way 0 1 0" >>"$out/counts"
  done
fi

if wanted package; then
  say "Package: what is handed out"
  bash "$tree/test/package.sh" "$tree" "$out" || echo "package 0 1 0" >>"$out/counts"
fi

if wanted matrix; then
  say "Matrix: the other majors"
  # without staged-tap, to save time
  NATIVE=$MAJOR bash "$tree/test/matrix.sh" "$tree" "$out" regress isolation pgtap tap staged ||
    echo "matrix 0 1 0" >>"$out/counts"
  say "The Dockerfile of examples/, step by step"
  bash "$tree/test/dockerfile.sh" "$tree" "$out" || echo "dockerfile 0 1 0" >>"$out/counts"
fi

say "Sum"
awk '{ printf "   %-24s %5d passed %5d failed %5d skipped\n", $1, $2, $3, $4 }' "$out/counts"
note "logs: $out"
cd /
# What failed may need the tree to be looked into.
if ! awk '{ f += $3 } END { exit f == 0 }' "$out/counts"; then rm -rf "$tree"; fi
echo
sum_up
