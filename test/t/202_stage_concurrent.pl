# Staging beside staging and beside runs, and uploads that are cut off: whoever looks, and whoever runs, has one set, whole;
# afterwards nothing is locked and nothing is left over. What two sessions can show step by step is in specs/iso_stage_*.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use File::Basename ();
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('stage_concurrent');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf',
	"autovacuum = off\nfsync = off\nrestart_after_crash = on\nmax_connections = 50\nmigrator.record_failures = off\nmigrator.wait_timeout = 0\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION migrator;
	CREATE TABLE seen (run int, tag text);
	-- What is wrong with a set, in one snapshot: a mixture of tags, sums that are not so, paths without a content.
	CREATE FUNCTION wrong(which text) RETURNS text LANGUAGE sql STABLE AS $$
	  SELECT nullif(concat_ws(', ',
	    (SELECT 'tags ' || string_agg(DISTINCT substring(convert_from(content, 'UTF8') FROM 'tag:(\w+)'), '+')
	       FROM migrator.staged_files JOIN migrator.staged_contents USING (name, sha256) WHERE name = which
	     HAVING count(DISTINCT substring(convert_from(content, 'UTF8') FROM 'tag:(\w+)')) > 1),
	    (SELECT 'sums' FROM migrator.stages s WHERE name = which AND
	       (file_count, total_size) IS DISTINCT FROM (SELECT ROW (count(*)::int, coalesce(sum(size), 0)::bigint) FROM migrator.staged_files f
	         WHERE f.name = s.name)),
	    (SELECT 'no content' FROM migrator.staged_files f WHERE name = which AND
	       NOT EXISTS (SELECT FROM migrator.staged_contents c WHERE c.name = f.name AND c.sha256 = f.sha256) LIMIT 1),
	    (SELECT 'a content without path or mark' FROM migrator.staged_contents c WHERE name = which AND
	       (replaced_by IS NULL) <> EXISTS (SELECT FROM migrator.staged_files f WHERE f.name = c.name AND f.sha256 = c.sha256) LIMIT 1)), '');
	$$;
});
sub wait_until
{
	my ($what, $query) = @_;
	ok($node->poll_query_until('postgres', $query), $what) or die "$what does not come to pass";
	return;
}

sub nothing_left
{
	my ($name) = @_;
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, "$name: no lock is left");
	return;
}

# What is held under a name: paths with the tags of their contents.
sub held
{
	my ($name) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT string_agg(path || ' ' || coalesce(substring(convert_from(content, 'UTF8') FROM 'tag:(\\w+)'), 'nothing'), ', ' ORDER BY path)
		  FROM migrator.staged_files LEFT JOIN migrator.staged_contents USING (name, sha256) WHERE name = '$name'});
}

sub left_over { my ($name) = @_; return $node->safe_psql('postgres',
	"SELECT count(*) FROM migrator.staged_contents WHERE name = '$name' AND replaced_by IS NOT NULL"); }

# ---------------------------------------------------------------------------------------------------------------------
# Many at once
# ---------------------------------------------------------------------------------------------------------------------

# a set of N files, each of which says whose it is, as arguments of stage()
sub arrays
{
	my ($tag, $n) = @_;
	return "ARRAY(SELECT f || '_x.sql' FROM generate_series(1, $n) f ORDER BY f), ARRAY(SELECT convert_to('INSERT INTO seen VALUES " .
		"(' || f || ', ''tag:$tag'')', 'UTF8') FROM generate_series(1, $n) f ORDER BY f)";
}

sub finish_all
{
	my ($name, @sessions) = @_;
	my @failed = grep { $_ ne '0' } map { finish_psql($_) } @sessions;

	is(scalar(@failed), 0, "$name: all come to their end") or diag(join "\n", map { $_->{err} } @sessions);
	unlike(join('', map { $_->{err} } @sessions), qr/40P01|deadlock|WARNING|XX000/, "$name: no deadlock");
	return;
}

