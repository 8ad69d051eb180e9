# What is left of a run that is killed: nothing. And of one that ended: everything.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

# A record with something of everything, which has to come out of each crash as it went in.
my $done = source_dir({ '1_done.sql' => 'CREATE TABLE done (i int)', '2_fails.sql' => 'SELECT 1/0', '3_more.sql' => 'SELECT 1' });
$node->safe_psql('postgres', "SELECT migrator.apply('$done', 'done', on_error => 'stop')");
$node->safe_psql('postgres', "SELECT migrator.baseline('$done', 'based')");
my $before = record_set($node);
is($before =~ tr/\n// + 1, 5, 'rows on record before');
like($before, qr/^done\|2\|failed\|/m, 'one of them failed');

sub crash
{
	my ($name, $kill, $prefix) = @_;
	my $dir = source_dir(
		{
			'1_first.sql' => "CREATE TABLE $prefix (i int); INSERT INTO $prefix VALUES (1)",
			'2_second.sql' => "CREATE TABLE ${prefix}_two (i int); SELECT pg_sleep(3600)",
			'3_third.sql' => "CREATE TABLE ${prefix}_three (i int)"
		});
	my $history = history_set($node);
	my $run = start_psql($node, 'postgres', "SELECT * FROM migrator.apply('$dir', '$prefix')");
	my $pid = wait_for_sleep($node, 'postgres');
	my $waiter = start_psql($node, 'postgres', "SELECT * FROM migrator.apply('$dir', '$prefix', wait_timeout => '0')");

	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
	  or die 'nobody waits';
	$kill->($pid);
	isnt(finish_psql($run), 0, "$name: the session that ran is told");
	isnt(finish_psql($waiter), 0, "$name: so is the one that waited");
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not come back';

	is(record_set($node), $before, "$name: the record is as before");
	is(history_set($node), $history, "$name: so is the history");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname LIKE '$prefix%'"), 0,
		"$name: no table is left");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.locks'), 0, "$name: no lock is left");
	is( $node->safe_psql('postgres', "SELECT string_agg(version || ' ' || state, ', ') FROM migrator.status('$dir', '$prefix')"),
		'1 pending, 2 pending, 3 pending', "$name: all is pending");

	# a pending file may be edited
	write_files($dir, { '2_second.sql' => "CREATE TABLE ${prefix}_two (i int)" });
	is( $node->safe_psql('postgres', "SELECT string_agg(version || ' ' || outcome, ', ') FROM migrator.apply('$dir', '$prefix')"),
		'1 applied, 2 applied, 3 applied', "$name: the next run does it all");
	is($node->safe_psql('postgres', "SELECT count(*) FROM $prefix"), 1, "$name: once");

	# what was committed before a crash is there after it
	my $after = record_set($node);
	$node->stop('immediate');
	$node->start;
	is(record_set($node), $after, "$name: and stays done over one more crash");
	is($node->safe_psql('postgres', "SELECT migrator.is_current('$dir', '$prefix')"), 't', "$name: up to date");
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.migrations WHERE state = 'running'"), 0,
		"$name: nothing runs");
	$before = $after;
	return;
}

crash('backend killed', sub { kill 'KILL', $_[0] or die "kill: $!" }, 'killed');

crash('immediate shutdown', sub { $node->stop('immediate'); $node->start; }, 'stopped');

crash(
	'postmaster killed',
	sub {
		$node->kill9;

		# its children have to notice before another one can use their memory
		for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
		{
			last if $node->start(fail_ok => 1);
			select undef, undef, undef, 0.1;
			$node->stop('fast', fail_ok => 1);
		}
	},
	'orphaned');

# A run that returned, in a transaction that did not end.
{
	my $dir = source_dir({ '1_open.sql' => 'CREATE TABLE open_end (i int)' });
	my $history = history_set($node);
	my $run = start_psql($node, 'postgres', 'BEGIN', "SELECT * FROM migrator.apply('$dir', 'open')", 'SELECT pg_sleep(3600)');

	wait_for_sleep($node, 'postgres');
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 3
		   AND (classid::bigint << 32 | objid::bigint) = hashtextextended('migrator:open', 0)
	}), 1, 'the lock is still held');
	$node->stop('immediate');
	isnt(finish_psql($run), 0, 'the session is told');
	$node->start;
	is(record_set($node), $before, 'an uncommitted run leaves no record');
	is(history_set($node), $history, 'nor any history');
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.apply('$dir', 'open')"), 1, 'it runs again');
}

$node->stop;
done_testing();
