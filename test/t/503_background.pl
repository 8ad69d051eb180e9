# up_background(): its client is killed or cancelled, the server has no worker for it, it is cancelled by hand, somebody looks
# for its secrets, somebody else waits for it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use IPC::Run;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('background');
$node->init;
$node->append_conf('postgresql.conf', q{
autovacuum = off
fsync = off
max_worker_processes = 3
max_logical_replication_workers = 0
max_parallel_workers = 0
log_statement = all
listen_addresses = '127.0.0.1'
log_min_duration_statement = 0
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE ROLE stranger LOGIN');

# a migration waits for this lock, and is let go by its end
my $gate = 'SELECT pg_advisory_lock_shared(1);';
my $closed_gate = "FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND objid = 1 AND granted";
my $workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'migrator run'";

sub waits
{
	return $node->poll_query_until('postgres', "SELECT count(*) = $_[0] FROM pg_locks WHERE NOT granted AND locktype = 'advisory'");
}

sub no_worker { return $node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'migrator run'"); }

sub close_gate { return start_psql($node, 'postgres', 'SELECT pg_advisory_lock(1)', 'SELECT pg_sleep(3600)') }

sub gate_is_closed
{
	my $gate_session = close_gate();

	$node->poll_query_until('postgres', "SELECT EXISTS (SELECT $closed_gate)")
	  or die 'no gate';
	return $gate_session;
}

sub open_gate
{
	my ($gate_session) = @_;

	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 60000) $closed_gate");
	finish_psql($gate_session);
}

# the client is killed behind the call
my $closed = gate_is_closed();
my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a1 ();', '2_b.sql' => "$gate CREATE TABLE a2 ();" });
my $client = start_psql($node, 'postgres', "SELECT 'run ' || migrator.up_background('$dir')", 'SELECT pg_sleep(3600)');
waits(1) or die 'no run';
my $run = $node->safe_psql('postgres', 'SELECT max(run_id) FROM migrator.runs');
is($node->safe_psql('postgres', "SELECT migrator.wait_for($run, '10 ms') IS NULL"), 't', 'wait_for: the time is over');
is($node->safe_psql('postgres', "SELECT p.version, p.migration, a.backend_type
		FROM migrator.progress p JOIN pg_stat_activity a USING (pid) WHERE run_id = $run"),
	'2|2|migrator run', 'progress shows it');
my $sleeper = wait_for_sleep_of_client();
kill 'KILL', $client->{handle}->{KIDS}->[0]->{PID};
finish_psql($client);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($sleeper, 60000)");
is($node->safe_psql('postgres', $workers), '1', 'the client is gone, the run goes on');

# others wait for it, and are cancelled
my $waiter = start_psql($node, 'postgres', "SELECT migrator.wait_for($run, '0')->>'outcome'");
my $impatient = start_psql($node, 'postgres', "SET statement_timeout = '200ms'", "SELECT migrator.wait_for($run, '1 h')");
isnt(finish_psql($impatient), 0, 'wait_for can be cancelled');
like($impatient->{err}, qr/ERROR:  57014: canceling statement due to statement timeout/, '... and says so');
open_gate($closed);
is(finish_psql($waiter), 0, 'another session waits for its end');
is($waiter->{out}, "applied\n", '... and has its result');
is($node->safe_psql('postgres', "SELECT to_regclass('a2')"), 'a2', 'it is applied');
no_worker() or die 'the worker stays';

# cancelled by hand
$closed = gate_is_closed();
write_files($dir, { '3_c.sql' => "$gate CREATE TABLE a3 ();" });
$run = $node->safe_psql('postgres', "SELECT migrator.up_background('$dir')");
waits(1) or die 'no run';
is((outcome_of($node, 'postgres', "SELECT pg_cancel_backend(backend_pid) FROM migrator.runs WHERE run_id = $run", psql_as('stranger')))[0],
	'42501', 'a stranger does not cancel it');
is($node->safe_psql('postgres', "SELECT pg_cancel_backend(backend_pid) FROM migrator.runs WHERE run_id = $run"), 't', 'it is cancelled');
my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.wait_for($run, '1 min')");
is($state, '57014', "wait_for raises the run's own error");
like($err, qr/ERROR:  57014: canceling statement due to user request/, '... with its message');
like($err, qr/CONTEXT:  migration "3" \(file "3_c\.sql", line 1, column 1\)/, '... and context');
is($node->safe_psql('postgres', "SELECT outcome, error_sqlstate FROM migrator.runs WHERE run_id = $run"), 'failed|57014', '... which is on record');
is((outcome_of($node, 'postgres', "SELECT migrator.wait_for($run)", psql_as('stranger')))[0], '42501', 'a stranger does not see it');

# terminated: its row has no end, and whoever waits is told
$run = $node->safe_psql('postgres', "SELECT migrator.up_background('$dir')");
waits(1) or die 'no run';
$waiter = start_psql($node, 'postgres', "SELECT migrator.wait_for($run, '0')");
$node->safe_psql('postgres', "SELECT pg_terminate_backend(backend_pid, 60000) FROM migrator.runs WHERE run_id = $run");
isnt(finish_psql($waiter), 0, 'a run that is terminated');
like($waiter->{err}, qr/ERROR:  MG011: run $run was interrupted/, '... is told to who waits');
is((outcome_of($node, 'postgres', "SELECT migrator.wait_for($run)"))[0], 'MG011', '... also later');

# the caller is cancelled before it knows its run: it waits for another one
my $holder = start_psql($node, 'postgres', "CALL migrator.up('$dir')");
waits(1) or die 'no run';
my $caller = start_psql($node, 'postgres', "SET statement_timeout = '500ms'", "SELECT migrator.up_background('$dir')");
isnt(finish_psql($caller), 0, 'a caller that is cancelled');
like($caller->{err}, qr/ERROR:  57014:/, '... is told so');
ok(no_worker(), '... and its worker ends');

# ... or is terminated
$caller = start_psql($node, 'postgres', "SET application_name = 'doomed'", "SELECT migrator.up_background('$dir')");
$node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_activity WHERE application_name = 'doomed'") or die 'no worker';
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
	WHERE application_name = 'doomed' AND backend_type = 'client backend'});
finish_psql($caller);
ok(no_worker(), 'the worker ends with a caller that is terminated');
is((outcome_of($node, 'postgres', "SELECT migrator.up_background('$dir', if_locked => 'fail')"))[0], '55P03', 'if_locked => fail');
($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.up_background('$dir', if_locked => 'skip')");
is("$state|$out", '00000|', 'if_locked => skip');
like($err, qr/NOTICE:  00000: nothing was run: another run is in progress/, '... says so');

# it would wait for its own caller
open_gate($closed);
is(finish_psql($holder), 0, 'the other run ends');
write_files($dir, { '4_d.sql' => 'CREATE TABLE a4 ();' });
($state, $out, $err) = outcome_of($node, 'postgres',
	"BEGIN; LOCK TABLE migrator.runs IN ACCESS EXCLUSIVE MODE; SELECT migrator.up_background('$dir')");
is($state, '40P01', 'a run that waits for its own caller');
like($err, qr/it waits for this transaction, which waits for it/, '... is given up');
ok(no_worker(), '... and its worker ends');

# it waits for another run, whose CREATE INDEX CONCURRENTLY waits for the caller's snapshot
$closed = gate_is_closed();
write_files($dir, { '4_d.sql' => "-- migrator: no-transaction\nCREATE TABLE a4 (i int);\n$gate\nCREATE INDEX CONCURRENTLY a4_i ON a4 (i);\n" });
$holder = start_psql($node, 'postgres', "CALL migrator.up('$dir')");
waits(1) or die 'no run';
$caller = start_psql($node, 'postgres', "SELECT migrator.up_background('$dir')");
waits(2) or die 'no worker';
open_gate($closed);
isnt(finish_psql($caller), 0, 'a run that waits for one that waits for the caller');
like($caller->{err}, qr/ERROR:  40P01: the run cannot begin/, '... is given up');
is(finish_psql($holder), 0, '... and the other one ends');
ok(no_worker(), '... as does the worker');
write_files($dir, { '5_e.sql' => 'CREATE TABLE a5 ();' });

# no worker is free
$closed = gate_is_closed();
for my $i (1 .. 3)
{
	my $busy = source_dir({ '1_a.sql' => $gate });
	$node->safe_psql('postgres', "SELECT migrator.up_background('$busy', service => 'busy$i')");
}
waits(3) or die 'no runs';
($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.up_background('$dir')");
is($state, '53000', 'no worker is free');
like($err, qr/no background worker is free\nHINT:  Increase max_worker_processes/, '... says what to do');
open_gate($closed);
ok(no_worker(), 'they end');
is($node->safe_psql('postgres', "SELECT migrator.wait_for(migrator.up_background('$dir'), '1 min')->>'applied'"), '1', 'then there is one');

# a client in a hurry: many at once, one run
my @herd = map { start_psql($node, 'postgres', "SELECT migrator.wait_for(migrator.up_background('$dir'), '1 min')") } 1 .. 3;
write_files($dir, { '6_f.sql' => 'CREATE TABLE a6 ();' });
finish_psql($_) for @herd;
$node->safe_psql('postgres', "CALL migrator.up('$dir')");
like(applied_once($node), qr/ 0 of them not once$/, 'each migration was applied once');
no_worker();

# a script that says RESET comes back to what the login has, not to what is built in
$node->safe_psql('postgres', "ALTER ROLE CURRENT_USER SET work_mem = '5MB'");
my $reset = source_dir({ '1_a.sql' => "CREATE TABLE seen AS SELECT current_setting('work_mem') AS s, current_setting('DateStyle') AS d;\n"
		  . "RESET ALL;\nINSERT INTO seen SELECT current_setting('work_mem'), current_setting('DateStyle');\n" });
$node->safe_psql('postgres', "SET work_mem = '7MB'; SET DateStyle = 'German';
	SELECT migrator.wait_for(migrator.up_background('$reset', service => 'reset'), '1 min')");
is($node->safe_psql('postgres', 'TABLE seen'), "7MB|German, DMY\n5MB|ISO, MDY", 'RESET comes back to what the login has');
is((outcome_of($node, 'postgres', "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE DEFERRABLE; SELECT migrator.wait_for(migrator.up_background('$dir'))"))[0],
	'00000', 'isolation levels are of the transaction');
no_worker();

# names of the caller's own schema, which comes first
my $hostile = source_dir({ '1_a.sql' => 'SELECT 1;' });
$node->safe_psql('postgres', q{CREATE SCHEMA evil; CREATE DOMAIN evil.text AS int; CREATE DOMAIN evil.jsonb AS int;
	CREATE FUNCTION evil.jsonb_object_field_text(jsonb, text) RETURNS text LANGUAGE sql AS 'SELECT 1 / 0';
	CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RAISE division_by_zero; END'});
is($node->safe_psql('postgres', "SET search_path = evil, pg_catalog;
	SELECT pg_catalog.jsonb_object_field_text(migrator.wait_for(migrator.up_background('$hostile', service => 'hostile'), '1 min'), 'outcome')"),
	'applied', "a hostile search_path");

# where its client was
my $remote = source_dir({ '1_a.sql' => 'SELECT 1;' });
$node->safe_psql('postgres', "SELECT migrator.wait_for(migrator.up_background('$remote', service => 'remote'), '1 min')",
	connstr => 'host=127.0.0.1 port=' . $node->port . ' dbname=postgres');
is($node->safe_psql('postgres', "SELECT r.client_addr, h.client_addr FROM migrator.runs r JOIN migrator.history h USING (run_id) WHERE r.service = 'remote'"),
	'127.0.0.1|127.0.0.1', 'the record knows where its client was');
no_worker();

# values of variables are nowhere
$closed = gate_is_closed();
my $secret = 'correct horse battery staple';
my $with = source_dir({
		'1_a.sql' => "-- migrator: variables\nSET LOCAL myapp.seen TO :'password';\n$gate\n",
		'2_b.sql' => "-- migrator: variables\nSELECT :'password'::int;\n"
	});
my $literal = join ' || ', map { "'$_'" } split /(?<= )/, $secret;
$run = $node->safe_psql('postgres',
	"SELECT migrator.up_background('$with', service => 'secret', variables => jsonb_build_object('password', $literal))");
waits(1) or die 'no run';
is($node->safe_psql('postgres', "$workers AND query LIKE 'CALL migrator.up(%'"), '1', 'what it does');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity a WHERE a::text LIKE '%' || $literal || '%'"), '0',
	'the secret is not in pg_stat_activity');
open_gate($closed);
($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.wait_for($run, '1 min')");
is($state, '22P02', 'a script that shows it fails');
unlike($err, qr/\Q$secret\E/, '... and does not show it to who waits');
is($node->safe_psql('postgres',
		"SELECT count(*) FROM migrator.runs r, migrator.history h, migrator.migrations m WHERE concat(r, h, m) LIKE '%' || $literal || '%'"),
	'0', '... nor on record');
no_worker();
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/\Q$secret\E/, '... nor in the log');
unlike($log, qr/PANIC|TRAP|\bleak|was terminated by signal/, 'no leak, no crash');
done_testing();

sub wait_for_sleep_of_client
{
	my $query = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query = 'SELECT pg_sleep(3600)' AND backend_type = 'client backend'"
	  . ' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = $$advisory$$)';

	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($query) s") or die 'no client sleeps';
	return $node->safe_psql('postgres', $query);
}