# the same from all
{
	my @clients = map { start_psql($node, 'postgres', map { "SELECT migrator.stage('same', " . arrays('same', 20) . ')' } 1 .. 5) } 1 .. 8;
	finish_all('the same set from 8 clients', @clients);
	is($node->safe_psql('postgres',
		q{SELECT wrong('same') IS NULL, count(*), sum(size) = (SELECT total_size FROM migrator.stages WHERE name = 'same') FROM } .
		q{migrator.staged WHERE name = 'same'}), 't|20|t', 'the set is whole');
	is(left_over('same'), 0, 'nothing is left over: it was written once');
	is($node->safe_psql('postgres', q{SELECT count(DISTINCT xmin::text) FROM migrator.staged_files WHERE name = 'same'}), 1, 'by one of them');
}

# one file each, of one set
{
	my @clients = map { my $i = $_; start_psql($node, 'postgres', map { "SELECT migrator.stage('each', '$i/${_}_x.sql', '-- tag:each')" } 1 .. 10) } 1 .. 8;
	finish_all('one file after the other from 8 clients', @clients);
	is($node->safe_psql('postgres', q{SELECT wrong('each') IS NULL, count(*) FROM migrator.staged WHERE name = 'each'}), 't|80', 'all are there');
}

# another one from each, in every way, while others look at it and run it
{
	my $loop = sub { my ($n, $body) = @_; return "DO \$\$ BEGIN FOR i IN 1 .. $n LOOP $body COMMIT; END LOOP; END \$\$"; };
	my $archive = sub
	{
		my ($tag) = @_;
		my $dir = source_dir({ map { ("${_}_x.sql" => "INSERT INTO seen VALUES ($_, 'tag:$tag')") } 1 .. 7 });
		PostgreSQL::Test::Utils::system_or_bail('tar', '-C', $dir, '-czf', "$dir.tar.gz", '.');
		return "pg_read_binary_file('$dir.tar.gz')";
	};

	$node->safe_psql('postgres', "SELECT migrator.stage('mix', " . arrays('first', 5) . ')');
	my @clients = (
		(map { start_psql($node, 'postgres', $loop->(40, "PERFORM migrator.stage('mix', " . arrays("a$_", 4 + $_) . ');')) } 1 .. 3),
		(map { start_psql($node, 'postgres', $loop->(40, "PERFORM migrator.stage_archive('mix', " . $archive->("b$_") . ');')) } 1 .. 2),
		(map { start_psql($node, 'postgres', $loop->(20, "PERFORM migrator.unstage('mix'); PERFORM migrator.stage('mix', " . arrays("c$_", 6) . ');')) } 1 .. 2),
		# rolled back now and then
		start_psql($node, 'postgres', $loop->(40, "PERFORM migrator.stage('mix', " . arrays('d', 9) . '); IF i % 2 = 0 THEN ROLLBACK; END IF;')));

	# each run in a transaction of its own, undone: its scripts are of one set; there may be no set for a moment in between
	my $runner = sub
	{
		my ($service) = @_;
		return "DO \$\$
			DECLARE
			  tags text[]; files int; n int; checked int := 0;
			BEGIN
			  WHILE checked < 25 LOOP
			    BEGIN
			      SELECT count(*) INTO n FROM migrator.apply('stage:mix', '$service') WHERE outcome = 'applied';
			      SELECT array_agg(DISTINCT tag), count(*) INTO tags, files FROM seen;
			      RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZZZZ';
			    EXCEPTION
			      WHEN undefined_object THEN CONTINUE;
			      WHEN SQLSTATE 'ZZZZZ' THEN checked := checked + 1;
			    END;
			    IF cardinality(tags) <> 1 OR files <> n OR n < 5 THEN
			      RAISE EXCEPTION 'a mixture: %, % files, % applied', tags, files, n;
			    END IF;
			    COMMIT;
			  END LOOP;
			END \$\$";
	};
	my @runners = map { start_psql($node, 'postgres', 'SET client_min_messages = warning', $runner->("runner$_")) } 1 .. 2;
	my $looker = start_psql($node, 'postgres',
		q{DO $$ DECLARE what text; BEGIN FOR i IN 1 .. 300 LOOP what := wrong('mix'); IF what IS NOT NULL THEN RAISE EXCEPTION '%', } .
		q{what; END IF; COMMIT; END LOOP; END $$});

	finish_all('8 clients, each with its own set', @clients);
	finish_all('two that run it meanwhile', @runners);
	finish_all('one that looks at it meanwhile', $looker);
	is($node->safe_psql('postgres', q{SELECT coalesce(wrong('mix'), 'right')}), 'right', 'in the end: one whole set');
	$node->safe_psql('postgres', "SELECT migrator.stage('mix', " . arrays('last', 3) . ')') for 1 .. 2;
	is(left_over('mix'), 0, 'nothing is left over behind the next change');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM migrator.staged_contents WHERE name = 'mix'}), 3, 'only what has a path is stored');
	nothing_left('many at once');
}

