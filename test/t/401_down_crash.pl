# kill -9 of the backend and of the server at every statement of a CALL down: the next down makes of it what a run that
# nobody disturbed makes. MIGRATOR_CRASH_ALL=1 kills the server at each point too, and adds more random moments.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $all = $ENV{MIGRATOR_CRASH_ALL};
my $dir = "$FindBin::RealBin/../fixtures/down_crash";
my $node = PostgreSQL::Test::Cluster->new('down_crash');
$node->init;

# an asynchronous commit stays off the disk as long as it can, so that a kill can lose it
$node->append_conf('postgresql.conf',
	"restart_after_crash = on\nautovacuum = off\nfsync = off\nwal_level = replica\nwal_writer_delay = 10s\n");
$node->start;

# Scripts call tap_point() between their statements. What it does stands in the file control: `kill POINT`, or
# `pause POINT`, and then until the file says otherwise; its pid is in the file paused.
my $desk = source_dir({ control => '' });
$node->safe_psql('postgres', qq{
	CREATE DATABASE fresh;
	\\connect fresh
	CREATE EXTENSION migrator;
	CREATE TABLE note (what text);
	CREATE FUNCTION tap_point(point text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
	  IF pg_read_file('$desk/control') = 'kill ' || point THEN
	    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || pg_backend_pid());
	    PERFORM pg_sleep(3600);
	  END IF;
	  IF pg_read_file('$desk/control') = 'pause ' || point THEN
	    EXECUTE format('COPY (SELECT pg_backend_pid()) TO %L', '$desk/paused');
	    WHILE pg_read_file('$desk/control') = 'pause ' || point LOOP
	      PERFORM pg_sleep(0.005);
	    END LOOP;
	  END IF;
	END \$\$;
	CREATE FUNCTION tap_rows() RETURNS SETOF text LANGUAGE plpgsql AS \$\$
	DECLARE
	  t regclass;
	BEGIN
	  FOR t IN SELECT c.oid FROM pg_class c WHERE relkind = 'r' AND relnamespace IN
	             (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'other')) ORDER BY c.oid::regclass::text LOOP
	    RETURN QUERY EXECUTE format('SELECT %L || r::text FROM %s r ORDER BY 1', t::text || ' ', t);
	  END LOOP;
	END \$\$;
});

$node->safe_psql('fresh', "CALL migrator.up('$dir')");

# in the order in which they come
my @points = map { slurp_file($_) =~ /tap_point\('([^']+)'\)/g } reverse sort glob("$dir/*.down.sql");
my $kills = 0;
my $db;
my $serial = 0;

sub control
{
	my ($text) = @_;
	write_files($desk, { 'control.new' => $text });
	rename "$desk/control.new", "$desk/control" or die $!;
	return;
}

sub new_database
{
	my $old = $db;

	$db = 'd' . ++$serial;
	$node->safe_psql('postgres', ($old ? "DROP DATABASE $old (FORCE);" : '') . "ALTER SYSTEM RESET ALL; CREATE DATABASE $db TEMPLATE fresh; CHECKPOINT");
	unlink "$desk/paused";
	control('');
	return;
}

sub wait_until
{
	my ($what, $test) = @_;
	for (my $end = time + $MigratorTest::net; time < $end; sleep 0.01) { my $got = $test->(); return $got if $got; }
	die "$what does not come to pass";
}

sub start_down { return start_psql($node, $db, "CALL migrator.down('$dir', target => '')"); }

# The pid of the run that pauses.
sub paused { return wait_until('pause', sub { -e "$desk/paused" && slurp_file("$desk/paused") =~ /^(\d+)\n/ ? $1 : 0 }); }

