# A CALL up that is cancelled, timed out, terminated or killed: in a script, in CREATE INDEX CONCURRENTLY's wait for an old
# snapshot, in the wait for the lock, in the pause before a retry. Then the lock is free, the session usable, the record
# right, and the next up ends well.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('up_cancel');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nrestart_after_crash = on\nmigrator.wait_timeout = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE t (i int); CREATE TABLE counted (what text)');

my $serial = 0;

sub wait_until
{
	my ($what, $query) = @_;
	for (my $end = time + $MigratorTest::net; time < $end; sleep 0.02)
	{
		my ($code, $out) = $node->psql('postgres', $query);
		return $out if defined $code && $code == 0 && defined $out && $out ne '' && $out ne 'f' && $out ne '0';
	}
	die "$what does not come to pass";
}

# Another session, with what it does before it sleeps; ended by its pid.
sub other_session
{
	my (@sql) = @_;
	my $tag = 'other' . ++$serial;
	my $session = start_psql($node, 'postgres', "SET application_name = '$tag'", @sql, 'SELECT pg_sleep(3600)');

	$session->{pid} = wait_until('other session',
		"SELECT pid FROM pg_stat_activity WHERE application_name = '$tag' AND wait_event = 'PgSleep'");
	return $session;
}

sub end_session
{
	my ($session) = @_;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($session->{pid})");
	finish_psql($session);
	return;
}

# A session that goes on after an error: the CALL, then a statement that shows that it is alive.
sub start_session
{
	my (@statements) = @_;
	my %session = (out => '', err => '');
	my $tag = 'up' . ++$serial;

	$session{tag} = $tag;
	$session{handle} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
			map { ('-c', $_) } "SET application_name = '$tag'", @statements,
			q{SELECT 'usable, locks: ' || count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'},
			'BEGIN', 'CREATE TEMP TABLE works (i int)', 'COMMIT' ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($MigratorTest::net));
	return \%session;
}

# What the run waits for, in SQL over a (pg_stat_activity); where it stands in the script is seen from outside.
my %waits = (
	sleep => "wait_event = 'PgSleep'",
	snapshot => "wait_event = 'virtualxid'",
	lock => "wait_event = 'advisory'",
	pause => "wait_event = 'Extension'",
	relation => "wait_event = 'relation'");

sub pid_in { my ($session, $wait) = @_; return wait_until($wait,
	"SELECT pid FROM pg_stat_activity WHERE application_name = '$session->{tag}' AND state = 'active' AND $waits{$wait}"); }

sub no_locks
{
	my ($name) = @_;
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, "$name: the lock is free");
	return;
}

sub states
{
	my ($service) = @_;
	return $node->safe_psql('postgres',
		"SELECT string_agg(version || ' ' || state || coalesce(' ' || error_sqlstate, ''), ', ' ORDER BY version) FROM " .
			"migrator.migrations WHERE service = '$service'");
}