# ---------------------------------------------------------------------------------------------------------------------
# A run in progress whose set is replaced or removed, and which then ends in one way or another
# ---------------------------------------------------------------------------------------------------------------------
$node->safe_psql('postgres', 'CREATE TABLE gate ()');

sub stage_run
{
	my ($name, $tag) = @_;
	$node->safe_psql('postgres', qq{
		SELECT migrator.stage('$name', ARRAY['1_a.sql', '2_wait.sql', '3_c.sql'], ARRAY['INSERT INTO seen VALUES (1, ''tag:$tag'')'::bytea,
		'INSERT INTO seen VALUES (2, ''tag:$tag''); SELECT pg_advisory_xact_lock(4711)', 'INSERT INTO seen VALUES (3, ''tag:$tag'')'])});
	return;
}

my %ends = (
	'it comes to its end' => sub { },
	'it is cancelled' => sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") },
	'it is terminated' => sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") },
	'its client is killed' => undef);
my $serial = 0;

for my $end (sort keys %ends)
{
	for my $change ('replaced', 'removed')
	{
		my $name = 'run' . ++$serial;
		my $what = "$change while a run is in progress, and $end";
		my $gate = start_psql($node, 'postgres', "SET application_name = 'gate'", 'SELECT pg_advisory_lock(4711)', 'SELECT pg_sleep(3600)');

		stage_run($name, 'old');
		my $gate_pid = wait_for_sleep($node, 'postgres');
		my $run = start_psql($node, 'postgres', "SET client_connection_check_interval = '50ms'", "SET application_name = '$name'",
			"CALL migrator.up('stage:$name', '$name')");
		my $waits = "application_name = '$name' AND wait_event = 'advisory'";
		wait_until("$what: it waits in its second migration", "SELECT count(*) = 1 FROM pg_stat_activity WHERE $waits");
		my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE $waits");

		# it would wait for ever, if it waited
		if ($change eq 'replaced') { stage_run($name, 'new'); }
		else { is($node->safe_psql('postgres', "SELECT migrator.unstage('$name')"), 3, "$what: unstage() tells the number"); }
		is(left_over($name), 3, "$what: the contents stay");

		if ($ends{$end}) { $ends{$end}->($pid); }
		else { $run->{handle}->signal('KILL'); }
		if ($end ne 'it comes to its end')
		{
			eval { $run->{handle}->finish };
			wait_until("$what: the backend is at rest", "SELECT count(*) = 0 FROM pg_stat_activity WHERE $waits");
		}
		$node->safe_psql('postgres', "SELECT pg_terminate_backend($gate_pid)");
		finish_psql($gate);
		finish_psql($run) if $end eq 'it comes to its end';
		wait_until("$what: it is over", "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '$name'");

		is($node->safe_psql('postgres', "SELECT string_agg(run || ' ' || tag, ', ' ORDER BY run) FROM seen"),
			$end eq 'it comes to its end' ? '1 tag:old, 2 tag:old, 3 tag:old' : '1 tag:old', "$what: only the old files ran");
		nothing_left($what);

		# the next change of the set takes the old contents away
		if ($change eq 'replaced') { stage_run($name, 'new'); }
		else { $node->safe_psql('postgres', "SELECT migrator.unstage('$name')"); }
		is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.staged_contents WHERE name = '$name'"), $change eq 'replaced'
			? 3 : 0, "$what: the next change removes the contents");
		is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.stages WHERE name = '$name'"), $change eq 'replaced' ? 1 : 0,
			"$what: and the set, if it is empty");
		$node->safe_psql('postgres', 'TRUNCATE seen');

		# and the next run goes on with what is staged then
		stage_run($name, $end eq 'it comes to its end' ? 'old' : 'next');
		is((outcome_of($node, 'postgres', "CALL migrator.up('stage:$name', '$name')"))[0], '00000', "$what: the next run ends well");
		is($node->safe_psql('postgres', "SELECT coalesce(string_agg(run || ' ' || tag, ', ' ORDER BY run), '') FROM seen"),
			$end eq 'it comes to its end' ? '' : '2 tag:next, 3 tag:next', "$what: with the files as they are then");
		$node->safe_psql('postgres', 'TRUNCATE seen');
	}
}

