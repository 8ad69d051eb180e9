#!/bin/bash
# upgrade.sh TREE OUT CHROOT MAJOR: pg_upgrade (upgrade/pg_upgrade.pl), from this machine's PostgreSQL to the MAJOR of a chroot
# of the matrix in which the extension is installed. In a copy of it: the chroot must not get another server. Appends a line to
# OUT/counts. PG_CONFIG is that of this machine's server, for which the extension is built in TREE if it is not already.
set -euo pipefail

tree=$1 out=$2 chroot=$3 major=$4
. "$tree/test/setup.sh"
choose_user
server_find
# of a run that was killed; the caller has the chroot's lock
rm -rf "${chroot%/*}"/upgrade.??????
copy=$(mktemp -d "${chroot%/*}/upgrade.XXXXXX")
in=/tmp/migrator-test rc=0
trap 'rm -rf "$copy"' EXIT

# 0755: mktemp's is for nobody else
cp -a --reflink=auto "$chroot/." "$copy/"
chmod 755 "$copy"
rm -rf "${copy:?}$in"
mkdir -p "$copy$in"
cp -R "$tree" "$copy$in/tree"

# This server with the extension, and those of its libraries that the chroot has in other versions.
for dir in "${BIN%/bin}" "$("$PG_CONFIG" --sharedir)"; do
  mkdir -p "$copy$dir"
  cp -a "$dir/." "$copy$dir/"
done
build_product "$tree" >"$out/upgrade.build.log" 2>&1
make -s -C "$tree" install PG_CONFIG="$PG_CONFIG" DESTDIR="$copy" >>"$out/upgrade.build.log" 2>&1
ldd "$BIN"/{postgres,initdb,pg_dump,psql} "$tree/migrator.so" | awk '$3 ~ /^\// { print $3 }' | sort -u |
  while read -r library; do
    [ -e "$copy$library" ] || cp -L "$library" "$copy$library"
  done

chroot "$copy" chown -R postgres "$in"
chroot "$copy" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TERM=dumb OLD_SERVER="${BIN%/bin}" \
  runuser -u postgres -- timeout -k 10 300 make -s -C "$in/tree" prove_installcheck \
  PG_CONFIG="/usr/lib/postgresql/$major/bin/pg_config" PROVE_TESTS=test/upgrade/pg_upgrade.pl PROVE_FLAGS=--verbose \
  >"$out/upgrade.log" 2>&1 </dev/null || rc=$?
passed=$(grep -cE '^ok [0-9]+' "$out/upgrade.log" || true)
failed=$(grep -cE '^not ok [0-9]+' "$out/upgrade.log" || true)
if [ $rc != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
mkdir -p "$out/upgrade"
cp -R "$copy$in/tree/tmp_check/log/." "$out/upgrade/" || true
if [ $rc != 0 ]; then
  tail -n 25 "$out/upgrade/regress_log_pg_upgrade"
  grep -nE -A 12 '^not ok|^# +Failed|Dubious|Bailout|rror' "$out/upgrade.log" | head -n 80
fi
note "pg_upgrade from $MAJOR to $major: $passed passed, $failed failed"
printf 'upgrade %s %s 0\n' "$passed" "$failed" >>"$out/counts"