# The ways to end it: how, the SQLSTATE, settings before, whether the session lives, and the state it leaves.
my @ends = (
	{ name => 'cancelled', how => sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") }, state => '57014' },
	{ name => 'statement_timeout', set => "SET statement_timeout = '300ms'", state => '57014' },
	{ name => 'migration_timeout', set => "SET migrator.migration_timeout = '300ms'", state => '57014' },
	{ name => 'terminated', how => sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") }, state => '57P01', gone => 1 });

# In the middle of a script: one in a transaction, one in parts, one concurrent index.
my %scripts = (
	transactional => [ 'sleep', "INSERT INTO counted VALUES ('SVC');\nSELECT pg_sleep(3600);\n", undef ],
	parts => [ 'sleep', "INSERT INTO counted VALUES ('SVC');\nVACUUM t;\nSELECT pg_sleep(3600);\n", undef ],
	index => [ 'snapshot', "INSERT INTO counted VALUES ('SVC');\nCREATE INDEX CONCURRENTLY SVC_i ON t (i);\n", 1 ]);

for my $kind ('transactional', 'parts', 'index')
{
	for my $end (@ends)
	{
		my ($wait, $script, $needs_holder) = @{ $scripts{$kind} };
		my $service = 's' . ++$serial;
		my $name = "$kind, $end->{name}";
		$script =~ s/SVC/$service/g;
		my $dir = source_dir(
			{ '1_before.sql' => "CREATE TABLE ${service}_1 (i int)", '2_long.sql' => $script, '3_after.sql' => "CREATE TABLE ${service}_3 (i int)" });
		my $holder = $needs_holder && other_session('BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1');
		my $up = start_session($end->{set} || 'SELECT', "CALL migrator.up('$dir', '$service', on_error => 'continue')",
			'RESET statement_timeout');

		# a timeout may be over before we see it wait
		$end->{how}->(pid_in($up, $wait)) if $end->{how};
		finish_psql($up);
		end_session($holder) if $holder;
		like($up->{err}, qr/(?:ERROR|FATAL):  $end->{state}: /, "$name: the error");
		like($up->{err}, qr/canceling migration due to migrator\.migration_timeout/, "$name: and its reason") if $end->{name} eq 'migration_timeout';
		if ($end->{gone}) { unlike($up->{out}, qr/usable/, "$name: the session is gone"); }
		else { like($up->{out}, qr/^usable, locks: 0$/m, "$name: the session is usable"); unlike($up->{err}, qr/WARNING/, "$name: no warning"); }
		no_locks($name);

		# a timeout of one migration is a failure like any other, a cancel ends the run
		my $after = $end->{name} eq 'migration_timeout' ? ', 3 applied' : '';
		my $left = $end->{gone} ? ($kind eq 'transactional' ? '' : ', 2 running') : ", 2 failed $end->{state}";
		is(states($service), "1 applied$left$after", "$name: the record");
		is($node->safe_psql('postgres', "SELECT state FROM migrator.status('$dir', '$service') WHERE version = '2'"),
			$end->{gone} ? ($kind eq 'transactional' ? 'pending' : 'interrupted') : 'failed', "$name: its status");

		# mended, or with nobody in the way, the next one ends well
		$script =~ s/pg_sleep\(3600\)/pg_sleep(0)/;
		write_files($dir, { '2_long.sql' => $script });
		is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', '$service')"))[0], '00000', "$name: the next up ends well");
		is(states($service), '1 applied, 2 applied, 3 applied', "$name: all is applied");
		is($node->safe_psql('postgres', "SELECT count(*) FROM counted WHERE what = '$service'"), 1, "$name: once");
		is($node->safe_psql('postgres', "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('${service}_i') AND indisvalid"),
			$kind eq 'index' ? 1 : 0, "$name: the index");
		is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL"), 0, "$name: no run is left");
		no_locks("$name, in the end");
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 0, 'no invalid index');

# While it waits for the lock, which a run of another session holds.
for my $end (grep { $_->{name} ne 'migration_timeout' } @ends)
{
	my $service = 's' . ++$serial;
	my $name = "lock wait, $end->{name}";
	my $dir = source_dir({ '1_a.sql' => "INSERT INTO counted VALUES ('$service'); SELECT pg_sleep(3600)" });
	my $first = start_session("CALL migrator.up('$dir', '$service')");
	my $first_pid = pid_in($first, 'sleep');
	my $up = start_session($end->{set} || 'SELECT', "CALL migrator.up('$dir', '$service')", 'RESET statement_timeout');

	$end->{how}->(pid_in($up, 'lock')) if $end->{how};
	finish_psql($up);
	like($up->{err}, qr/(?:ERROR|FATAL):  $end->{state}: /, "$name: the error");
	if ($end->{gone}) { unlike($up->{out}, qr/usable/, "$name: the session is gone"); }
	else { like($up->{out}, qr/^usable, locks: 0$/m, "$name: the session is usable"); unlike($up->{err}, qr/WARNING/, "$name: no warning"); }
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.history WHERE service = '$service'"), 0, "$name: nothing is on record");
	is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT pid::text, ' ') FROM pg_locks WHERE locktype = 'advisory'"), $first_pid,
		"$name: the lock is the other's");

	# the holder is cancelled in its turn: one that waits takes over
	my $next = start_session("CALL migrator.up('$dir', '$service')");
	pid_in($next, 'lock');
	write_files($dir, { '1_a.sql' => "INSERT INTO counted VALUES ('$service')" });
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($first_pid)");
	finish_psql($_) for $first, $next;
	like($next->{out}, qr/"outcome": "applied".*^usable, locks: 0$/ms, "$name: who waits for it gets it");
	is(states($service), '1 applied', "$name: all is applied");
	is($node->safe_psql('postgres', "SELECT count(*) FROM counted WHERE what = '$service'"), 1, "$name: once");
	no_locks($name);
}

# In a retry: while it waits for a relation, and in the pause.
for my $end (grep { !$_->{set} } @ends)
{
	for my $wait ('relation', 'pause')
	{
		my $service = 's' . ++$serial;
		my $name = "retry, $end->{name} in $wait";
		my $dir = source_dir(
			{ '1_a.sql' => "INSERT INTO counted VALUES ('$service')", '2_b.sql' => "INSERT INTO counted VALUES ('$service');\nLOCK TABLE t;\n" });
		my $holder = other_session('BEGIN', 'LOCK TABLE t IN ACCESS SHARE MODE');
		my $up = start_session('SET migrator.lock_retries = 100', 'SET migrator.ddl_lock_timeout = ' . ($wait eq 'pause' ? "'1ms'" : "'1h'"),
			"CALL migrator.up('$dir', '$service')");

		$end->{how}->(pid_in($up, $wait));
		finish_psql($up);
		like($up->{err}, qr/(?:ERROR|FATAL):  $end->{state}: /, "$name: the error");
		like($up->{err}, qr/did not get a lock, attempt 1 of 101/, "$name: after an attempt") if $wait eq 'pause';
		if ($end->{gone}) { unlike($up->{out}, qr/usable/, "$name: the session is gone"); }
		else { like($up->{out}, qr/^usable, locks: 0$/m, "$name: the session is usable"); unlike($up->{err}, qr/WARNING/, "$name: no warning"); }
		no_locks($name);
		is(states($service), $end->{gone} ? '1 applied' : "1 applied, 2 failed $end->{state}", "$name: the record");
		is($node->safe_psql('postgres', "SELECT outcome FROM migrator.runs WHERE service = '$service'"), $end->{gone} ? 'running' : 'failed',
			"$name: the run");
		end_session($holder);
		is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', '$service')"))[0], '00000', "$name: the next up ends well");
		is(states($service), '1 applied, 2 applied', "$name: all is applied");
		is($node->safe_psql('postgres', "SELECT count(*) FROM counted WHERE what = '$service'"), 2, "$name: once each");
		is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL"), 0, "$name: no run is left");
	}
}

# kill -9 in the middle of a script that runs in parts: the row says running, status says interrupted, a standby running.
{
	$node->backup('backup');
	my $standby = PostgreSQL::Test::Cluster->new('up_standby');
	$standby->init_from_backup($node, 'backup', has_streaming => 1);
	$standby->start;

	my $dir = source_dir({ '1_a.sql' => "INSERT INTO counted VALUES ('killed');\nVACUUM t;\nSELECT pg_sleep(3600);\n", '2_b.sql' => 'SELECT 1' });
	my $status = "SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrator.status('$dir', 'killed')";
	my $up = start_session("CALL migrator.up('$dir', 'killed')");
	my $pid = pid_in($up, 'sleep');

	is($node->safe_psql('postgres', $status), '1 running, 2 pending', 'while it runs: running');
	$node->wait_for_catchup($standby, 'replay', $node->lsn('write'));
	is($standby->safe_psql('postgres', $status), '1 running, 2 pending', 'on the standby too');
	my $offset = -s $node->logfile;
	kill 'KILL', $pid or die "kill: $!";
	finish_psql($up);
	$node->wait_for_log(qr/ready to accept connections/, $offset);
	is(wait_until('status', $status), '1 interrupted, 2 pending', 'after kill -9: interrupted');
	no_locks('after kill -9');

	# its pid belongs to nobody, which a standby cannot know
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	is($standby->safe_psql('postgres', $status), '1 running, 2 pending', 'on the standby it still reads running');
	my ($state, $out, $err) = outcome_of($standby, 'postgres', "CALL migrator.up('$dir', 'killed')");
	is($state, '25006', 'up on a standby is refused');
	like($err, qr/during recovery/, 'with the reason');
	is((outcome_of($standby, 'postgres', "CALL migrator.up('/does/not/exist')"))[0], '25006', 'before anything else');

	# who looks does not settle it
	my ($apply) = outcome_of($node, 'postgres', "SELECT migrator.apply('$dir', 'killed')");
	isnt($apply, '00000', 'apply does not take it up');
	write_files($dir, { '1_a.sql' => "INSERT INTO counted VALUES ('killed');\nVACUUM t;\nSELECT pg_sleep(0);\n" });
	is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', 'killed')"))[0], '00000', 'the next up ends well');
	is($node->safe_psql('postgres', $status), '1 applied, 2 applied', 'all is applied');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM counted WHERE what = 'killed'}), 1, 'once');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL'), 0, 'no run is left');
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	is($standby->safe_psql('postgres', $status), '1 applied, 2 applied', 'on the standby too');
	$standby->stop;
}

$node->stop;
done_testing();
