# After dump and restore nothing is drift, whatever there is in the schema, and the next run finds it as it is on record; nor is
# anything after a run whose backend was killed in its middle.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $shop = source_dir({ '1_a.sql' => 'CREATE TABLE app.run_a (i int PRIMARY KEY)' });
my $include = "$FindBin::RealBin/../include/every_kind.sql";
my $drift = q{SELECT concat_ws(' ', change, kind, identity, E'\n', definition_before, E'\n', definition_now) FROM migrator.drift('shop')};

my $node = PostgreSQL::Test::Cluster->new('drift');
$node->init;
$node->append_conf('postgresql.conf', join("\n", 'log_min_messages = fatal', 'client_min_messages = error', 'restart_after_crash = on',
	'autovacuum = off', 'fsync = off', 'migrator.commit = each', ''));
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', q{
	CREATE EXTENSION migrator;
	CREATE ROLE regress_migrator_other;
	CREATE ROLE regress_migrator_more;
	CREATE SCHEMA app;
});
my @psql = ($node->installed_command('psql'), '-Xq', '-v', 'ON_ERROR_STOP=1', '-d');
$node->command_ok([ @psql, $node->connstr('shop'), '-f', $include ], 'an object of each kind');
# pg_dump writes a language without its handler
$node->safe_psql('shop', q{
	DROP LANGUAGE regress_language;
	CREATE TABLE app.listed (code varchar(5) CHECK (code IN ('a', 'b')), n numeric DEFAULT 1.50,
		at timestamptz DEFAULT '2026-01-01 00:00+00');
	CREATE VIEW app.lists AS SELECT code FROM app.listed WHERE code IN ('a', 'b') AND n BETWEEN 1 AND 2;
	CREATE INDEX ON app.listed (code) WHERE code IN ('a', 'b');
	GRANT SELECT ON app.listed TO regress_migrator_other WITH GRANT OPTION;
	REVOKE ALL ON app.lists FROM CURRENT_USER;
});
$node->safe_psql('shop', "SELECT migrator.register('shop', '$shop', options => '{\"schemas\": [\"app\"]}')");
$node->safe_psql('shop', "CALL migrator.up('$shop', 'shop')");
is($node->safe_psql('shop', $drift), '', 'no drift after the run');
my $fingerprint = $node->safe_psql('shop', 'SELECT migrator.schema_fingerprint()');
my $hand = 'ALTER TABLE app.listed ADD by_hand int';
$node->safe_psql('shop', $hand);

for my $format ('plain', 'custom')
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/drift.$format";
	my $connection = $node->connstr("restored_$format");

	$node->command_ok([ 'pg_dump', '-F', $format, '-f', $file, '-d', $node->connstr('shop') ], "dump, format $format");
	# subscriptions and event triggers are the database's, but publications and slots have names in it only
	$node->safe_psql('postgres', "CREATE DATABASE restored_$format TEMPLATE template0");
	$node->command_ok($format eq 'plain' ? [ @psql, $connection, '-f', $file ] :
		[ 'pg_restore', '-e', '-d', $connection, $file ], "restore, format $format");
	is($node->safe_psql("restored_$format", $drift), "added column app.listed.by_hand \n \n COLUMN by_hand integer",
		"format $format: what was drift is, and nothing else");
	$node->safe_psql("restored_$format", 'ALTER TABLE app.listed DROP by_hand');
	is($node->safe_psql("restored_$format", $drift), '', "format $format: nothing else");
	is($node->safe_psql("restored_$format", 'SELECT migrator.schema_fingerprint()'), $fingerprint, "format $format: same fingerprint");

	# the record's OIDs are those of the other database
	write_files($shop, { '2_b.sql' =>
		'DROP TABLE app.listed CASCADE; ALTER TABLE app.run_a DROP CONSTRAINT run_a_pkey; ALTER TABLE app.run_a ADD j int;' });
	$node->safe_psql("restored_$format", "CALL migrator.up('$shop', 'shop')");
	is($node->safe_psql("restored_$format", $drift), '', "format $format: no drift after another run");
	is($node->safe_psql("restored_$format", "SELECT count(*) FROM migrator.schema_state WHERE identity ~ 'app[.]listed'"), '0',
		"format $format: what it dropped is no more on record");
	unlink "$shop/2_b.sql";
}

# A backend is killed between two migrations and the run's end; what it did is none's drift.
$node->safe_psql('shop', "ALTER TABLE app.listed DROP by_hand; ALTER TABLE app.child ADD by_hand int");
write_files($shop, { '3_c.sql' => 'CREATE TABLE app.run_c (i int)' });
write_files($shop, { '4_d.sql' => "SELECT pg_sleep(1000)" });
my $session = start_psql($node, 'shop', "CALL migrator.up('$shop', 'shop')");
my $pid = wait_for_sleep($node, 'shop');
is($node->safe_psql('shop', "SELECT count(*) FROM migrator.tracked_services WHERE open_run IS NOT NULL"), '1', 'a run is open');
kill 'KILL', $pid;
isnt(finish_psql($session), 0, 'the backend is dead');
$node->poll_query_until('postgres', 'SELECT true') or die 'no recovery';
write_files($shop, { '4_d.sql' => 'CREATE TABLE app.run_d (i int)' });
$node->safe_psql('shop', "CALL migrator.up('$shop', 'shop')");
is($node->safe_psql('shop', "SELECT string_agg(identity, ' ') FROM migrator.drift('shop')"), 'app.child.by_hand',
	'after a run that died: what was drift before it, and nothing else');

$node->stop;
done_testing();