# down, again and again, with what a person would do between; returns what had to be done
sub finish_run
{
	my @did;

	for (1 .. 6)
	{
		my $psql = start_down();
		my $code = finish_psql($psql);
		my $err = $psql->{err};

		return @did if $code eq '0';
		if ($err =~ /23505.*"customer_email"/)
		{
			$node->safe_psql($db, 'DELETE FROM customer WHERE id > 95');
			push @did, 'mended';
		}
		else
		{
			diag("down: exit $code\n$err");
			return (@did, 'failed');
		}
	}
	return (@did, 'never ends');
}

# All that has to be equal in the end.
sub picture
{
	my ($dump) = run_command([ $node->installed_command('pg_dump'), '-s', '-N', 'migrator', '-d', $node->connstr($db) ]);

	$dump =~ s/^(?:--.*|\\(?:un)?restrict .*|)\n//mg;
	return join "\n", $dump, $node->safe_psql($db, q{
		SELECT indexrelid::regclass, indisvalid, indisready, indislive, pg_get_indexdef(indexrelid) FROM pg_index
		 WHERE indrelid >= 16384 AND indexrelid::regclass::text !~ '^migrator' AND indrelid::regclass::text !~ 'toast' ORDER BY indexrelid::regclass::text;
		SELECT tap_rows();
		SELECT service, version, state, direction, checksum FROM migrator.migrations ORDER BY 1, 2;
		SELECT version, count(*) FROM migrator.history WHERE event = 'rolled_back' GROUP BY 1 ORDER BY 1;
		SELECT 'running: ', count(*) FROM migrator.migrations WHERE state = 'running';
		SELECT 'runs without an end: ', count(*) FROM migrator.runs WHERE finished_at IS NULL OR outcome = 'running';
		SELECT 'advisory locks: ', count(*) FROM pg_locks WHERE locktype = 'advisory';
		SELECT 'settings: ', setting FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf';
	});
}

new_database();
is(join(' ', finish_run()), 'mended', 'undisturbed, but for the duplicates');
my $wanted = picture();
like($wanted, qr/^default\|0001\|rolled_back\|/m, 'it gets to the end');
unlike($wanted, qr/\|f\|.*CREATE/, 'no invalid index');
my $duration = $node->safe_psql($db, "SELECT max(duration_ms) / 1000 FROM migrator.runs WHERE kind = 'down'");
note("a run takes $duration s");
cmp_ok(scalar(@points), '>', 25, 'points');

sub recovered
{
	my ($offset) = @_;
	wait_until('recovery', sub { slurp_file($node->logfile, $offset) =~ /ready to accept connections/ });
	return;
}

sub kill_backend
{
	my ($pid) = @_;
	my $offset = -s $node->logfile;
	kill 'KILL', $pid or return 0;
	recovered($offset);
	return 1;
}

# One of two ways in turn: the postmaster and the run die at once; all get SIGQUIT.
my $ways = 0;

sub kill_server
{
	my ($pid) = @_;

	if ($ways++ % 2)
	{
		$node->stop('immediate');
		$node->start;
		return;
	}
	$node->kill9;
	kill 'KILL', $pid if $pid;

	# its children have to notice before another one can use their memory
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if $node->start(fail_ok => 1);
		sleep 0.1;
		$node->stop('fast', fail_ok => 1);
	}
	return;
}

sub ends_well
{
	my ($name) = @_;

	$kills++;
	control('');
	my @did = finish_run();
	my $got = picture();
	ok($got eq $wanted, $name) or do
	{
		my %wanted = map { $_ => 1 } split /\n/, $wanted;
		my %got = map { $_ => 1 } split /\n/, $got;
		diag("did: @did\n", (map { "missing: $_\n" } grep { !$got{$_} } split /\n/, $wanted),
			map { "too much: $_\n" } grep { !$wanted{$_} } split /\n/, $got);
	};
	return;
}

# Runs that come to a point: the first one, or the one after the duplicates were mended.
sub run_to
{
	my ($control, $point) = @_;

	new_database();
	if ($point lt '0005' || $point eq '0005 index made')
	{
		finish_psql(start_down());
		$node->safe_psql($db, 'DELETE FROM customer WHERE id > 95');
	}
	control("$control $point");
	return start_down();
}

