# The record survives pg_dump and restore, also when the dump is made by a database owner who is no superuser. Staged files
# do not: they are sent again.
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
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO app;
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

# what a policy asks for: a window in a zone of its own, backups, approvals given, revoked and used
$node->safe_psql('app', q{
	SELECT migrator.set_environment('staging', 'stamped', 'nothing ran there yet');
	SELECT migrator.approve('2', 'shop-a', 'a note');
	SELECT migrator.approve('2', 'failing', source => (SELECT source FROM migrator.runs WHERE service = 'failing' LIMIT 1));
	SELECT migrator.revoke_approval('2', 'failing');
	SELECT migrator.add_maintenance_window('22:00', '02:00', '{sat,sun}', time_zone => 'Asia/Kolkata', service => 'based', note => 'nights');
	SELECT migrator.drop_maintenance_window(migrator.add_maintenance_window(during => '[2999-01-01,)'));
	SELECT migrator.record_backup('nightly', 1234, '/backups/it''s', taken_at => '2020-02-02 02:02:02+02');
}, @as_app);

# hooks: a function, by its name
$node->safe_psql('app', q{
	CREATE FUNCTION public."A hook"() RETURNS void LANGUAGE sql AS 'SELECT';
	SELECT migrator.add_hook('pre_run', 'public."A hook"()', 'unknown');
	SELECT migrator.drop_hook(migrator.add_hook('post_run', 'public."A hook"()', 'unknown'));
}, @as_app);

# a service whose files were staged; its contents are such as nothing else has
my %staged = ('1_a.sql' => "CREATE TABLE sent_a (i int);\r\nSELECT '\xc3\xa4 Xq7sent';\r\n",
	'2_b.sql' => "CREATE TABLE sent_b (t text);\nSELECT 'Xq7sent';\n", 'Xq7path/README' => 'Xq7sent');
my $stage = "SELECT migrator.stage('sent', ARRAY[" . join(', ', map { "'$_'" } sort keys %staged) . '], ARRAY[' .
  join(', ', map { "decode('" . unpack('H*', $staged{$_}) . "', 'hex')" } sort keys %staged) . '])';
$node->safe_psql('app',
	"$stage; SELECT migrator.register('sent', 'stage:sent', search_path => 'public'); SELECT migrator.apply(service => 'sent', " .
	"target => '1'); CALL migrator.up(service => 'sent')", @as_app);
my $sent_status = q{SELECT version, name, state, flags, checksum FROM migrator.status(service => 'sent') ORDER BY 1};
my $sent = $node->safe_psql('app', $sent_status);
like($sent, qr/\A1\|a\|applied\|\{\}\|\w{64}\n2\|b\|applied\|\{\}\|\w{64}\z/, 'one service ran from staged files');

