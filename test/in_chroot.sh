#!/bin/bash
# in_chroot.sh MAJOR TREE OUT STAGE...: inside a chroot of the matrix, as root: builds and installs the work tree TREE for
# PostgreSQL MAJOR, whatever else is there, then runs suite.sh as postgres. Leaves logs and OUT/counts.
set -euo pipefail

major=$1 tree=$2 out=$3
shift 3
. "$tree/test/setup.sh"
forget_pg_environment
PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
choose_user
server_find
RUN_HOME=$out
touch "$out/counts"
chown -R "$RUN_USER" "$tree" "$out"
cd "$tree"

if ! build_tree "$tree" >"$out/build.log" 2>&1 || ! install_tree "$tree" >"$out/install.log" 2>&1; then
  tail -n 40 "$out"/{build,install}.log
  note "PostgreSQL $MAJOR: not built"
  echo "build 0 1 0" >>"$out/counts"
  exit
fi
# other compilers see other things: shown, but only the native build refuses them
grep -A 4 'warning:' "$out/build.log" | head -n 40 || true
echo "build 1 0 0" >>"$out/counts"

# the program that lays out C comes with the server, but not with every major's
if [ -x "$BIN/pg_bsd_indent" ]; then
  if as_user perl test/indent.pl --check >"$out/indent.log" 2>&1; then echo "indent 1 0 0" >>"$out/counts"
  else
    head -n 60 "$out/indent.log"
    note "PostgreSQL $MAJOR: the C is not laid out, see indent.log"
    echo "indent 0 1 0" >>"$out/counts"
  fi
fi

as_user bash test/suite.sh "$tree" "$out" "$@"

# the packages for this major, of what there is before a build
as_user mkdir "$out/package"
as_user cp -R "$tree" "$out/package/migrator"
as_user make -s -C "$out/package/migrator" PG_CONFIG="$PG_CONFIG" clean
if as_user env PG_CONFIG="$PG_CONFIG" bash test/package.sh build "$out/package/migrator" >"$out/package.log" 2>&1; then
  echo "package 1 0 0" >>"$out/counts"
else
  tail -n 40 "$out/package.log"
  note "PostgreSQL $MAJOR: the packages are not built"
  echo "package 0 1 0" >>"$out/counts"
fi
rm -rf "$out/package"
