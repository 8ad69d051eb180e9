# What a CALL up holds on to: a fence that is put up while it waits, the log, a user's cancel beside migration_timeout, the
# mark that is on disk before an effect outside of the database, the original error, the name of a role that is gone.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('up_locks');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_prepared_transactions = 2\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE t (i int)');

sub wait_for
{
	my ($query) = @_;
	$node->poll_query_until('postgres', "SELECT ($query) > 0") or die "never: $query";
	return;
}

sub activity { my ($where) = @_; return wait_for("SELECT count(*) FROM pg_stat_activity WHERE $where"); }

# a session that does something and then sleeps, until it is ended
sub holder
{
	my ($name, @statements) = @_;
	my $session = start_psql($node, 'postgres', "SET application_name = '$name'", @statements, 'SELECT pg_sleep(3600)');

	activity("application_name = '$name' AND wait_event = 'PgSleep'");
	$session->{name} = $name;
	return $session;
}

sub end_holder
{
	my ($session) = @_;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = '$session->{name}'");
	finish_psql($session);
	return;
}

# a psql that goes on after an error, with options of its own
sub start_session
{
	my (@options) = @_;
	my %session = (out => '', err => '');

	$session{handle} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), @options ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($MigratorTest::net));
	return \%session;
}

# default_transaction_read_only, switched on for the server while a run waits for its lock
{
	my $dir = source_dir({ '1_a.sql' => 'SELECT 1' });
	my $other = source_dir({ '1_b.sql' => 'SELECT 1' });
	my $apply = holder('apply', 'BEGIN', "SELECT migrator.apply('$other')");
	my $up = start_psql($node, 'postgres', "SET application_name = 'up'", "CALL migrator.up('$dir')");

	activity("application_name = 'up' AND wait_event = 'advisory'");
	$node->safe_psql('postgres', 'ALTER SYSTEM SET default_transaction_read_only = on');
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('default_transaction_read_only') = 'on'") or die;
	end_holder($apply);
	finish_psql($up);
	like($up->{err}, qr/ERROR:  25006: cannot execute migrator\.up\(\) in a read-only transaction\nHINT:  default_transaction_read_only is on/,
		'a fence that was put up meanwhile is respected');
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.migrations"), 0, 'nothing ran');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, 'no lock is left');
	$node->safe_psql('postgres', 'SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only');
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('default_transaction_read_only') = 'off'") or die;
}

# Runs that nobody shall see: the log has what began, failed and ended.
{
	my $dir = source_dir({ '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 1/0' });
	for my $call ("SELECT migrator.apply('$dir', 'hidden', on_error => 'stop')", "CALL migrator.up('$dir', 'hidden')")
	{
		my $offset = -s $node->logfile;
		outcome_of($node, 'postgres', "SET client_min_messages = error; SET migrator.log_level = debug5; $call");
		my $log = substr(slurp_file($node->logfile), $offset);
		like($log, qr/LOG:  migrator, service "hidden": $_/, "$call: $_") for 'applying \d pending', '2/u b failed: division by zero',
		  'Applied: \d, Failed: 1';
		unlike($log, qr/service "hidden": migration lock/, "$call: no details");
	}
}

# A user's cancel after the migration's own: the run ends, it does not go on with the next.
{
	my $dir = source_dir(
		{ '1_a.sql' => q{DO $$BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN PERFORM set_config('application_name', } .
			q{'caught', false); PERFORM pg_sleep(3600); END$$},
			'2_b.sql' => 'SELECT 2' });
	my $up = start_psql($node, 'postgres', "SET migrator.migration_timeout = '200ms'", "CALL migrator.up('$dir', 'cancelled', on_error => 'continue')");

	activity("application_name = 'caught' AND wait_event = 'PgSleep'");
	$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caught'");
	finish_psql($up);
	like($up->{err}, qr/ERROR:  57014: canceling statement due to user request/, "a user's cancel keeps its name");
	is($node->safe_psql('postgres', "SELECT string_agg(version || ' ' || state, ', ') FROM migrator.migrations WHERE service = 'cancelled'"),
		'1 failed', 'and ends the run');
}

# The time counts for all attempts together.
{
	my $dir = source_dir({ '1_a.sql' => 'LOCK TABLE t' });
	my $holder = holder('reader', 'BEGIN', 'LOCK TABLE t IN ACCESS SHARE MODE');
	my $up = start_psql($node, 'postgres', "SET migrator.migration_timeout = '1s'", "SET migrator.ddl_lock_timeout = '400ms'",
		'SET migrator.lock_retries = 3', "CALL migrator.up('$dir', 'attempts')");

	finish_psql($up);
	like($up->{err}, qr/ERROR:  57014: canceling migration due to migrator\.migration_timeout \(1000 ms\)/, 'attempts and pauses have one bound');
	end_holder($holder);
}