my @facts = (
	[ 'the services', 'SELECT service, source, environment, search_path, options FROM migrator.services ORDER BY 1' ],
	[ 'the hooks', 'SELECT id, event, service, function_schema, function_name, added_as, added_by FROM migrator.hooks ORDER BY id' ],
	[ 'the stamps', 'SELECT * FROM migrator.service_state ORDER BY service' ],
	[ 'the state', 'SELECT * FROM migrator.migrations ORDER BY service, version' ],
	[ 'the runs', 'SELECT * FROM migrator.runs ORDER BY run_id' ],
	[ 'the history', 'SELECT * FROM migrator.history ORDER BY id' ],
	[ 'schema_migrations', 'SELECT * FROM migrator.schema_migrations ORDER BY 1, 2' ],
	[ 'migration_performance', 'SELECT * FROM migrator.migration_performance ORDER BY service, migration_id' ],
	[ "a service's view", 'SELECT * FROM migrator.shop_a_schema_migrations ORDER BY 1' ],
	[ "another service's view", 'SELECT * FROM migrator.based_schema_migrations ORDER BY 1' ],
	[ "a staged service's view", 'SELECT * FROM migrator.sent_schema_migrations ORDER BY 1' ],
	[ 'status', q{SELECT service, version, state, flags, checksum FROM migrator.status(service => 'shop-a')
		UNION ALL SELECT service, version, state, flags, checksum FROM migrator.status(service => 'based')
		UNION ALL SELECT service, version, state, flags, checksum FROM migrator.status(service => 'failing') ORDER BY 1, 2} ],
	[ 'the sequences', 'SELECT last_value, is_called FROM migrator.runs_run_id_seq UNION ALL SELECT last_value, is_called FROM migrator.history_id_seq' ],
	[ 'approvals', 'SELECT * FROM migrator.given_approvals ORDER BY id' ],
	[ 'windows', 'SELECT * FROM migrator.windows ORDER BY id' ],
	[ 'backups', 'SELECT * FROM migrator.recorded_backups ORDER BY id' ],
	[ 'the sequences of policy', q{SELECT last_value, is_called FROM migrator.given_approvals_id_seq
		UNION ALL SELECT last_value, is_called FROM migrator.windows_id_seq
		UNION ALL SELECT last_value, is_called FROM migrator.recorded_backups_id_seq} ],
	[ 'rights', q{SELECT has_table_privilege('pg_database_owner', 'migrator.history', 'SELECT'),
		has_table_privilege('pg_database_owner', 'migrator.shop_a_schema_migrations', 'SELECT'),
		has_function_privilege('app', 'migrator.unlock(text, boolean)', 'EXECUTE'),
		has_function_privilege('public', 'migrator.baseline(text, text, text, text, jsonb)', 'EXECUTE'),
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

# The files are not there, the record of them is. Sent again, they are what was applied.
sub sent_again
{
	my ($db) = @_;

	is($node->safe_psql($db, 'SELECT (SELECT count(*) FROM migrator.stages) + (SELECT count(*) FROM migrator.staged_files) + ' .
		'(SELECT count(*) FROM migrator.staged_contents)'),
		0, "$db: nothing is staged");
	is($node->safe_psql($db, q{SELECT source FROM migrator.services WHERE service = 'sent'}), 'stage:sent',
		"$db: the service is registered with its staged source");
	for my $call ("SELECT migrator.status('stage:sent')", q{SELECT migrator.status(service => 'sent')},
		q{SELECT migrator.apply(service => 'sent')}, q{CALL migrator.up(service => 'sent')})
	{
		my ($state, undef, $err) = outcome_of($node, $db, $call, psql_as('app'));
		is($state, '42704', "$db: $call asks for the files");
		like($err, qr/ERROR: .*no files are staged under the name "sent"\nHINT: .*They are not part of dumps\./, "$db: and says so");
	}
	is($node->safe_psql($db, q{SELECT string_agg(version || ' ' || status, ', ' ORDER BY version) FROM migrator.sent_schema_migrations}),
		'1 success, 2 success', "$db: the record needs no files");
	is($node->safe_psql($db, $stage, @as_app), keys %staged, "$db: they are staged again");
	is($node->safe_psql($db, $sent_status), $sent, "$db: all is applied, nothing is modified");
	is((outcome_of($node, $db, q{SELECT migrator.assert_current(service => 'sent')}))[0], '00000', "$db: up to date");
	is($node->safe_psql($db, q{SELECT count(*) FROM migrator.apply(service => 'sent')}, @as_app), 0, "$db: a run has nothing to do");
	is((outcome_of($node, $db, q{CALL migrator.up(service => 'sent')}, psql_as('app')))[0], '00000', "$db: neither in its own transactions");
	is($node->safe_psql($db, q{SELECT migrator.stage('sent', '3_c.sql', 'CREATE TABLE sent_c ()'); SELECT version, outcome FROM } .
		q{migrator.apply(service => 'sent')}, @as_app), "4\n3|applied", "$db: it goes on");
	$node->safe_psql($db, q{SELECT migrator.unstage('sent'); DROP TABLE sent_c});
	return;
}

# what goes on after a restore
sub goes_on
{
	my ($db) = @_;
	my $last_run = $node->safe_psql($db, 'SELECT max(run_id) FROM migrator.runs');
	my $last_id = $node->safe_psql($db, 'SELECT max(id) FROM migrator.history');

	is( $node->safe_psql($db, q{SELECT string_agg(version || ' ' || outcome, ', ') FROM migrator.apply(service => 'based')}, @as_app),
		'', "$db: a run has nothing to do");
	# who registered is known after the restore, and what app wrote does not act with a superuser's rights
	isnt($node->psql($db, q{SELECT * FROM migrator.apply(service => 'based')}, stderr => \my $refused), 0, "$db: app's registration, a superuser's run");
	like($refused, qr/permission denied to use the registration of service "based", which role "app" wrote/, "$db: and says so");
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

# no dump has anything of what is staged: not as text, not as bytea
for my $dump ([ $plain, slurp_file($plain) ], map { [ $_, (run_command([ $node->installed_command('pg_restore'), '-f', '-', $_ ]))[0] ] } $custom, $owner)
{
	my ($file, $text) = @$dump;
	my $hex = unpack 'H*', 'Xq7sent';

	like($text, qr/^COPY migrator\.migrations .*\n(?:.*\n)*?sent\t1\ta\t/m, "$file: the record is in it");
	ok($text !~ /Xq7|$hex/, "$file: what is staged is not");
	ok($text !~ /COPY migrator\.stage/, "$file: nor are its tables' rows");
}

restore($custom, 'c', 'from_custom');
same('from_custom');
sent_again('from_custom');
goes_on('from_custom');

restore($plain, 'p', 'from_plain');
same('from_plain');
sent_again('from_plain');
goes_on('from_plain');

restore($owner, 'c', 'from_owner');
same('from_owner');

# a second generation
{
	my $again = "$PostgreSQL::Test::Utils::tmp_check/again.dump";

	$node->command_ok([ 'pg_dump', '-Fc', '-f', $again, '-d', $node->connstr('from_owner') ], 'a dump of what was restored');
	restore($again, 'c', 'second');
	same('second');
	sent_again('second');
	goes_on('second');
}

# restored by another superuser than the one who made the extension
restore($owner, 'c', 'by_another', psql_as('admin'));
same('by_another');
sent_again('by_another');
restore($owner, 'c', 'no_owner', '--no-owner', psql_as('admin'));
same('no_owner');
sent_again('no_owner');

# the definitions without the rows
{
	my $schema = "$PostgreSQL::Test::Utils::tmp_check/schema.sql";

	$node->command_ok([ 'pg_dump', '-U', 'app', '-s', '-f', $schema, '-d', $node->connstr('app') ], 'pg_dump --schema-only');
	restore($schema, 'p', 'empty');
	is($node->safe_psql('empty', 'SELECT count(*) FROM migrator.migrations'), 0, 'a schema-only dump has no rows');
	is($node->safe_psql('empty', "SELECT count(*) FROM migrator.status('$failing')"), 2, 'and works');
}

# over what is there already, staged files and all
$node->safe_psql('by_another', $stage, @as_app);
$node->command_ok([ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', '-d', $node->connstr('by_another'), $custom ], 'restore with --clean');
same('by_another');
sent_again('by_another');

# copied by the server: with what is staged
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE app');
same('copied');
is($node->safe_psql('copied', $sent_status), $sent, 'copied: with what is staged');
goes_on('copied');

$node->stop;
done_testing();
