#!/bin/bash
# matrix.sh TREE OUT [STAGE...]: runs the tests on the other majors, each in a chroot made of the Debian release that
# has it. TREE is a copy of the work tree; logs go to OUT/pg<major>, `stage passed failed skipped` lines to OUT/counts.
#
# The chroots are made once and kept in ${MIGRATOR_MATRIX_CACHE:-/var/cache/migrator-matrix}; remove that directory to
# have newer ones. A release that cannot be set up (no network, no such suite) is a skip that says so; a test that fails,
# fails. No release has 16: it is built, and no more, where MIGRATOR_PG16_CONFIG or the usual place has its pg_config.
# NATIVE is the major that was tested outside and is left out here.
set -euo pipefail

tree=$1 out=$2
shift 2
[ $# != 0 ] || set -- regress isolation pgtap tap
. "$tree/test/setup.sh"

cache=${MIGRATOR_MATRIX_CACHE:-/var/cache/migrator-matrix}
releases="bookworm:15 trixie:17 sid:18"

count() { printf '%s %s %s %s\n' "$1" "$2" "$3" "$4" >>"$out/counts"; }
skip()  { note "SKIP: $2"; count "$1" 0 0 1; }

# The machine's own mirror of Debian, in either form of sources file.
mirror() {
  cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk '/^URIs:.*\/debian\/?$/ { print $2; exit }
         $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\/.*\/debian\/?$/) { print $i; exit } }'
}

# What a chroot for MAJOR has; one that was set up with another list is set up again.
packages() {
  echo "postgresql-$1,postgresql-$1-pgtap,libtap-parser-sourcehandler-pgtap-perl,libipc-run-perl,perl,debhelper,gcc,libc6-dev,\
make,libssl-dev,libarchive-dev,zlib1g-dev"
}

# set_up RELEASE MAJOR CHROOT: of server-dev and of pg_buildext, which builds packages, only the files are unpacked: their
# dependencies (clang) fill 700 MB.
set_up() {
  local from buildext
  from=$(mirror)
  [ -n "$from" ] || { echo "no mirror of Debian in /etc/apt" >"$cache/$1.log"; return 1; }
  # its package on bookworm, and later
  if [ "$2" = 15 ]; then buildext=postgresql-server-dev-all; else buildext=postgresql-common-dev; fi
  rm -rf "$3" "$3.new"
  # shellcheck disable=SC2016 # $1 is for the hooks
  timeout 600 mmdebstrap --mode=root --variant=apt \
    --include="$(packages "$2")" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --essential-hook='mkdir -p "$1/etc/postgresql-common"; echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
    --customize-hook='cd "$1/tmp" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q download postgresql-server-dev-'"$2 $buildext"' &&
      for f in *.deb; do dpkg -x "$f" "$1"; done && rm -f *.deb' \
    --skip=cleanup/tmp "$1" "$3.new" "deb $from $1 main" >"$cache/$1.log" 2>&1 </dev/null || { rm -rf "$3.new"; return 1; }
  packages "$2" >"$3.new/.ok"
  mv "$3.new" "$3"
}

# test_in RELEASE MAJOR STAGE...: one at a time uses a chroot.
test_in() {
  local release=$1 major=$2 chroot=$cache/$1-$2 logs=$out/pg$2 in=/tmp/migrator-test rc=0
  shift 2
  mkdir -p "$logs"
  exec 9>"$cache/$release-$major.lock"
  flock 9
  if [ "$(cat "$chroot/.ok" 2>/dev/null)" != "$(packages "$major")" ]; then
    if ! command -v mmdebstrap >/dev/null; then packages_install mmdebstrap; fi
    note "setting up $release for PostgreSQL $major (once, about a minute)"
    if ! set_up "$release" "$major" "$chroot"; then
      skip "pg$major" "$release could not be set up for PostgreSQL $major: $(tail -n 1 "$cache/$release.log")"
      return
    fi
  fi
  rm -rf "${chroot:?}$in"
  mkdir -p "$chroot$in/tree" "$chroot$in/out"
  tar -C "$tree" --exclude='*.o' --exclude='*.so' --exclude='*.a' --exclude=./results --exclude=./output_iso \
    --exclude=./tmp_check -cf - . | tar -C "$chroot$in/tree" -xf -
  # 9>&-: a server that a test leaves behind must not hold the lock
  timeout -k 10 2100 chroot "$chroot" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TERM=dumb \
    bash "$in/tree/test/in_chroot.sh" "$major" "$in/tree" "$in/out" "$@" >"$logs/matrix.log" 2>&1 </dev/null 9>&- || rc=$?
  cp -r "$chroot$in/out/." "$logs/"
  cat "$logs/matrix.log"
  if [ -s "$logs/counts" ]; then sed "s/^/pg$major-/" "$logs/counts" >>"$out/counts"; fi
  if [ $rc != 0 ]; then
    note "PostgreSQL $major: the run ended with exit code $rc"
    count "pg$major" 0 1 0
  fi
  rm -rf "${chroot:?}$in"
}

# build_16: warnings are errors. What it stands for where it cannot be done: see src/base/compat.h.
build_16() {
  local config=${MIGRATOR_PG16_CONFIG:-/usr/lib/postgresql/16/bin/pg_config} copy
  if ! "$config" --includedir-server >/dev/null 2>&1 || [ ! -e "$("$config" --includedir-server)/postgres.h" ]; then
    skip pg16 "no headers of PostgreSQL 16 here, and no Debian release has them"
    return
  fi
  mkdir -p "$out/pg16"
  copy=$(mktemp -d)
  tar -C "$tree" --exclude='*.o' --exclude='*.so' --exclude='*.a' -cf - . | tar -C "$copy" -xf -
  if make -C "$copy" PG_CONFIG="$config" DEV=1 >"$out/pg16/build.log" 2>&1 &&
    make -C "$copy/test/modules/migrator_probe" PG_CONFIG="$config" DEV=1 >>"$out/pg16/build.log" 2>&1; then
    count pg16-build 1 0 0
  else
    note "PostgreSQL 16: it does not build, see $out/pg16/build.log"
    count pg16-build 0 1 0
  fi
  rm -rf "$copy"
}

build_16
if ! is_root; then
  skip matrix "only root can make and enter chroots"
  exit
fi
if ! has_apt || ! mkdir -p "$cache" 2>/dev/null; then
  skip matrix "chroots of Debian releases need apt and a cache in $cache"
  exit
fi
for x in $releases; do
  [ "${x#*:}" != "${NATIVE:-}" ] || continue
  test_in "${x%:*}" "${x#*:}" "$@"
  # from the native major, which was installed outside; the lock of that chroot is ours still
  if [ "$x" = trixie:17 ] && [ "${NATIVE:-99}" -lt 17 ] && [ -e "$cache/trixie-17/.ok" ]; then
    bash "$tree/test/upgrade.sh" "$tree" "$out" "$cache/trixie-17" 17 9>&- || count upgrade 0 1 0
  fi
done
