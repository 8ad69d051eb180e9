# A failed attempt stays on record although the caller's transaction is undone, by a short-lived worker; and whatever
# keeps the worker from it, the caller gets the error it would have got without.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('failure');
$node->init;
$node->append_conf('postgresql.conf', "statement_timeout = 120s\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

my $broken = source_dir({ '1_good.sql' => 'CREATE TABLE good (i int)',
		'2_broken.sql' => "SELECT 1;\nINSERT INTO good VALUES (1);\nSELECT 1/0;\n", '3_after.sql' => 'SELECT 3' });
my $sleeper = source_dir({ '1_sleep.sql' => 'SELECT pg_sleep(3600)' });
my $kept = 'default|2|failed|22012';

sub forget { $node->safe_psql('postgres', 'TRUNCATE migrator.migrations, migrator.history, migrator.runs'); return; }

# the original error, and what is on record then
sub fails
{
	my ($name, $sql, $expected) = @_;
	my ($state, $out, $err) = outcome_of($node, 'postgres', $sql);

	is($state, '22012', "$name: the original error") or diag($err);
	like($err, qr/division by zero/, "$name: its text");
	is(history_set($node), $expected, "$name: what is on record");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, "$name: no lock is left");
	return;
}

fails('a failure', "SELECT migrator.apply('$broken')", $kept);
is($node->safe_psql('postgres', 'SELECT version, state, error_sqlstate, error_message, run_id IS NOT NULL FROM migrator.migrations'),
	'2|failed|22012|division by zero|t', 'the state');
is($node->safe_psql('postgres', 'SELECT kind, outcome, total, applied, failed FROM migrator.runs'), 'apply|failed|3|0|1', 'the run');
is($node->safe_psql('postgres', q{SELECT statement, line, error_message, applied_by = session_user, run_as = session_user, application_name
	FROM migrator.history}), '3|3|division by zero|t|t|006_failure_record.pl', 'the history');
is($node->safe_psql('postgres', "SELECT string_agg(version || ' ' || state, ', ') FROM migrator.status('$broken')"),
	'1 pending, 2 failed, 3 pending', 'the status');
fails('again', "SELECT migrator.apply('$broken')", "$kept\n$kept");
is($node->safe_psql('postgres', 'SELECT count(DISTINCT run_id) FROM migrator.runs'), 2, 'a run each');

# as somebody else
forget();
$node->safe_psql('postgres',
	'CREATE ROLE weak LOGIN; GRANT EXECUTE ON FUNCTION migrator.apply TO weak; GRANT pg_read_server_files TO weak');
my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.apply('$broken')", psql_as('weak'));
is($state, '42501', 'a user without the rights gets his error');
is($node->safe_psql('postgres', 'SELECT version, error_sqlstate, applied_by, run_as FROM migrator.history'), '1|42501|weak|weak',
	'and it is on record for him');

# not wanted
forget();
fails('record_failures off', "SET migrator.record_failures = off; SELECT migrator.apply('$broken')", '');
fails('a dry run', "SELECT migrator.apply('$broken', dry_run => true)", '');
is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.runs'), 0, 'no run either');

# The caller's own transaction in the way. Neither side sees the other's wait; both have a bound.
fails('the same version failed before in this transaction',
	"BEGIN; SELECT migrator.apply('$broken', on_error => 'stop'); SELECT migrator.apply('$broken')", $kept);
is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.migrations'), 0, 'the state could not be written');
forget();
fails('the caller holds the history', "BEGIN; LOCK TABLE migrator.history; SELECT migrator.apply('$broken')", '');
is($node->safe_psql('postgres', 'SELECT version, state FROM migrator.migrations'), '2|failed', 'the state could be written');
forget();
fails('the caller holds the state', "BEGIN; LOCK TABLE migrator.migrations; SELECT migrator.apply('$broken')", $kept);
is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.migrations'), 0, 'the state could not be written');
forget();
fails('the caller holds everything',
	"BEGIN; LOCK TABLE migrator.migrations, migrator.history, migrator.runs, migrator.services; SELECT migrator.apply('$broken')", '');
forget();
fails('the caller holds the catalog', "BEGIN; LOCK TABLE pg_catalog.pg_extension; SELECT migrator.apply('$broken')", '');

# an error that the caller catches: the transaction goes on, the record is written all the same
forget();
is( $node->safe_psql('postgres', qq{
	DO \$\$ BEGIN
	  PERFORM migrator.apply('$broken');
	EXCEPTION WHEN division_by_zero THEN NULL;
	END \$\$;
	SELECT count(*) FROM migrator.history;}), 1, 'an error that is caught');

# an extension that the worker cannot see yet
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
($state) = outcome_of($node, 'fresh', "BEGIN; CREATE EXTENSION migrator; SELECT migrator.apply('$broken')");
is($state, '22012', 'an extension made in the same transaction: the original error');
is($node->safe_psql('fresh', "SELECT count(*) FROM pg_extension WHERE extname = 'migrator'"), 0, 'and it is gone');

