# Recovery to just before a migration: the restore point that a run made, by its name, from an archive.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = source_dir(
	{
		'000003_orders.up.sql' => 'CREATE TABLE orders (id int, note text); INSERT INTO orders SELECT g, $$order $$ || g FROM generate_series(1, 1000) g',
		'000004_index.up.sql' => 'CREATE INDEX CONCURRENTLY orders_id ON orders (id)',
		'000005_cleanup.up.sql' => 'UPDATE orders SET note = NULL',
		'000006_more.up.sql' => 'CREATE TABLE more ()'
	});

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(has_archiving => 1, allows_streaming => 1);
$node->append_conf('postgresql.conf', "migrator.source_roots = '$dir'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE runner LOGIN; CREATE DATABASE shop OWNER runner');
$node->safe_psql('shop', qq{
	CREATE EXTENSION migrator;
	GRANT EXECUTE ON PROCEDURE migrator.up TO runner;
	GRANT EXECUTE ON FUNCTION migrator.apply TO runner;
	ALTER SCHEMA public OWNER TO runner;
	SELECT migrator.register('default', '$dir', options => '{"backup_required": true}');
});
$node->backup('base');
$node->safe_psql('shop', q{SELECT migrator.record_backup('base')});

# a role that may not make restore points by itself
my @as_runner = (extra_params => [ psql_as('runner') ]);
isnt($node->psql('shop', q{SELECT pg_create_restore_point('mine')}, @as_runner, stderr => \my $refused), 0, 'who runs may make no restore point');
$node->safe_psql('shop', q{CALL migrator.up()}, @as_runner);
is($node->safe_psql('shop', q{SELECT string_agg(version, ' ' ORDER BY id) FROM migrator.backups WHERE kind = 'restore_point'}),
	'000003 000004 000005 000006', 'a restore point before each migration');
is($node->safe_psql('shop', q{SELECT count(*) FILTER (WHERE note IS NULL) FROM orders}), 1000, 'migration 000005 did its work');

# the documented line
my $name = $node->safe_psql('shop', q{SELECT label FROM migrator.backups WHERE kind = 'restore_point' AND version = '000005' LIMIT 1});
my $lsn = $node->safe_psql('shop', q{SELECT lsn FROM migrator.backups WHERE version = '000005'});
is($name, 'migrator_1_000005_default_shop', 'its name');
$node->safe_psql('shop', 'CREATE TABLE later (); SELECT pg_switch_wal()');
$node->poll_query_until('shop', q{SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver})
  or die 'the WAL is not archived';
$node->stop;

# recovered(name, settings...): a cluster from the base backup and the archive
sub recovered
{
	my ($cluster, $settings) = @_;
	my $recovered = PostgreSQL::Test::Cluster->new($cluster);

	$recovered->init_from_backup($node, 'base', has_restoring => 1, standby => 0);
	$recovered->append_conf('postgresql.conf', "$settings\nrecovery_target_action = 'promote'\n");
	$recovered->start;
	$recovered->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'recovery does not end';
	return $recovered;
}

my $back = recovered('recovered', "recovery_target_name = '$name'");
is($back->safe_psql('shop', q{SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrator.status()}),
	'000003 applied, 000004 applied, 000005 pending, 000006 pending', 'as it was just before 000005');
is($back->safe_psql('shop', q{SELECT count(note) FROM orders}), 1000, 'with what 000005 took away');
is($back->safe_psql('shop', q{SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_id'::regclass}), 't', 'and what came before');
is($back->safe_psql('shop', q{SELECT to_regclass('later') IS NULL AND to_regclass('more') IS NULL}), 't', 'and nothing that came after');
is($back->safe_psql('shop', q{SELECT string_agg(version, ' ' ORDER BY id) FROM migrator.backups WHERE kind = 'restore_point'}),
	'000003 000004', 'the restore point itself is committed behind it');

# it goes on; the interrupted run is ended, and no number is used twice
write_files($dir, { '000005_cleanup.up.sql' => q{UPDATE orders SET note = upper(note)} });
$back->safe_psql('shop', q{SELECT migrator.record_backup('after recovery')});
$back->safe_psql('shop', 'CALL migrator.up()');
is($back->safe_psql('shop', q{SELECT count(*) FROM orders WHERE note LIKE 'ORDER %'}), 1000, 'a run goes on');
is($back->safe_psql('shop', q{SELECT count(*) - count(DISTINCT label) FROM migrator.backups WHERE kind = 'restore_point'}), 0, 'no name twice');
is($back->safe_psql('shop', q{SELECT outcome FROM migrator.runs ORDER BY run_id LIMIT 1}), 'interrupted', 'the run that recovery cut off');
$back->stop;

# by the LSN, as the view has it
my $by_lsn = recovered('by_lsn', "recovery_target_lsn = '$lsn'");
is($by_lsn->safe_psql('shop', q{SELECT count(note) FROM orders}), 1000, 'the same by LSN');
$by_lsn->stop;

# wal_level = minimal: no restore points, and the run says so, once
{
	my $minimal = PostgreSQL::Test::Cluster->new('minimal');

	$minimal->init;
	$minimal->append_conf('postgresql.conf', "wal_level = minimal\nmax_wal_senders = 0\n");
	$minimal->start;
	$minimal->safe_psql('postgres', qq{CREATE EXTENSION migrator;
		SELECT migrator.register('default', '$dir', options => '{"backup_required": true}'); SELECT migrator.record_backup('b')});
	my ($state, undef, $err) = outcome_of($minimal, 'postgres', q{CALL migrator.up(target => '000005')});
	is($state, '00000', 'wal_level = minimal: up runs');
	is(scalar(() = $err =~ /WARNING:  55000: no restore point is made, since wal_level is minimal/g), 1, 'and says once that there is none');
	($state, undef, $err) = outcome_of($minimal, 'postgres', q{SELECT migrator.apply()});
	is($state, '00000', 'apply, too');
	like($err, qr/no restore point is made, since wal_level is minimal/, 'and says so');
	is($minimal->safe_psql('postgres', q{SELECT count(*) FROM migrator.backups WHERE kind = 'restore_point'}), 0, 'none is on record');
	$minimal->stop;
}
done_testing();