# ---------------------------------------------------------------------------------------------------------------------
# Uploads that are cut off
# ---------------------------------------------------------------------------------------------------------------------
my $bindir = $node->config_data('--bindir');
my $push = "$bindir/migrator-push";
my $upload = source_dir({ map { (sprintf('%04d_x.sql', $_) => "-- tag:cut\n" . join('', map { chr(33 + int rand 90) } 1 .. 5000)) } 1 .. 40 });

# A tar that stops in the middle, and a psql that says who it is.
my $tools = source_dir({});
my $real_tar = (grep { -x } map { "$_/tar" } split /:/, $ENV{PATH})[0];
write_files($tools,
	{
		tar => "#!/bin/sh\ncase \$1 in --version) exec $real_tar --version ;; esac\n$real_tar \"\$@\" | head -c 100000\necho \$\$ >$tools/tar.pid\nexec sleep 3600\n",
		psql => "#!/bin/sh\necho \$\$ >$tools/psql.pid\nexec '$bindir/psql' \"\$\@\"\n",
		gzip => "#!/bin/sh\nexec cat\n"
	});
chmod 0755, map { "$tools/$_" } qw(tar psql gzip);

sub pid_of
{
	my ($tool) = @_;
	for (my $until = time + $MigratorTest::net; time < $until; sleep 0.02)
	{
		return $1 if -e "$tools/$tool.pid" && slurp_file("$tools/$tool.pid") =~ /^(\d+)\n/;
	}
	die "$tool does not run";
}

$node->safe_psql('postgres', "SELECT migrator.stage('cut', " . arrays('before', 5) . ')');
my $whole = join ', ', map { "${_}_x.sql before" } 1 .. 5;

sub start_push
{
	my %session = (out => '', err => '');

	unlink glob("$tools/*.pid");
	local $ENV{PATH} = "$tools:$ENV{PATH}";
	$session{handle} = IPC::Run::start([ $push, '-h', $node->host, '-p', $node->port, '-d', 'postgres', $upload, 'cut' ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($MigratorTest::net));
	return \%session;
}

# the script waits for its tar, which sleeps: that is ended first
sub end_push
{
	my ($session) = @_;
	kill 'TERM', pid_of('tar');
	return finish_psql($session);
}

sub cut_off
{
	my ($name, $how) = @_;
	my $session = start_push();

	wait_until("$name: it is in the middle of COPY", 'SELECT count(*) = 1 FROM pg_stat_progress_copy WHERE bytes_processed > 0');
	pid_of('tar');
	my $pid = $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_progress_copy');
	$how->($pid, $session);
	isnt(end_push($session), 0, "$name: migrator-push fails");
	wait_until("$name: the session is gone", "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
	is(held('cut'), $whole, "$name: the set is the one from before");
	is($node->safe_psql('postgres', q{SELECT coalesce(wrong('cut'), 'right')}), 'right', "$name: and whole");
	nothing_left($name);
	return $session;
}

cut_off('psql is killed', sub { kill 'KILL', pid_of('psql') or die $! });
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relpersistence = 't'}), 0, 'no temporary table is left');
cut_off('the session is terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") });
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relpersistence = 't'}), 0, 'no temporary table is left');
{
	my $session = cut_off('the session is cancelled', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") });
	like($session->{err}, qr/canceling statement due to user request/, 'it says so');
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relpersistence = 't'}), 0, 'no temporary table is left');

