#!/bin/bash
# run.sh [GROUP...]: the figures, in one table of markdown. Without arguments all groups: noop apply fleet memory growth
# stage catalog watch. Half an hour on a quiet machine of two cores; where others work, longer, since what they disturbed is repeated.
#
# Needs the extension installed (make install; PG_CONFIG chooses the server), a C compiler and the headers of OpenSSL.
# Starts a throw-away cluster of its own, which goes when the script ends. REPEAT=3 pairs of each figure.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/setup.sh
. "$here/setup.sh"
for group in apply noop fleet memory growth stage catalog watch; do
  # shellcheck source=/dev/null
  . "$here/$group.sh"
done
for group in "$@"; do
  declare -F "group_$group" >/dev/null || die "no group $group: noop apply fleet memory growth stage catalog watch"
done

bench_port=$((20000 + RANDOM % 20000))
bench_begin "listen_addresses = '127.0.0.1'" "port = $bench_port"
export PGPORT=$bench_port PATH="$BIN:$PATH"

printf 'PostgreSQL %s, %s cores, fsync on, %s; milliseconds where nothing else is said\n\n' "$MAJOR" "$(nproc)" "$(date +%F)"
printf '| what, against what | this | that | ratio | aim | others | stolen | pairs |\n'
printf '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n'
[ $# -gt 0 ] || set -- noop apply fleet memory growth stage catalog watch
for group in "$@"; do "group_$group"; done
