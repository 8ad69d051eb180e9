# The record survives pg_dump and restore, also when the dump is made by a database owner who is no superuser.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $shop = source_dir({ '1_a.sql' => 'CREATE TABLE shop_a (i int)', '2_b.sql' => 'CREATE TABLE shop_b (i int)' });
my $failing = source_dir({ '1_x.sql' => 'CREATE TABLE f_x (i int)', '2_y.sql' => "SELECT 1/0 -- 'quoted'" });
my $based = source_dir({ '20240101-old.sql' => 'SELECT 1', '20240102-old too.sql' => 'SELECT 2' });

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->append_conf('postgresql.conf', "migrator.source_roots = '$shop, $failing, $based'\n");
$node->start;
$node->safe_psql('postgres', q{CREATE ROLE app LOGIN});
$node->safe_psql('postgres', q{CREATE ROLE admin LOGIN SUPERUSER});
$node->safe_psql('postgres', q{CREATE DATABASE app OWNER app});
$node->safe_psql('app', q{
	CREATE EXTENSION migrator;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO app;
	ALTER SCHEMA public OWNER TO app;
});
my @as_app = (extra_params => [ psql_as('app') ]);
$node->safe_psql('app', qq{
	SELECT migrator.register('shop-a', '$shop', search_path => 'public');
	SELECT migrator.register('based', '$based', 'production');
	SELECT migrator.apply(service => 'shop-a');
	SELECT migrator.apply('$failing', 'failing', on_error => 'stop');
	SELECT migrator.baseline(NULL, 'based');
	SELECT migrator.resolve('2', 'rolled_back', 'shop-a', 'a note');
}, @as_app);

my @facts = (
	[ 'the services', 'SELECT service, source, environment, search_path, options FROM migrator.services ORDER BY 1' ],
	[ 'the state', 'SELECT * FROM migrator.migrations ORDER BY service, version' ],
	[ 'the runs', 'SELECT * FROM migrator.runs ORDER BY run_id' ],
	[ 'the history', 'SELECT * FROM migrator.history ORDER BY id' ],
	[ 'schema_migrations', 'SELECT * FROM migrator.schema_migrations ORDER BY 1, 2' ],
	[ 'migration_performance', 'SELECT * FROM migrator.migration_performance ORDER BY service, migration_id' ],
	[ "a service's view", 'SELECT * FROM migrator.shop_a_schema_migrations ORDER BY 1' ],
	[ "another service's view", 'SELECT * FROM migrator.based_schema_migrations ORDER BY 1' ],
	[ 'status', q{SELECT service, version, state, flags, checksum FROM migrator.status(service => 'shop-a')
		UNION ALL SELECT service, version, state, flags, checksum FROM migrator.status(service => 'based')
		UNION ALL SELECT service, version, state, flags, checksum FROM migrator.status(service => 'failing') ORDER BY 1, 2} ],
	[ 'the sequences', 'SELECT last_value, is_called FROM migrator.runs_run_id_seq UNION ALL SELECT last_value, is_called FROM migrator.history_id_seq' ],
	[ 'rights', q{SELECT has_table_privilege('pg_database_owner', 'migrator.history', 'SELECT'),
		has_table_privilege('pg_database_owner', 'migrator.shop_a_schema_migrations', 'SELECT'),
		has_function_privilege('app', 'migrator.unlock(text, boolean)', 'EXECUTE'),
		has_function_privilege('public', 'migrator.baseline(text, text, text)', 'EXECUTE'),
		has_schema_privilege('public', 'migrator', 'USAGE')} ]
);
my $before = record_set($node, 'app');
is( $node->safe_psql('app', q{SELECT string_agg(DISTINCT state || CASE WHEN baseline THEN ' baseline' ELSE '' END, ', ') FROM migrator.migrations}),
	'applied, applied baseline, failed, rolled_back', 'something of everything is on record');

sub dump_as
{
	my ($user, $format) = @_;
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$user.$format.dump";

	$node->command_ok([ 'pg_dump', '-U', $user, "-F$format", '-f', $file, '-d', $node->connstr('app') ],
		"pg_dump -F$format as $user");
	return $file;
}

