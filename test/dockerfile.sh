#!/bin/bash
# dockerfile.sh TREE OUT: runs the steps of examples/Dockerfile without an engine, each stage in a chroot that stands for the
# official image: the matrix's of Debian trixie with PostgreSQL 17, without what the image lacks. Then makes a cluster as the
# image does at its first start, and sends the migrations of examples/shop. Appends to OUT/counts.
set -euo pipefail

tree=$1 out=$2
. "$tree/test/setup.sh"

major=17 base=${MIGRATOR_MATRIX_CACHE:-/var/cache/migrator-matrix}/trixie-17
count() { printf 'dockerfile %s %s %s\n' "$1" "$2" "$3" >>"$out/counts"; }
skip()  { note "SKIP: $1"; count 0 0 1; exit; }

is_root || skip "only root can enter chroots"
[ -e "$base/.ok" ] || skip "the chroot of trixie is not there: the stage matrix makes it"
work=$(mktemp -d "${TMPDIR:-/tmp}/migrator-docker.XXXXXX")
exec 9>"$base.lock"
flock 9

# over LOWER NAME: a chroot over another, whose changes are in $work/NAME
over() {
  mkdir -p "$work/$2/changes" "$work/$2/work" "$work/$2/root"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/$2/changes,workdir=$work/$2/work" "$work/$2/root" 2>>"$work/mount.log"
}

leave() {
  local m
  for m in "$work"/*/root; do umount "$m" 2>/dev/null || true; done
  rm -rf --one-file-system "$work"
}
trap leave EXIT

# within NAME COMMAND: as a step of a stage
within() {
  timeout -k 10 900 chroot "$work/$1/root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PG_MAJOR=$major DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 sh -c "$2" </dev/null 9>&-
}

# The image has the server; what builds is not in it. Its stages see one lower directory: an overlay over an overlay is refused.
over "$base" image || skip "no overlay file system here"
within image "dpkg --purge --force-depends gcc make libc6-dev libssl-dev libarchive-dev zlib1g-dev \
  \$(dpkg-query -W -f '\${Package}\n' 'libarchive13*') && rm -rf /usr/include/postgresql /tmp/* && apt-get -qy --fix-broken install &&
  mkdir -p /docker-entrypoint-initdb.d" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; skip "the chroot cannot be made like the image"; }
umount "$work/image/root"

# step STAGE INSTRUCTION...
step() {
  local stage=$1 instruction=$2 rest=$3 from=''
  case $instruction in
    RUN) within "$stage" "$rest" ;;
    COPY)
      case $rest in --from=*) from=${rest#--from=} from=${from%% *} rest=${rest#* } ;; esac
      # shellcheck disable=SC2086 # two names
      set -- $rest
      if [ -n "$from" ]; then tar -C "$work/$from/root$1" -cf - . | tar -C "$work/$stage/root$2" --keep-directory-symlink -xf -
      else
        mkdir -p "$work/$stage/root$2"
        tar -C "$tree/$1" --exclude='*.o' --exclude='*.so' --exclude=./tmp_check -cf - . | tar -C "$work/$stage/root$2" -xf -
      fi
      ;;
    ARG) ;;
    *) echo "no way to do $instruction here"; return 1 ;;
  esac
}

all() {
  local stage='' instruction rest
  # lines that go on are one; comments go
  sed -e '/^ *#/d' "$tree/examples/Dockerfile" | sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' >"$work/steps"
  while read -r instruction rest; do
    [ -n "$instruction" ] || continue
    if [ "$instruction" = FROM ]; then
      stage=final
      case $rest in *" AS "*) stage=${rest##* AS } ;; esac
      over "$work/image/changes:$base" "$stage" || return
      continue
    fi
    [ -n "$stage" ] || continue
    echo "== $stage: $instruction $rest"
    step "$stage" "$instruction" "$rest" || return
  done <"$work/steps"
}

# what the image's entry point does, and what a client does then
use() {
  mkdir -p "$work/final/root/shop" && cp "$tree"/examples/shop/* "$work/final/root/shop/"
  within final "set -e
    install -d -o postgres /run/db && cd /run/db
    as() { setpriv --reuid=postgres --regid=postgres --clear-groups env PATH=/usr/lib/postgresql/$major/bin:\$PATH HOME=/tmp \"\$@\"; }
    as initdb -A trust -D /run/db/data >/dev/null
    as pg_ctl -s -w -D /run/db/data -l /run/db/log -o \"-c listen_addresses= -c unix_socket_directories=/run/db\" start
    for f in /docker-entrypoint-initdb.d/*.sql; do as psql -h /run/db -v ON_ERROR_STOP=1 -f \$f; done
    as migrator-push -h /run/db --up /shop || { as pg_ctl -s -D /run/db/data stop; exit 1; }
    as psql -h /run/db -X -v ON_ERROR_STOP=1 -c \"SELECT migrator.assert_current('stage:default')\"
    as pg_ctl -s -D /run/db/data stop"
}

if { all && use; } >"$out/dockerfile.log" 2>&1; then count 1 0 0
else
  tail -n 40 "$out/dockerfile.log"
  note "the steps of examples/Dockerfile fail, see $out/dockerfile.log"
  count 0 1 0
fi
