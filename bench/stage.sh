#!/bin/bash
# stage.sh: sends a directory to a database as stage:NAME, over a local socket and over TCP, and compares that with copying
# it. Then what a run costs that reads its files from there. Prints markdown.
#
# Needs the extension installed (make install) and starts a throw-away cluster of its own, with fsync on. Every figure is
# the median of REPEAT runs; the ways take turns, so that a slow minute hits all alike.
#   SIZE=5000    files, half of them up scripts
#   REPEAT=5     NOOP_REPEAT=20
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/setup.sh
. "$here/setup.sh"
port=$((20000 + RANDOM % 20000))
bench_begin "listen_addresses = '127.0.0.1'" "port = $port"
export PGPORT=$port PATH="$BIN:$PATH"

size=${SIZE:-5000} repeat=${REPEAT:-5}
bash "$here/generate.sh" $((size / 2)) files pairs
chmod -R a+rX files

# One statement for each file, as a client without a word for arrays would send them.
awk 'FNR == 1 { if (NR > 1) print "$m$);"; printf "SELECT migrator.stage(\047one\047, \047%s\047, $m$", substr(FILENAME, 7) }
     { print } END { print "$m$);" }' files/* >each.sql

tcp() { PGHOST=127.0.0.1 "$@"; }
over_tcp() { # the same bytes through a socket of the same kind, unpacked on the other side
  local server
  perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", ReuseAddr => 1) or die $!;
    open my $f, ">", "port.tmp" or die; print $f $s->sockport; close $f; rename "port.tmp", "port";
    my $c = $s->accept; open my $t, "|-", "tar -xf - -C copied" or die; print $t $b while sysread $c, $b, 65536; close $t;' &
  server=$!
  while [ ! -e port ]; do :; done
  tar -cf - -C files . | perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die $!;
    print $s $b while sysread STDIN, $b, 65536;' "$(cat port)"
  wait $server
}

way_cp()         { cp -r files copied; }
way_tar_tcp()    { over_tcp; }
way_push()       { "$BIN/migrator-push" -d bench files app; }
way_push_tcp()   { tcp way_push; }
way_again()      { way_push; }
way_again_tcp()  { tcp way_push; }
way_each()       { psql -1 -d bench -f each.sql; }
way_each_tcp()   { tcp way_each; }

before() { # before WAY: what must be there, outside of the time
  rm -rf copied port
  case $1 in
    tar_tcp) mkdir copied ;;
    push* | each*) psql -d bench -c "SELECT migrator.unstage('app'), migrator.unstage('one')" >/dev/null ;;
    again*) way_push >/dev/null ;;
  esac
  sync
}

time_way() {
  local start end
  before "$1"
  start=${EPOCHREALTIME/./}
  "way_$1" >/dev/null
  end=${EPOCHREALTIME/./}
  echo $(((end - start) / 1000)) >>"$1.ms"
}

psql -c "CREATE DATABASE bench"
psql -d bench -c "CREATE EXTENSION migrator"
ways="cp tar_tcp push push_tcp again again_tcp each each_tcp"
for _ in $(seq "$repeat"); do
  for way in $ways; do time_way "$way"; done
done

row() { # row TITLE WAY BASE
  awk -v t="$1" -v a="$(median <"$2.ms")" -v b="$(median <"$3.ms")" 'BEGIN { printf "| %s | %d | %.2f |\n", t, a, a / b }'
}
printf 'PostgreSQL %s, %s cores, fsync on, %s files of %s bytes together, median of %s\n\n' "$MAJOR" "$(nproc)" "$size" \
  "$(cat files/* | wc -c)" "$repeat"
printf '| way | ms | ratio |\n| --- | ---: | ---: |\n'
row 'cp -r' cp cp
row 'migrator-push, local socket' push cp
row 'again, nothing changed' again cp
row 'psql, one stage() for each file' each cp
row 'tar over TCP, unpacked on the other side' tar_tcp tar_tcp
row 'migrator-push, TCP' push_tcp tar_tcp
row 'again, nothing changed' again_tcp tar_tcp
row 'psql, one stage() for each file' each_tcp tar_tcp

# Nothing to do, everything verified: the directory against the same files staged, in turns.
way_push >/dev/null
psql -d bench -c "SELECT migrator.baseline('$dir/files')" -c "VACUUM ANALYZE" >/dev/null
psql -d bench -At -F '|' >noop.txt <<SQL
CREATE TEMP TABLE timing (source text, ms float8);
DO \$\$
DECLARE
    start timestamptz;
    source text;
BEGIN
    FOR i IN 0 .. ${NOOP_REPEAT:-20} LOOP
        FOREACH source IN ARRAY ARRAY['$dir/files', 'stage:app'] LOOP
            start := clock_timestamp();
            PERFORM count(*) FROM migrator.apply(source);
            IF i > 0 THEN
                INSERT INTO timing VALUES (source, extract(epoch FROM clock_timestamp() - start) * 1000);
            END IF;
        END LOOP;
    END LOOP;
END;
\$\$;
SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE source <> 'stage:app'))::numeric, 1),
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE source = 'stage:app'))::numeric, 1) FROM timing;
SQL
IFS='|' read -r directory staged <noop.txt
printf '\nNothing to do, inside the server, %s applied migrations, %s files\n\n' $((size / 2)) "$size"
printf '| from the directory, ms | from the stage, ms | ratio |\n| ---: | ---: | ---: |\n'
awk -v a="$directory" -v b="$staged" 'BEGIN { printf "| %.1f | %.1f | %.2f |\n", a, b, b / a }'
