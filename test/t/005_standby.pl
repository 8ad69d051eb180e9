# A standby: looking works, running says at once why it does not, and after promotion it does.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a (i int)', '2_b.sql' => 'CREATE TABLE b (i int)' });
my $more = source_dir(
	{ '1_a.sql' => 'CREATE TABLE a (i int)', '2_b.sql' => 'CREATE TABLE b (i int)', '3_c.sql' => 'CREATE TABLE c (i int)' });

sub catch_up { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('write')); return; }

$primary->safe_psql('postgres', 'CREATE EXTENSION migrator');
catch_up();
is($standby->safe_psql('postgres', "SELECT string_agg(version || ' ' || state, ', ') FROM migrator.status('$dir')"),
	'1 pending, 2 pending', 'status before anything was applied');
$primary->safe_psql('postgres', "SELECT migrator.register('default', '$dir'); SELECT migrator.apply()");
catch_up();

is($standby->safe_psql('postgres', "SELECT string_agg(version || ' ' || state, ', ') FROM migrator.status()"),
	'1 applied, 2 applied', 'status');
is((outcome_of($standby, 'postgres', "SELECT migrator.is_current('$more', 'default')"))[0],
	'MG013', 'is_current of a source that a run would refuse');
append_to_file("$dir/3_c.sql", 'CREATE TABLE c (i int)');
is($standby->safe_psql('postgres', "SELECT string_agg(version, ', ') FROM migrator.pending()"), '3', 'pending');
is($standby->safe_psql('postgres', 'SELECT migrator.is_current()'), 'f', 'is_current with one pending');
is((outcome_of($standby, 'postgres', 'SELECT migrator.assert_current()'))[0], 'MG010', 'assert_current');
unlink "$dir/3_c.sql" or die "unlink: $!";
is($standby->safe_psql('postgres', 'SELECT migrator.is_current()'), 't', 'is_current');
is($standby->safe_psql('postgres', "SELECT migrator.is_current(version => '2')"), 't', 'is_current against the record');
is($standby->safe_psql('postgres', "SELECT count(*) FROM migrator.validate() WHERE severity = 'error'"), 0, 'validate');
is($standby->safe_psql('postgres', "SELECT migrator.summary() ->> 'applied'"), 2, 'summary');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM migrator.locks'), 0, 'locks');
is($standby->safe_psql('postgres', "SELECT count(*) FROM migrator.unlock('default')"), 0, 'unlock');
is($standby->safe_psql('postgres', 'SELECT count(*) > 0 FROM migrator.settings()'), 't', 'settings');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM migrator.schema_migrations'), 2, 'the view');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM migrator.default_schema_migrations'), 2, "the service's view");

# an advisory lock on a standby is its own
{
	my $holder = start_psql($standby, 'postgres', 'SELECT pg_advisory_lock(migrator.lock_key())', 'SELECT pg_sleep(3600)');
	my $pid = wait_for_sleep($standby, 'postgres');

	is($standby->safe_psql('postgres', 'SELECT mode, state, pid FROM migrator.locks'), "other|held|$pid", 'locks shows it');
	is($standby->safe_psql('postgres', "SELECT migrator.unlock(terminate => true)"), $pid, 'unlock ends it');
	isnt(finish_psql($holder), 0, 'the holder is told');
}

sub refused
{
	my ($sql, $name) = @_;
	my ($state, $out, $err) = outcome_of($standby, 'postgres', $sql);

	is($state, '25006', "$name is refused");
	like($err, qr/during recovery/, 'with the reason');
	return;
}
refused("SELECT migrator.apply('$more', 'default')", 'apply');
refused('SELECT migrator.apply()', 'apply with nothing to do');
refused("SELECT migrator.apply('$more', 'default', dry_run => true)", 'a dry run');
refused("SELECT migrator.apply('/does/not/exist')", 'apply of nothing at all');
refused("SELECT migrator.baseline('$more')", 'baseline');
refused("SELECT migrator.resolve('1', 'pending')", 'resolve');
refused("SELECT migrator.register('x', '$dir')", 'register');
refused("SELECT migrator.unregister('default')", 'unregister');
is($standby->safe_psql('postgres', 'SET migrator.enabled = off; SELECT outcome FROM migrator.apply()'),
	'skipped', 'an application that is told not to migrate starts');
ok(slurp_file($standby->logfile) !~ /migrator failure record/, 'no worker was started');

# a primary's read-only transaction
is((outcome_of($primary, 'postgres', "SET default_transaction_read_only = on; SELECT migrator.apply('$more', 'fresh')"))[0],
	'25006', 'a read-only transaction is refused');
is((outcome_of($primary, 'postgres', 'SET default_transaction_read_only = on; SELECT migrator.apply()'))[0],
	'00000', 'but not with nothing to do');

my $before = record_set($primary);
my $ids = $primary->safe_psql('postgres', 'SELECT max(id) FROM migrator.history');
catch_up();
$primary->stop;
$standby->promote;
is(record_set($standby), $before, 'the record after promotion');
is( $standby->safe_psql('postgres',
		"SELECT string_agg(version || ' ' || outcome, ', ') FROM migrator.apply('$more', 'default', options => '{\"force\": true}')"),
	'3 applied', 'apply works');
is($standby->safe_psql('postgres', "SELECT min(id) > $ids FROM migrator.history WHERE version = '3'"), 't', 'ids go on');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM c'), 0, 'its table is there');

$standby->stop;
done_testing();
