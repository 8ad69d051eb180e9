# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# Files sent by a client as stage:NAME, over a local socket and over TCP, against copying the same files: cp -r; and tar
# through a TCP connection into tar. Then a run without work from the stage and from the directory. Sourced by run.sh.

STAGE_SIZE=5000 # files, half of them up scripts

over_tcp() { # the same bytes through a socket of the same kind, unpacked on the other side
  local server
  perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", ReuseAddr => 1) or die $!;
    open my $f, ">", "port.tmp" or die; print $f $s->sockport; close $f; rename "port.tmp", "port";
    my $c = $s->accept; open my $t, "|-", "tar -xf - -C copied" or die; print $t $b while sysread $c, $b, 65536; close $t;' &
  server=$!
  while [ ! -e port ]; do sleep 0.01; done
  tar -cf - -C files . | perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die $!;
    print $s $b while sysread STDIN, $b, 65536;' "$(cat port)"
  wait $server
}

push()     { "$BIN/migrator-push" -d bench files app; }
push_tcp() { PGHOST=127.0.0.1 PGPORT=$bench_port push; }

way_cp()         { rm -rf copied; sync; took cp -r files copied; }
way_tar_tcp()    { rm -rf copied port; mkdir copied; sync; took over_tcp; }
way_push()       { call "SELECT migrator.unstage('app')" >/dev/null; sync; took push; }
way_push_tcp()   { call "SELECT migrator.unstage('app')" >/dev/null; sync; took push_tcp; }
way_again()      { push >/dev/null; sync; took push; }
way_again_tcp()  { push >/dev/null; sync; took push_tcp; }
# one statement for each file, as a client without a word for arrays would send them
way_each()       { call "SELECT migrator.unstage('one')" >/dev/null; sync; took psql -1 -d bench -f each.sql; }

noop_of() { # noop_of SOURCE: median of 9 calls behind a first one, inside the server
  call "CREATE TEMP TABLE timing (i int, ms float8);
    DO \$\$DECLARE start timestamptz;
    BEGIN
      FOR i IN 0 .. 9 LOOP
        start := clock_timestamp();
        PERFORM count(*) FROM migrator.apply('$1');
        INSERT INTO timing VALUES (i, extract(epoch FROM clock_timestamp() - start) * 1000);
      END LOOP;
    END\$\$;
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM timing WHERE i > 0"
}

group_stage() {
  bash "$here/generate.sh" $((STAGE_SIZE / 2)) files pairs
  chmod -R a+rX files
  awk 'FNR == 1 { if (NR > 1) print "$m$);"; printf "SELECT migrator.stage(\047one\047, \047%s\047, $m$", substr(FILENAME, 7) }
       { print } END { print "$m$);" }' files/* >each.sql
  fresh
  compare "$STAGE_SIZE files by migrator-push, cp -r" "" way_push way_cp
  compare "the same over TCP, tar over TCP" "" way_push_tcp way_tar_tcp
  compare "again, nothing changed, cp -r" "" way_again way_cp
  compare "again over TCP, tar over TCP" "" way_again_tcp way_tar_tcp
  compare "one stage() for each file, cp -r" "" way_each way_cp

  fresh
  push >/dev/null
  call "SELECT migrator.baseline('$dir/files')" >/dev/null
  psql -d bench -c "VACUUM ANALYZE"
  compare "no-op of $((STAGE_SIZE / 2)) from the stage, from the directory" "" "noop_of stage:app" "noop_of $dir/files"
}
