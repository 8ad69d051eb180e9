# Migrations when the server starts, and the server ends in the middle of one: fast, at once, or by a crash. What is
# applied stays, the next start goes on, and what brings the server down is not tried for ever.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $worker = 'migrator at server start';
my $runs = "SELECT service, coalesce(outcome, '-') FROM migrator.runs ORDER BY run_id";
my $node = PostgreSQL::Test::Cluster->new('at_start_crash');

$node->init;
$node->append_conf('postgresql.conf', q{
restart_after_crash = on
autovacuum = off
fsync = off
max_wal_senders = 0
});
$node->start;
my $sleeps = 'SELECT pg_sleep(3600);';
my $slow = source_dir({ '1_a.sql' => 'CREATE TABLE a1 ();', '2_b.sql' => $sleeps });
my $later = source_dir({ '1_a.sql' => 'CREATE TABLE l1 ();' });
$node->safe_psql('postgres', 'CREATE DATABASE shop; CREATE ROLE deploy LOGIN SUPERUSER');
$node->safe_psql('shop', qq{CREATE EXTENSION migrator; SELECT migrator.register('a-slow', '$slow'), migrator.register('b-later', '$later')});
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'migrator'
migrator.auto_migrate = on
migrator.auto_migrate_databases = 'shop'
migrator.auto_migrate_role = 'deploy'
});

# the log from there on, when no worker of ours is left
sub log_of
{
	my ($offset) = @_;

	$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = '$worker')")
	  or die 'the worker does not end';
	return substr(slurp_file($node->logfile), $offset);
}

# a fast shutdown ends it
$node->restart;
my $pid = wait_for_sleep($node, 'shop');
is($node->safe_psql('postgres', "SELECT backend_type, application_name FROM pg_stat_activity WHERE pid = $pid"),
	"$worker|$worker", 'what pg_stat_activity says');
$node->stop('fast');
like(slurp_file($node->logfile), qr/FATAL:  terminating background worker "$worker" due to administrator command/, 'a fast shutdown ends it');
write_files($slow, { '2_b.sql' => 'CREATE TABLE a2 ();', '3_c.sql' => $sleeps });
$node->start;
$pid = wait_for_sleep($node, 'shop');
is($node->safe_psql('shop', 'SELECT version, state FROM migrator.migrations ORDER BY 1'), "1|applied\n2|applied",
	'the next start goes on');
is($node->safe_psql('shop', $runs), "a-slow|interrupted\na-slow|running", '... in a run of its own');

# a crash ends all processes of the server; it comes back by itself, and does not do again what may have been the cause
my $offset = -s $node->logfile;
kill 'KILL', $pid;
my $again = qr/WARNING:  AUTO_MIGRATE is not tried again before the next start of the server: a process of it crashed meanwhile/;
for (1 .. 10 * $MigratorTest::net)
{
	last if substr(slurp_file($node->logfile), $offset) =~ $again;
	select undef, undef, undef, 0.1;
}
my $log = log_of($offset);
is(scalar(() = $log =~ /$again/g), 1, 'behind a crash nothing is tried again');
unlike($log, qr/AUTO_MIGRATE is enabled/, '... by nobody');
is($node->safe_psql('shop', $runs), "a-slow|interrupted\na-slow|running", '... and the run has no end');
is($node->safe_psql('shop',
		q{SELECT count(*) FROM (SELECT FROM migrator.history WHERE event = 'applied' GROUP BY service, version HAVING count(*) > 1) s}), '0',
	'nothing was applied twice');

# another start tries again, three in a row at most
$node->stop('immediate');
$node->start;
wait_for_sleep($node, 'shop');
pass('the next start tries it');
$node->stop('immediate');
$offset = -s $node->logfile;
$node->start;
like(log_of($offset), qr/left out: "a-slow" \(its runs at the last 3 starts of the server did not come to an end\)/, 'a fourth does not');
is($node->safe_psql('shop', q{SELECT to_regclass('l1')}), 'l1', '... and the others are run');

# until somebody runs it
write_files($slow, { '3_c.sql' => 'CREATE TABLE a3 ();' });
$node->safe_psql('shop', "CALL migrator.up(service => 'a-slow')");
write_files($slow, { '4_d.sql' => 'CREATE TABLE a4 ();' });
$offset = -s $node->logfile;
$node->restart;
unlike(log_of($offset), qr/left out/, 'until somebody has run it');
is($node->safe_psql('shop', "SELECT string_agg(version || state, ' ' ORDER BY version) FROM migrator.migrations WHERE service = 'a-slow'"),
	'1applied 2applied 3applied 4applied', 'all are applied');
is($node->safe_psql('shop', 'SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL'), '0', 'no run is left without an end');

# whoever ends the worker of the start ends its database's, and neither comes back
write_files($slow, { '5_e.sql' => $sleeps });
$node->restart;
$pid = wait_for_sleep($node, 'shop');
$offset = -s $node->logfile;
is($node->safe_psql('postgres', "SELECT count(*), count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = '$worker' AND pid <> $pid"),
	'1|1', 'the worker of the start');
unlike(log_of($offset), qr/AUTO_MIGRATE/, 'is ended, and all is over');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|leak/, 'no leak');
$node->stop;
done_testing();
