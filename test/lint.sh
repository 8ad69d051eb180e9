#!/bin/bash
# lint.sh TREE OUT: checks that need no server. Appends `stage passed failed skipped` lines to OUT/counts.
set -euo pipefail

cd "$1"
out=$2
. test/setup.sh

check() { # check NAME COMMAND...
  local name=$1
  shift
  if "$@" >"$out/lint-$name.log" 2>&1; then
    note "$name: ok"
    echo "lint-$name 1 0 0" >>"$out/counts"
  else
    note "$name: failed"
    head -n 60 "$out/lint-$name.log"
    echo "lint-$name 0 1 0" >>"$out/counts"
  fi
}

scripts="try.sh bin/migrator-push test.sh .ci/run test/*.sh bench/*.sh"

shell_syntax() {
  local f
  for f in $scripts; do bash -n "$f"; done
}

# The control file, the install script, META.json and the Makefile must speak of one version.
one_version() {
  local v
  v=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" migrator.control)
  echo "control file: $v"
  test -n "$v"
  test -e "sql/migrator--$v.sql"
  grep -q "migrator--$v.sql" Makefile
  perl -MJSON::PP -e '
    local $/;
    my $meta = decode_json(<STDIN>);
    my ($v) = @ARGV;
    for ($meta->{version}, $meta->{provides}{migrator}{version}) { die "META.json says $_\n" if $_ ne $v; }
    die "META.json names $meta->{provides}{migrator}{file}\n" if $meta->{provides}{migrator}{file} ne "sql/migrator--$v.sql";
  ' "$v" <META.json
}

check layering perl test/layering.pl src
check shell-syntax shell_syntax
check one-version one_version
if command -v shellcheck >/dev/null; then
  # shellcheck disable=SC2086 # a list of patterns
  check shellcheck shellcheck -x $scripts
else
  note "shellcheck: skipped, not installed"
  echo "lint-shellcheck 0 0 1" >>"$out/counts"
fi
