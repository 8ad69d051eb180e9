#!/bin/bash
# package.sh TREE OUT: what is handed out. The archive for PGXN; from that the Debian packages, and those of a next version;
# a chroot with nothing but Debian's PostgreSQL, in which they are installed, used, upgraded and removed (package_installed.sh).
# Appends `stage passed failed skipped` lines to OUT/counts. PG_CONFIG is that of Debian's own server.
#
# package.sh build DIR: builds the packages of the source DIR, as its owner, and looks at what is in them. in_chroot.sh does
# that for the other majors.
#
# The chroot is kept beside those of matrix.sh, as it was before a package came to it: a copy is used.
set -euo pipefail

# shellcheck source=test/setup.sh
. "$(dirname "$0")/setup.sh"

# Without optimization, to save time, and without the tests, which have a stage.
build() {
  local file contents expected sql
  server_find
  cd "$1"
  sql=$(cd sql && ls)
  DEB_BUILD_OPTIONS='nocheck noopt noautodbgsym parallel=2' dpkg-buildpackage -us -uc -b -d >../build.log 2>&1 || { tail -n 40 ../build.log; return 1; }
  grep -A 4 'warning:' ../build.log | grep -v '_FORTIFY_SOURCE' | head -n 20 || true
  cd ..
  contents=$(for file in postgresql-*-migrator_*.deb migrator-push_*.deb; do
    dpkg-deb -c "$file" | awk '$1 !~ /^d/ && $6 !~ /^.\/usr\/share\/doc\// { print $6 }' | sort
  done)
  # shellcheck disable=SC2086 # a list of words
  expected=$(
    {
      echo "./usr/lib/postgresql/$MAJOR/lib/migrator.so"
      printf "./usr/share/postgresql/$MAJOR/extension/%s\n" migrator.control $sql
    } | sort
    printf '%s\n' ./usr/bin/migrator-push ./usr/share/man/man1/migrator-push.1.gz
  )
  if [ "$contents" != "$expected" ]; then
    printf '%s\n' "the packages have" "$contents" "and should have" "$expected"
    return 1
  fi
}

if [ "$1" = build ]; then
  build "$2"
  exit
fi

tree=$1 out=$2
choose_user
server_find
work=$out/package
cache=${MIGRATOR_MATRIX_CACHE:-/var/cache/migrator-matrix}

count() { printf '%s %s %s %s\n' "package-$1" "$2" "$3" "$4" >>"$out/counts"; }
skip()  { note "SKIP: $2"; count "$1" 0 0 1; }

# check NAME COMMAND...: false if that failed, which is counted.
check() {
  local name=$1
  shift
  if "$@" >"$out/package-$name.log" 2>&1; then
    note "$name: ok"
    count "$name" 1 0 0
  else
    note "$name: failed"
    tail -n 40 "$out/package-$name.log"
    count "$name" 0 1 0
    return 1
  fi
}

# A repository of this tree; what is not committed there stays out of the archive, and without one there is none.
dist() {
  local names
  (
    cd "$work/repository"
    as_user git init -q .
    as_user git add -A .
    as_user git -c user.name=tests -c user.email=tests@localhost.invalid commit -qm 'The tree.'
    as_user touch not-committed
    as_user make -s dist PG_CONFIG=/bin/true
    as_user git ls-files | sed "s,^,migrator-$version/," | sort >"$work/committed"
  ) || return
  as_user unzip -q "$work/repository/migrator-$version.zip" -d "$work/1" || return
  names=$(cd "$work/1" && find . -type f -o -type l | sed 's,^\./,,' | sort)
  diff -u "$work/committed" - <<<"$names" || return
  if as_user make -s -C "$work/1/migrator-$version" dist >"$work/no-git" 2>&1; then return 1; fi
  grep 'this is no clone of the repository' "$work/no-git"
}