# tar dies: what it wrote looks like an upload, but nothing is staged
{
	my $session = start_push();

	wait_until('tar dies: in the middle of COPY', 'SELECT count(*) = 1 FROM pg_stat_progress_copy WHERE bytes_processed > 0');
	isnt(end_push($session), 0, 'tar dies: migrator-push fails');
	like($session->{err}, qr/nothing was staged/, 'tar dies: and says why');
	is(held('cut'), $whole, 'tar dies: the set is the one from before');
}

# the server's side dies: of the upload, and of a stage() that is running
cut_off('the backend is killed', sub
{
	my $offset = -s $node->logfile;
	kill 'KILL', $_[0] or die $!;
	$node->wait_for_log(qr/ready to accept connections/, $offset);
});
{
	my $big = "$PostgreSQL::Test::Utils::tmp_check/big.tar.gz";
	my $dir = source_dir({ map { ("$_.sql" => "\0" x 9_000_000) } 1 .. 20 });
	PostgreSQL::Test::Utils::system_or_bail('tar', '-C', $dir, '-czf', $big, '.');
	for my $way ('backend', 'server')
	{
		my $session = start_psql($node, 'postgres', "SET application_name = 'big'",
			"SELECT migrator.stage_archive('cut', pg_read_binary_file('$big'))", 'SELECT pg_sleep(3600)');
		my $working = q{application_name = 'big' AND state = 'active' AND query LIKE '%stage_archive%'};
		wait_until("$way killed in stage_archive(): it is running", "SELECT count(*) = 1 FROM pg_stat_activity WHERE $working");
		my $pid = $node->safe_psql('postgres', "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE $working");
		my $offset = -s $node->logfile;
		if ($way eq 'backend' && $pid)
		{
			kill 'KILL', $pid or die $!;
			$node->wait_for_log(qr/ready to accept connections/, $offset);
		}
		else
		{
			$node->stop('immediate');
			$node->start;
		}
		isnt(finish_psql($session), 0, "$way killed in stage_archive(): the client is told");

		# it may have come to its end before
		my $came_through = held('cut') ne $whole;
		is($node->safe_psql('postgres', q{SELECT coalesce(wrong('cut'), 'right'), count(*) FROM migrator.staged WHERE name = 'cut'}),
			$came_through ? 'right|20' : 'right|5', "$way killed in stage_archive(): the set is whole");
		nothing_left("$way killed in stage_archive()");
		$node->safe_psql('postgres', "SELECT migrator.stage('cut', " . arrays('before', 5) . ')');
	}
}

# the server stops in a transaction that has staged, and right behind its commit
for my $committed (0, 1)
{
	my $name = $committed ? 'stopped behind the commit' : 'stopped in the transaction';
	my $session = start_psql($node, 'postgres', 'BEGIN', "SELECT migrator.stage('cut', " . arrays('after', 4) . ')',
		"SELECT migrator.stage('cut_new', 'a', '-- tag:after'), migrator.unstage('same')", ($committed ? 'COMMIT' : 'SELECT 1'), 'SELECT pg_sleep(3600)');

	wait_for_sleep($node, 'postgres');
	$node->stop('immediate');
	$node->start;
	finish_psql($session);
	is(held('cut'), $committed ? join(', ', map { "${_}_x.sql after" } 1 .. 4) : $whole, "$name: the set is the one from " . ($committed ? 'then' : 'before'));
	is($node->safe_psql('postgres',
		q{SELECT count(*) FILTER (WHERE name = 'cut_new'), count(*) FILTER (WHERE name = 'same') FROM migrator.stages WHERE file_count > 0}),
		$committed ? '1|0' : '0|1', "$name: and so are the others");
	is($node->safe_psql('postgres', q{SELECT coalesce(wrong('cut'), 'right')}), 'right', "$name: whole");
	nothing_left($name);
}