sub restore
{
	my ($file, $format, $db, @options) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db OWNER app");
	$node->command_ok(
		$format eq 'p'
		? [ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @options, '-f', $file, '-d', $node->connstr($db) ]
		: [ 'pg_restore', '--exit-on-error', @options, '-d', $node->connstr($db), $file ],
		"restore to $db");
	return;
}

sub same
{
	my ($db, @but) = @_;

	is(record_set($node, $db), $before, "$db: the record");
	for my $fact (@facts)
	{
		my ($name, $query) = @$fact;
		next if grep { $_ eq $name } @but;
		is($node->safe_psql($db, $query), $node->safe_psql('app', $query), "$db: $name");
	}
	is((outcome_of($node, $db, "SELECT migrator.assert_current(service => 'based')"))[0], '00000', "$db: up to date");
	return;
}

# what goes on after a restore
sub goes_on
{
	my ($db) = @_;
	my $last_run = $node->safe_psql($db, 'SELECT max(run_id) FROM migrator.runs');
	my $last_id = $node->safe_psql($db, 'SELECT max(id) FROM migrator.history');

	is( $node->safe_psql($db, q{SELECT string_agg(version || ' ' || outcome, ', ') FROM migrator.apply(service => 'based')}),
		'', "$db: a run has nothing to do");
	$node->safe_psql($db, 'DROP TABLE shop_b');
	is( $node->safe_psql($db, q{SELECT string_agg(version || ' ' || outcome, ', ') FROM migrator.apply(service => 'shop-a')}, @as_app),
		'2 applied', "$db: a run of what was rolled back");
	is($node->safe_psql($db, "SELECT count(*) FROM migrator.runs WHERE run_id > $last_run"), 1, "$db: with a run_id of its own");
	is($node->safe_psql($db, "SELECT count(*) FROM migrator.history WHERE id > $last_id"), 1, "$db: and an id in the history");
	is($node->safe_psql($db, 'SELECT count(*) - count(DISTINCT id) FROM migrator.history'), 0, "$db: no id twice");

	# the views of services can still be made, changed and dropped
	is($node->safe_psql($db, qq{SELECT migrator.register('shop-a', '$shop'); SELECT count(*) FROM migrator.shop_a_schema_migrations}),
		"\n2", "$db: register again");
	$node->safe_psql($db, q{SELECT migrator.unregister('shop-a')});
	is($node->safe_psql($db, q{SELECT to_regclass('migrator.shop_a_schema_migrations')}), '', "$db: unregister");
	$node->safe_psql($db, 'DROP EXTENSION migrator CASCADE');
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('migrator')}),
		0, "$db: DROP EXTENSION leaves nothing");
	return;
}

my $custom = dump_as($node->safe_psql('postgres', 'SELECT session_user'), 'c');
my $plain = dump_as('app', 'p');
my $owner = dump_as('app', 'c');

restore($custom, 'c', 'from_custom');
same('from_custom');
goes_on('from_custom');

restore($plain, 'p', 'from_plain');
same('from_plain');
goes_on('from_plain');

restore($owner, 'c', 'from_owner');
same('from_owner');

# a second generation
{
	my $again = "$PostgreSQL::Test::Utils::tmp_check/again.dump";

	$node->command_ok([ 'pg_dump', '-Fc', '-f', $again, '-d', $node->connstr('from_owner') ], 'a dump of what was restored');
	restore($again, 'c', 'second');
	same('second');
	goes_on('second');
}

# restored by another superuser than the one who made the extension
restore($owner, 'c', 'by_another', psql_as('admin'));
same('by_another');
restore($owner, 'c', 'no_owner', '--no-owner', psql_as('admin'));
same('no_owner');

# the definitions without the rows
{
	my $schema = "$PostgreSQL::Test::Utils::tmp_check/schema.sql";

	$node->command_ok([ 'pg_dump', '-U', 'app', '-s', '-f', $schema, '-d', $node->connstr('app') ], 'pg_dump --schema-only');
	restore($schema, 'p', 'empty');
	is($node->safe_psql('empty', 'SELECT count(*) FROM migrator.migrations'), 0, 'a schema-only dump has no rows');
	is($node->safe_psql('empty', "SELECT count(*) FROM migrator.status('$failing')"), 2, 'and works');
}

# copied by the server
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE app');
same('copied');
goes_on('copied');

$node->stop;
done_testing();
