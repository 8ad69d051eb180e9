# Runs that waited for the lock of their service, and migrations that were tried again, as metrics count them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('numbers');
$node->init;
$node->start;
my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a (i int)', '2_b.sql' => 'CREATE TABLE b (i int)' });
$node->safe_psql('postgres', "CREATE EXTENSION migrator; SELECT migrator.register('default', '$dir')");

sub metric
{
	my ($name) = @_;
	return $node->safe_psql('postgres', "SELECT value FROM migrator.metrics WHERE name = '$name' AND labels->>'service' = 'default'");
}

sub end_session
{
	my ($pid, $session) = @_;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	finish_psql($session);
	return;
}

# one run holds the lock and is undone, the other waits, and then has all to do
my $first = start_psql($node, 'postgres', 'BEGIN', "SELECT migrator.apply(target => '1')", 'SELECT pg_sleep(3600)');
my $pid = wait_for_sleep($node, 'postgres');
is(metric('migrator_lock_held'), 1, 'the lock is held');
my $second = start_psql($node, 'postgres', 'CALL migrator.up()');
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM migrator.locks WHERE state = 'waiting'"), 'another run waits');
end_session($pid, $first);
is(finish_psql($second), 0, 'and runs');
is(metric('migrator_lock_held'), 0, 'the lock is free');
is(metric('migrator_lock_waits_total'), 1, 'one run waited');
is($node->safe_psql('postgres', 'SELECT lock_wait_ms > 0, lock_retries FROM migrator.runs'), 't|0', 'its row says so');
cmp_ok(metric('migrator_lock_wait_seconds_total'), '>', 0, 'for some time');

# somebody has the table that a migration alters
append_to_file("$dir/3_c.sql", 'ALTER TABLE a ADD COLUMN j int');
$first = start_psql($node, 'postgres', 'BEGIN', 'LOCK TABLE a', 'SELECT pg_sleep(3600)');
$pid = wait_for_sleep($node, 'postgres');
$second = start_psql($node, 'postgres', "SET migrator.ddl_lock_timeout = '10ms'", 'SET migrator.lock_retries = 1000', 'CALL migrator.up()');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM migrator.progress WHERE attempt > 2'), 'a migration is tried again');
end_session($pid, $first);
is(finish_psql($second), 0, 'and has it at last');
cmp_ok(metric('migrator_lock_retries_total'), '>=', 2, 'the attempts are counted');
is(metric('migrator_lock_waits_total'), 1, 'that is no wait for the service');

# one that never gets it
append_to_file("$dir/4_d.sql", 'ALTER TABLE a ADD COLUMN k int');
my $before = metric('migrator_lock_retries_total');
$first = start_psql($node, 'postgres', 'BEGIN', 'LOCK TABLE a', 'SELECT pg_sleep(3600)');
$pid = wait_for_sleep($node, 'postgres');
is((outcome_of($node, 'postgres', "SET migrator.ddl_lock_timeout = '10ms'; SET migrator.lock_retries = 1; CALL migrator.up();"))[0],
	'55P03', 'a run gives up');
end_session($pid, $first);
is(metric('migrator_lock_retries_total'), $before + 1, 'its attempts are counted, too');
is(metric('migrator_migrations_failed'), 1, 'and its failure');
$node->stop;
done_testing();