# What is half-way back is not for up.
sub lets_up_alone
{
	my ($point) = @_;

	control('');
	return unless $node->safe_psql($db, "SELECT count(*) FROM migrator.migrations WHERE direction = 'down'");
	my ($code, $out, $err) = $node->psql($db, "CALL migrator.up('$dir')");
	like($err, qr/migration "\d+" is partly rolled back/, "$point: up refuses it");
	return;
}

sub backend_dies_at
{
	my ($point) = @_;
	my $offset = -s $node->logfile;
	my $down = run_to('kill', $point);

	isnt(finish_psql($down), 0, "$point: killed");
	recovered($offset);
	lets_up_alone($point);
	ends_well("backend killed at: $point");
	return;
}

sub server_dies_at
{
	my ($point) = @_;
	my $down = run_to('pause', $point);

	kill_server(paused());
	finish_psql($down);
	ends_well("server killed at: $point");
	return;
}

# In the middle of a statement that waits for another session: the run comes out of the point before it into that wait.
sub dies_waiting
{
	my ($point, $holder_sql, $kill, $name) = @_;
	my $down = run_to('pause', $point);
	my $pid = paused();
	my $holder = start_psql($node, $db, 'BEGIN ISOLATION LEVEL REPEATABLE READ', $holder_sql, 'SELECT pg_sleep(3600)');

	wait_until('holder', sub { $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE datname = '$db' AND query = 'SELECT pg_sleep(3600)' AND wait_event = 'PgSleep'") });
	control('');
	wait_until('wait', sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid AND NOT granted") });
	$kill->($pid);
	finish_psql($_) for $down, $holder;
	ends_well($name);
	return;
}

my $n = 0;
for my $point (@points)
{
	backend_dies_at($point);
	server_dies_at($point) if $all || $n++ % 3 == 0;
}

for my $wait (
	[ '0003 begin', 'SELECT count(*) FROM customer', 'DROP INDEX CONCURRENTLY waits for a reader' ],
	[ '0005 begin', 'INSERT INTO customer VALUES (0)', 'CREATE UNIQUE INDEX CONCURRENTLY waits for a writer' ],
	[ '0007 begin', 'INSERT INTO customer VALUES (0)', 'REINDEX CONCURRENTLY waits for a writer' ],
	[ '0010 begin', 'SELECT count(*) FROM event', 'DETACH CONCURRENTLY waits for a reader' ])
{
	dies_waiting($wait->[0], $wait->[1], \&kill_backend, "$wait->[2], backend killed");
	dies_waiting($wait->[0], $wait->[1], \&kill_server, "$wait->[2], server killed") if $all || $n++ % 2 == 0;
}

# from outside, at any moment
my $seed = $ENV{MIGRATOR_SEED} || time % 1_000_000 | 0;
srand $seed;
note("MIGRATOR_SEED=$seed");
for (1 .. ($all ? 40 : 10))
{
	# somewhere in the time that it takes from here to its end, or to the duplicates
	my $down = run_to('pause', rand() < 0.7 ? '0007 begin' : '0012 in it');
	my $pid = paused();

	control('');
	sleep rand($duration);
	my $offset = -s $node->logfile;
	my $hit = kill 'KILL', $pid;
	finish_psql($down);

	# it may have been about to end, which is no crash; its parent says so when it has seen to it
	if ($hit)
	{
		wait_until('end of the backend', sub { !kill 0, $pid });
		my $crashed = sub { slurp_file($node->logfile, $offset) =~ /process \(PID $pid\) was terminated by signal 9/ };
		for (my $end = time + 2; time < $end && !$crashed->(); sleep 0.02) { }
		$hit = $crashed->();
		recovered($offset) if $hit;
	}
	ends_well('backend killed at some moment');
	$kills-- unless $hit;
}

note("$kills kills tried, seed $seed");
diag("$kills kills tried");
$node->stop;
done_testing();