# The same as the next version, with a script to update to it.
next_version() {
  local dir="$work/2/migrator-$next" name
  as_user mkdir "$work/2"
  as_user cp -R "$work/1/migrator-$version" "$dir"
  for name in migrator.control META.json src/base/settings.h bin/migrator-push; do
    as_user sed -i "s/${version//./\\.}/$next/" "$dir/$name"
  done
  as_user cp "$dir/sql/migrator--$version.sql" "$dir/sql/migrator--$next.sql"
  printf '%s\n' '\echo Use "ALTER EXTENSION migrator UPDATE" to load this file. \quit' |
    as_user tee "$dir/sql/migrator--$version--$next.sql" >/dev/null
  {
    printf 'pg-migrator (%s-1) UNRELEASED; urgency=medium\n\n  * Next.\n\n' "$next"
    printf ' -- migrator contributors <packages@migrator.invalid>  Mon, 30 Nov 2026 12:00:00 +0000\n\n'
    cat "$work/1/migrator-$version/debian/changelog"
  } | as_user tee "$dir/debian/changelog" >/dev/null
}

# The source package, too. No bug of Debian's asks for them.
lint() {
  as_user git -C "$work/repository" archive --prefix="migrator-$version/" -o "$work/1/pg-migrator_$version.orig.tar.gz" HEAD
  (cd "$work/1/migrator-$version" && as_user dpkg-buildpackage -us -uc -S -d) || return
  (cd "$work/1" && as_user lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs ./*.changes)
}

# The packages that the ones built need, from where this machine has its own.
set_up() {
  local sources=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    if [ -s "$file" ]; then sources+=("$file"); fi
  done
  rm -rf "$1" "$1.new"
  timeout 600 mmdebstrap --mode=root --variant=minbase --include="$needed" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1.new" "${sources[@]}" </dev/null || { rm -rf "$1.new"; return 1; }
  echo "$needed" >"$1.new/.ok"
  mv "$1.new" "$1"
}

installed() {
  local chroot=$cache/package-$MAJOR copy=$work/chroot in=/tmp/packages rc=0
  if ! is_root; then skip install 'only root can make and enter chroots'; return; fi
  mkdir -p "$cache"
  exec 9>"$cache/package-$MAJOR.lock"
  flock 9
  needed=$(dpkg-deb -f "$work/1/postgresql-$MAJOR"-migrator_*.deb Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' | grep -v '^migrator-push$' | paste -sd ,)
  if [ "$(cat "$chroot/.ok" 2>/dev/null)" != "$needed" ]; then
    note "setting up a chroot for them (once, about half a minute)"
    if ! set_up "$chroot" >"$out/package-chroot.log" 2>&1; then
      skip install "no chroot could be made: $(tail -n 1 "$out/package-chroot.log")"
      return
    fi
  fi
  cp -a --reflink=auto "$chroot" "$copy"
  mkdir "$copy$in"
  mkdir -p "$copy/dev/shm" && chmod 1777 "$copy/dev/shm"
  cp "$tree/test/setup.sh" "$tree/test/package_installed.sh" "$copy$in/"
  cp -R "$work/1" "$work/2" "$copy$in/"
  rm -rf "$copy$in"/?/migrator-*/
  timeout -k 10 300 chroot "$copy" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    bash "$in/package_installed.sh" "$MAJOR" "$version" "$next" >"$out/package-install.log" 2>&1 </dev/null 9>&- || rc=$?
  if [ $rc = 0 ]; then note 'install: ok'; else tail -n 40 "$out/package-install.log"; fi
  count install "$(grep -c '^ok' "$out/package-install.log" || true)" "$((rc != 0))" 0
  rm -rf "$copy"
}

if ! command -v dpkg-buildpackage >/dev/null || ! command -v pg_buildext >/dev/null || ! command -v dh >/dev/null; then
  skip build 'no dpkg-buildpackage, dh or pg_buildext here'
  exit
fi
if [ "$BIN" != "/usr/lib/postgresql/$MAJOR/bin" ] || [ "$(release_major)" != "$MAJOR" ]; then
  skip build "PostgreSQL $MAJOR of $PG_CONFIG is not this release's own"
  exit
fi

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$tree/migrator.control")
next=${version%.*}.$((${version##*.} + 1))
own_dir "$work"
copy_tree "$tree" "$work/repository"
as_user mkdir "$work/1"
check dist dist || exit 0
if check build as_user env PG_CONFIG="$PG_CONFIG" bash "$tree/test/package.sh" build "$work/1/migrator-$version"; then
  if command -v lintian >/dev/null; then check lintian lint || true; else skip lintian 'lintian is not installed'; fi
  next_version
  if check build-next as_user env PG_CONFIG="$PG_CONFIG" bash "$tree/test/package.sh" build "$work/2/migrator-$next"; then installed; fi
fi
rm -rf "$work"