# The look for an invalid index fails in its turn: the error is the script's, the row says failed, the session is as before.
{
	$node->safe_psql('postgres', 'CREATE ROLE keeper; CREATE SCHEMA secret; GRANT USAGE, CREATE ON SCHEMA secret TO keeper;
		CREATE TABLE secret.t (i int); ALTER TABLE secret.t OWNER TO keeper; INSERT INTO secret.t VALUES (1), (1)');
	my $dir = source_dir({ '1_a.sql' => 'SET ROLE keeper; CREATE UNIQUE INDEX CONCURRENTLY bad ON secret.t (i)' });
	my $writer = holder('writer', 'BEGIN', 'INSERT INTO secret.t VALUES (2)');
	my $up = start_session('-c', "SET application_name = 'naming'", '-c', "CALL migrator.up('$dir', 'naming')",
		'-c', "SELECT 'usable as ' || (current_user = session_user)");

	activity("application_name = 'naming' AND wait_event = 'virtualxid'");
	$node->safe_psql('postgres', 'REVOKE ALL ON SCHEMA secret FROM keeper');
	end_holder($writer);
	finish_psql($up);
	like($up->{err}, qr/ERROR:  23505: could not create unique index "bad"/, 'the original error');
	like($up->{out}, qr/usable as true/, 'the session has its own role again');
	is($node->safe_psql('postgres', "SELECT version, state, error_sqlstate FROM migrator.migrations WHERE service = 'naming'"), '1|failed|23505',
		'and the failure is on record');
}

# A role that is dropped while its session goes on.
{
	my $dir = source_dir({ '1_a.sql' => 'SELECT 1/0' });
	$node->safe_psql('postgres', qq{CREATE ROLE gone LOGIN; GRANT EXECUTE ON FUNCTION migrator.apply TO PUBLIC;
		GRANT EXECUTE ON PROCEDURE migrator.up TO PUBLIC});
	$node->append_conf('postgresql.conf', "migrator.source_roots = '$dir'\n");
	$node->reload;
	my $oid = $node->safe_psql('postgres', "SELECT 'gone'::regrole::oid");
	for my $call ("SELECT migrator.apply('$dir', 'apply')", "CALL migrator.up('$dir', 'up')")
	{
		my ($service) = $call =~ /'(\w+)'\)$/;
		$node->safe_psql('postgres', 'CREATE ROLE gone LOGIN') if $service eq 'up';
		$oid = $node->safe_psql('postgres', "SELECT 'gone'::regrole::oid");
		my $session = start_session('-U', 'gone', '-c', "SET application_name = 'gone'", '-c',
			q{DO $$BEGIN WHILE EXISTS (SELECT FROM pg_roles WHERE rolname = 'gone') LOOP PERFORM pg_sleep(0.02); END LOOP; END$$}, '-c', $call);

		activity("application_name = 'gone' AND wait_event = 'PgSleep'");
		$node->safe_psql('postgres', 'DROP ROLE gone');
		finish_psql($session);
		like($session->{err}, qr/ERROR:  22012: /, "$service of a dropped role: the error");
		is($node->safe_psql('postgres', "SELECT applied_by, run_as FROM migrator.history WHERE service = '$service'"),
			"oid $oid (dropped)|oid $oid (dropped)", "$service of a dropped role: who it was");
		is($node->safe_psql('postgres', "SELECT DISTINCT started_by FROM migrator.runs WHERE service = '$service'"), "oid $oid (dropped)",
			"$service of a dropped role: the run");
	}
}

# The documented key in a prepared transaction: of a stranger, and of somebody who may run.
{
	my $dir = source_dir({ '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 2' });
	$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION migrator.apply FROM PUBLIC; REVOKE EXECUTE ON PROCEDURE migrator.up FROM PUBLIC;
		CREATE ROLE stranger LOGIN');
	my $prepare = q{BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('migrator:prepared', 0)); PREPARE TRANSACTION 'p'};
	$node->safe_psql('postgres', $prepare, extra_params => [ '-U', 'stranger' ]);
	is((outcome_of($node, 'postgres', "SELECT migrator.apply('$dir', 'prepared', target => '1', if_locked => 'fail')"))[0], '00000',
		'a prepared transaction of a stranger is passed by');
	$node->safe_psql('postgres', q{ROLLBACK PREPARED 'p'});
	$node->safe_psql('postgres', $prepare);
	my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.apply('$dir', 'prepared', if_locked => 'fail')");
	is($state, '55P03', 'one of somebody who may run is not');
	like($err, qr/held by a prepared transaction/, 'and named');
	$node->safe_psql('postgres', q{ROLLBACK PREPARED 'p'});

	# an up() that has its first lock already does not name itself
	$node->safe_psql('postgres', "BEGIN; SELECT migrator.apply('$dir', 'prepared'); PREPARE TRANSACTION 'p'");
	($state, $out, $err) = outcome_of($node, 'postgres', "CALL migrator.up('$dir', 'prepared', if_locked => 'fail')");
	is($state, '55P03', 'an apply in a prepared transaction keeps up() out');
	like($err, qr/held by a prepared transaction/, 'and is named, not the up() itself');
	$node->safe_psql('postgres', q{ROLLBACK PREPARED 'p'});
}

# synchronous_commit = off: the mark is on disk before a statement that may leave something outside of the database. The
# WAL writer, which would write it a little later, is stopped.
{
	my $dir = source_dir({ '1_a.sql' => 'VACUUM t' });
	my $holder = holder('locker', 'BEGIN', 'LOCK TABLE t');
	my $writer = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'");
	kill 'STOP', $writer or die "kill: $!";
	my $up = start_psql($node, 'postgres', 'SET synchronous_commit = off', "SET application_name = 'async'", "CALL migrator.up('$dir', 'async')");

	activity("application_name = 'async' AND wait_event = 'relation'");
	$node->stop('immediate');
	finish_psql($_) for $holder, $up;
	$node->start;
	is($node->safe_psql('postgres', "SELECT state, statement_done, statement_started FROM migrator.migrations WHERE service = 'async'"),
		'running|0|1', 'the mark survived a crash');
	is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', 'async')"))[0], '00000', 'and the next run goes on');
}

$node->stop;
done_testing();