# stopped from outside
forget();
{
	my $run = start_psql($node, 'postgres', "SELECT migrator.apply('$sleeper')");
	my $pid = wait_for_sleep($node, 'postgres');

	is($node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)"), 't', 'cancelled');
	is(finish_psql($run), 1, 'exit 1');
	like($run->{err}, qr/ERROR:  57014: canceling statement due to user request/, 'the original error');
	like($run->{err}, qr/migration "1"/, 'with the migration');
	is(history_set($node), 'default|1|failed|57014', 'on record');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.locks'), 0, 'the lock is free');
}

for my $on_error ('raise', 'continue')
{
	forget();
	($state, $out, $err) =
	  outcome_of($node, 'postgres', "SET statement_timeout = '1s'; SELECT migrator.apply('$sleeper', on_error => '$on_error')");
	is($state, '57014', "statement_timeout, on_error $on_error");
	like($err, qr/canceling statement due to statement timeout/, 'its text');
	is(history_set($node), 'default|1|failed|57014', 'on record');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.locks'), 0, 'the lock is free');
}

forget();
{
	my $run = start_psql($node, 'postgres', "SELECT migrator.apply('$sleeper')");
	my $pid = wait_for_sleep($node, 'postgres');
	my $waiter = start_psql($node, 'postgres', "SELECT count(*) FROM migrator.apply('$broken', on_error => 'stop')");

	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") or die;
	is($node->safe_psql('postgres', "SELECT migrator.unlock(terminate => true)"), $pid, 'terminated');
	isnt(finish_psql($run), 0, 'the session is told');
	is(finish_psql($waiter), 0, 'the one that waited goes on');
	is(history_set($node), "default|1|applied|\ndefault|2|failed|22012", 'with its own record only');
	$node->safe_psql('postgres', 'DROP TABLE good');
}

# No worker to be had; with one slot the logical replication launcher has it.
for my $workers (0, 1)
{
	$node->append_conf('postgresql.conf', "max_worker_processes = $workers\n");
	$node->restart;
	$node->poll_query_until('postgres',
		"SELECT count(*) = $workers FROM pg_stat_activity WHERE backend_type = 'logical replication launcher'")
	  or die 'no launcher';
	forget();
	fails("max_worker_processes = $workers", "SELECT migrator.apply('$broken')", '');
	like((outcome_of($node, 'postgres', "SELECT migrator.apply('$broken')"))[2],
		qr/WARNING:  01000: the failure of migration "2" is not kept on record\nDETAIL:  No background worker is free: max_worker_processes/,
		"max_worker_processes = $workers: and it is said");
	is($node->safe_psql('postgres', qq{SELECT string_agg(outcome, ' ') FROM migrator.apply('$broken', on_error => 'stop')}),
		'applied failed not_run', "max_worker_processes = $workers: stop needs none");
	$node->safe_psql('postgres', 'DROP TABLE good');
}
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$node->restart;
forget();
fails('with workers again', "SELECT migrator.apply('$broken')", $kept);

# Many at a time: two workers, whatever keeps them. (The run itself writes nothing of what is locked.)
forget();
{
	my $only = source_dir({ '1_broken.sql' => 'SELECT 1/0' });
	my $holder = start_psql($node, 'postgres', "SET application_name = 'holder'", 'BEGIN', 'LOCK TABLE migrator.history IN SHARE MODE', 'SELECT pg_sleep(3600)');
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep'") or die;
	my @sessions = map { start_psql($node, 'postgres', "SET application_name = 'fails'", "SELECT migrator.apply('$only', 's$_')") } 1 .. 4;
	my $most = 0;
	for (;;)
	{
		my ($fails, $workers) = split(/\|/, $node->safe_psql('postgres',
			q{SELECT count(*) FILTER (WHERE application_name = 'fails'), count(*) FILTER (WHERE backend_type = 'migrator failure record') FROM pg_stat_activity}));
		$most = $workers if $workers > $most;
		last if $fails == 0;
	}
	cmp_ok($most, '<=', 2, 'two workers at most, of four that are wanted');
	for my $session (@sessions)
	{
		finish_psql($session);
		like($session->{err}, qr/ERROR:  22012: /, 'the original error');
		like($session->{err},
			qr/not kept on record\nDETAIL:  (?:canceling statement due to lock timeout|The background worker was not done in time|Too many other sessions)/,
			'and why it is not on record');
	}
	$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'holder'});
	finish_psql($holder);
}

# silent: whatever the worker met stays between it and the debug log
my $log = slurp_file($node->logfile);
ok($log !~ /could not keep a failure/, 'the worker keeps its troubles to itself');
ok($log !~ /PANIC|was terminated by signal|migrator failure record.*exited with exit code|leak/, 'no process died');

$node->stop;
done_testing();