# the run of a server that stops: the next one goes on, from a set that was replaced in between
{
	stage_run('crash', 'old');
	my $gate = start_psql($node, 'postgres', 'SELECT pg_advisory_lock(4711)', 'SELECT pg_sleep(3600)');
	wait_for_sleep($node, 'postgres');
	my $run = start_psql($node, 'postgres', "SET application_name = 'crash'", "CALL migrator.up('stage:crash', 'crash')");
	wait_until('a run is in progress', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'crash' AND wait_event = 'advisory'});
	stage_run('crash', 'new');
	$node->stop('immediate');
	$node->start;
	finish_psql($_) for $run, $gate;
	is(left_over('crash'), 3, 'a server that stops leaves the old contents');
	stage_run('crash', 'new');
	is(left_over('crash'), 0, 'the next stage() removes them');
	is((outcome_of($node, 'postgres', "CALL migrator.up('stage:crash', 'crash')"))[0], '00000', 'the next run ends well');

	# a commit that was not flushed may be lost: then the first one runs again, as it is staged now
	like($node->safe_psql('postgres', "SELECT string_agg(run || ' ' || tag, ', ' ORDER BY run) FROM seen"),
		qr/^1 tag:(?:old|new), 2 tag:new, 3 tag:new$/, 'each migration once, from one file');
	nothing_left('a run of a server that stops');
}

# in the end a push goes through
is($node->safe_psql('postgres', q{SELECT migrator.unstage('cut')}), 4, 'unstage');
{
	my ($out, $err) = run_command([ $push, '-h', $node->host, '-p', $node->port, '-d', 'postgres', $upload, 'cut' ]);
	like($out, qr/^40 files are staged as stage:cut/, 'a push that is not cut off');
	is($err, '', 'says nothing else');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM migrator.staged WHERE name = 'cut'}), 40, 'and stages all');
}

# ---------------------------------------------------------------------------------------------------------------------
# A standby has the sets, and changes none
# ---------------------------------------------------------------------------------------------------------------------
{
	stage_run('standby', 'x');
	$node->backup('backup');
	my $standby = PostgreSQL::Test::Cluster->new('stage_standby');
	$standby->init_from_backup($node, 'backup', has_streaming => 1);
	$standby->start;
	is($standby->safe_psql('postgres', q{SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrator.status('stage:standby', 'standby')}),
		'1 pending, 2 pending, 3 pending', 'a standby looks at what is staged');
	is($standby->safe_psql('postgres', q{SELECT count(*) FROM migrator.validate('stage:standby', 'standby') WHERE severity = 'error'}), 0, 'and reads it');
	for my $call ("SELECT migrator.stage('standby', '1_a.sql', '')", "SELECT migrator.unstage('standby')",
		"SELECT migrator.stage_archive('standby', '')", "SELECT migrator.apply('stage:standby', 'standby')", "CALL migrator.up('stage:standby', 'standby')")
	{
		is((outcome_of($standby, 'postgres', $call))[0], '25006', "on a standby: $call");
	}
	stage_run('standby', 'y');
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	$standby->promote;
	is((outcome_of($standby, 'postgres', "CALL migrator.up('stage:standby', 'standby')"))[0], '00000', 'promoted, it runs what was staged before');
	is($standby->safe_psql('postgres', q{SELECT string_agg(DISTINCT tag, ' ') FROM seen WHERE tag IN ('tag:x', 'tag:y')}), 'tag:y', 'as it was last');
	$standby->stop;
}

$node->stop;
done_testing();
