#!/bin/bash
# lint.sh TREE OUT: checks that need no server. Appends `stage passed failed skipped` lines to OUT/counts.
set -euo pipefail

cd "$1"
out=$2
. test/setup.sh

# check NAME COMMAND...: a command that ends with 77 could not check, and its last line says why.
check() {
  local name=$1 rc=0
  shift
  "$@" >"$out/lint-$name.log" 2>&1 || rc=$?
  case $rc in
    0)
      note "$name: ok"
      echo "lint-$name 1 0 0" >>"$out/counts"
      ;;
    77)
      note "$name: skipped, $(tail -n 1 "$out/lint-$name.log")"
      echo "lint-$name 0 0 1" >>"$out/counts"
      ;;
    *)
      note "$name: failed"
      head -n 60 "$out/lint-$name.log"
      echo "lint-$name 0 1 0" >>"$out/counts"
      ;;
  esac
}

scripts="try.sh bin/migrator-push test.sh .ci/run test/*.sh bench/*.sh examples/*.sh examples/hooks/*.sh debian/tests/installcheck"

shell_syntax() {
  local f
  for f in $scripts; do bash -n "$f"; done
}

# The control file, the install script, META.json, the library, migrator-push, its manual page, the changelog and that of the
# Debian packages must speak of one version.
# Whoever has another one, of which there is a script, must find a way to it, which t/212_update.pl goes.
one_version() {
  local v f from
  v=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" migrator.control)
  echo "control file: $v"
  test -n "$v"
  test -e "sql/migrator--$v.sql"
  grep -qx "#define MIGRATOR_VERSION \"$v\"" src/base/settings.h || { echo "src/base/settings.h has another"; return 1; }
  grep -q "echo 'migrator-push $v'" bin/migrator-push || { echo "bin/migrator-push has another"; return 1; }
  head -n 1 man/migrator-push.1 | grep -q "\"migrator $v\"" || { echo "man/migrator-push.1 has another"; return 1; }
  head -n 1 debian/changelog | grep -q "(${v//./\\.}-[0-9.]*)" || { echo "debian/changelog does not begin with it"; return 1; }
  grep -m 1 '^## ' CHANGELOG.md | grep -q "^## $v\( \|\$\)" || { echo "CHANGELOG.md does not begin with it"; return 1; }
  perl -MJSON::PP -e '
    local $/;
    my $meta = decode_json(<STDIN>);
    my ($v) = @ARGV;
    for ($meta->{version}, $meta->{provides}{migrator}{version}) { die "META.json says $_\n" if $_ ne $v; }
    die "META.json names $meta->{provides}{migrator}{file}\n" if $meta->{provides}{migrator}{file} ne "sql/migrator--$v.sql";
  ' "$v" <META.json
  for f in sql/*; do
    [[ $f =~ ^sql/migrator--[0-9]+(\.[0-9]+)+(--[0-9]+(\.[0-9]+)+)?\.sql$ ]] || { echo "$f is installed by no rule"; return 1; }
    from=${f#sql/migrator--}
    from=${from%.sql}
    if [ "$from" = "${from%--*}" ] && [ "$from" != "$v" ] && ! compgen -G "sql/migrator--$from--*.sql" >/dev/null; then
      echo "no script updates $from"
      return 1
    fi
  done
}

# docs/layouts.md has a row for each layout, and no other.
same_layouts() {
  sed -n 's/^\t\.name = "\(.*\)",$/\1/p' src/layout/*.c | sort >"$out/layouts.code"
  # shellcheck disable=SC2016
  sed -n '/^## Naming rules/,/^## How/s/^| `\([a-z-]*\)` |.*/\1/p' docs/layouts.md | sort >"$out/layouts.docs"
  test -s "$out/layouts.code"
  diff -u "$out/layouts.docs" "$out/layouts.code"
}

# What migrator-push --help names, and nothing else, is in its manual page, which the formatters have nothing to say about.
manual_page() {
  local said
  bin/migrator-push --help | grep -oE -e '--[a-z-]*[a-z]' | sort -u >"$out/options.help"
  sed 's/\\-/-/g' man/migrator-push.1 | grep -oE -e '--[a-z-]*[a-z]' | sort -u >"$out/options.man"
  diff -u "$out/options.help" "$out/options.man" || return
  if command -v groff >/dev/null; then
    said=$(groff -man -ww -z man/migrator-push.1 2>&1)
    if [ -n "$said" ]; then echo "$said"; return 1; fi
  fi
  if command -v mandoc >/dev/null; then mandoc -T lint man/migrator-push.1; fi
}

# No two TAP tests have one number.
test_numbers() {
  local twice
  twice=$(basename -a test/t/[0-9]*.pl | cut -d_ -f1 | sort | uniq -d)
  if [ -n "$twice" ]; then echo "$twice"; return 1; fi
}

# Versions of the server are told apart in compat.h alone, and so that what is compiled for one major is compiled for a
# tested one too: each side of each test belongs to a run of majors with 15 or 18 at its end.
version_tests() {
  local others odd
  others=$(grep -n PG_VERSION_NUM src/*/*.[ch] | grep -v '^src/base/compat.h:' || true)
  odd=$(grep -nE '^[[:space:]]*#.*PG_VERSION_NUM' src/base/compat.h | grep -vE '#if PG_VERSION_NUM >= 1[678]0000$' |
    grep -v '#if PG_VERSION_NUM < 150000$' || true)
  printf '%s\n' "$others" "$odd"
  [ -z "$others$odd" ] && ! grep -qE '^[[:space:]]*#[[:space:]]*elif' src/base/compat.h
}

# Lines that somebody has to read beside others. Not what cannot be continued: a psql command, a row of a table, an output
# that a document quotes.
line_lengths() {
  # shellcheck disable=SC2086 # a list of patterns
  perl -CSD -ne '
    chomp;
    if (length > 160 && !/^\\/ && !($ARGV =~ /\.md$/ && /^(?:\||    )/))
    {
      print "$ARGV:$.: ", length, " columns\n";
      $found = 1;
    }
    close ARGV if eof;
    END { $? = $found ? 1 : 0; }
  ' $scripts test/*.pl test/*.txt test/{sql,pgtap,include}/*.sql test/specs/*.spec test/t/*.pl test/perl/*.pm test/modules/*/*.[ch] \
    ./*.md docs/*.md docs/*/*.md src/*.md test/*.md bench/*.md examples/*.md
}

check layering perl test/layering.pl src
check layouts same_layouts
# where there is no pg_bsd_indent yet, the matrix checks it: see in_chroot.sh
check indent perl test/indent.pl --check
check checks perl test/checks.pl src docs
check shell-syntax shell_syntax
check one-version one_version
check manual-page manual_page
check pgxn-meta perl test/pgxn_meta.pl META.json
check version-tests version_tests
check test-numbers test_numbers
check line-lengths line_lengths
if command -v shellcheck >/dev/null; then
  # shellcheck disable=SC2086 # a list of patterns
  check shellcheck shellcheck -x $scripts
else
  note "shellcheck: skipped, not installed"
  echo "lint-shellcheck 0 0 1" >>"$out/counts"
fi
