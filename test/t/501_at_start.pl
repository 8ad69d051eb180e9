# Migrations when the server starts: who runs what where, what is said of what cannot be run, and when it is promoted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $worker = 'migrator at server start';
my $node = PostgreSQL::Test::Cluster->new('at_start');
my $tried;

# Settings in the place of the last ones, and a start; the log of that start, when the worker has ended.
sub start_with
{
	my ($what, %settings) = @_;
	my $conf = $what->data_dir . '/at_start.conf';

	$what->stop if -e $what->data_dir . '/postmaster.pid';
	open my $out, '>', $conf or die "$conf: $!";
	print $out "migrator.$_ = '$settings{$_}'\n" for sort keys %settings;
	close $out;
	my $offset = -s $what->logfile || 0;
	$what->start;
	return log_of($what, $offset);
}

sub log_of
{
	my ($what, $offset) = @_;

	$what->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = '$worker')");
	$what->safe_psql('postgres', "DO \$\$ BEGIN RAISE LOG 'end of the start'; END \$\$");
	return substr(slurp_file($what->logfile), $offset);
}

sub entries { my ($log) = @_; return scalar(() = $log =~ /(?:LOG|WARNING|ERROR|FATAL):  .*AUTO_MIGRATE/g); }

$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'migrator'
include_if_exists = 'at_start.conf'
autovacuum = off
fsync = off
log_line_prefix = '%b %d '
});

my %on = (auto_migrate => 'on', auto_migrate_databases => 'shop', auto_migrate_role => 'deploy');

unlike(start_with($node), qr/AUTO_MIGRATE/, 'off is the default, and says nothing');

# a role that is no superuser, two services
my $billing = source_dir({ '1_a.sql' => 'CREATE TABLE app.b1 AS SELECT session_user, current_user, current_setting($$application_name$$) AS name;' });
my $crm = source_dir({ '1_a.sql' => 'CREATE TABLE app.c1 ();' });
my $by_hand = source_dir({ '1_a.sql' => 'CREATE TABLE app.h1 ();' });
$node->safe_psql('postgres', 'CREATE ROLE deploy LOGIN; CREATE ROLE sleeper; CREATE DATABASE shop; CREATE DATABASE plain; CREATE DATABASE "Other"');
$node->safe_psql('shop', qq{
	CREATE EXTENSION migrator;
	CREATE SCHEMA app AUTHORIZATION deploy;
	GRANT EXECUTE ON PROCEDURE migrator.up TO deploy;
	GRANT pg_read_server_files TO deploy;
	SELECT migrator.register('billing', '$billing'), migrator.register('crm', '$crm'),
	  migrator.register('by-hand', '$by_hand', options => '{"auto_migrate": false}')});

my $log = start_with($node, %on);
like($log, qr/LOG:  AUTO_MIGRATE is enabled\. Attempting to apply database migrations: database "shop", services "billing", "crm", role "deploy"/,
	'what is run where by whom');
like($log, qr/DETAIL:  Services that are left out: "by-hand" \(option auto_migrate is false\)/, 'what is not');
is(entries($log), 1, 'one entry');
like($log, qr/LOG:  migrator, service "crm", database "shop": 1\/u a/, 'lines of the log say which database');
is($node->safe_psql('shop', 'TABLE app.b1'), 'deploy|deploy|migrator at server start', 'session and role');
is($node->safe_psql('shop', 'SELECT service, kind, outcome, started_by, run_as, application_name, origin FROM migrator.runs ORDER BY run_id'),
	"billing|up|applied|deploy|deploy|migrator at server start|server start\ncrm|up|applied|deploy|deploy|migrator at server start|server start",
	'the record');
is($node->safe_psql('shop', q{SELECT to_regclass('app.h1') IS NULL}), 't', 'a service that is not to be migrated');

$log = start_with($node, %on);
is(entries($log), 1, 'a second start: one entry');
like($log, qr/service "crm", database "shop": database schema is up to date/, '... and nothing to do');

# a failure: one entry, the record, the end
write_files($billing, { '2_b.sql' => "SELECT 1;\nSELECT 1 / 0;\n" });
write_files($crm, { '2_b.sql' => 'CREATE TABLE app.c2 ();' });
$log = start_with($node, %on);
my ($entry) = $log =~ /^.*(AUTO_MIGRATE failed: .*)$/m;
is($entry, 'AUTO_MIGRATE failed: database "shop", service "billing": division by zero (migration "2", file "2_b.sql", line 2)', 'a failure');
is(entries($log), 2, '... is one entry');
like($log, qr/AUTO_MIGRATE failed.*\n.*DETAIL:  Services that were not run: crm/, '... with what was not run');
unlike($log, qr/exited with exit code|ERROR:/, 'no process ends with an error');
is($node->safe_psql('shop', q{SELECT service, version, event, error_sqlstate FROM migrator.history WHERE event = 'failed'}),
	'billing|2|failed|22012', '... and on record');
is($node->safe_psql('shop', q{SELECT outcome, error_message FROM migrator.runs ORDER BY run_id DESC LIMIT 1}),
	'failed|division by zero (migration "2", file "2_b.sql", line 2)', '... with its run');
$node->safe_psql('postgres', "ALTER ROLE deploy SET migrator.on_error = 'continue'");
start_with($node, %on);
is($node->safe_psql('shop', q{SELECT to_regclass('app.c2') IS NOT NULL}), 't', "the role's settings hold: on_error = continue");
is($node->safe_psql('shop', q{SELECT count(*) FROM migrator.history WHERE service = 'billing' AND event = 'failed'}), '2',
	'once a start');
write_files($billing, { '2_b.sql' => 'SELECT 2;' });

# databases that cannot be migrated
$log = start_with($node, %on, auto_migrate_databases => 'nowhere, template0, plain, "Other", "no\nline", shop, shop');
is(scalar(() = $log =~ /WARNING:  AUTO_MIGRATE: database "nowhere" does not exist/g), 1, 'a database that does not exist');
like($log, qr/WARNING:  AUTO_MIGRATE: database "template0" is not accepting connections/, 'a database that nobody may use');
like($log, qr/LOG:  AUTO_MIGRATE is enabled, but extension "migrator" is not installed in database "plain"/, 'no extension');
like($log, qr/is not installed in database "Other"/, 'a name in quotes');
is($node->safe_psql('shop', q{SELECT state FROM migrator.migrations WHERE service = 'billing' AND version = '2'}), 'applied',
	'... and the others are migrated');
is(scalar(() = $log =~ /Attempting to apply/g), 1, '... once');
$node->safe_psql('plain', 'CREATE EXTENSION migrator');
like(start_with($node, %on, auto_migrate_databases => 'plain'), qr/AUTO_MIGRATE is enabled, but no service of database "plain" is to be run/,
	'no service');

# roles
write_files($crm, { '3_c.sql' => 'CREATE TABLE app.c3 ();' });
for my $case (
	[ { auto_migrate_role => '' }, qr/WARNING:  AUTO_MIGRATE is enabled, but no database is migrated: migrator\.auto_migrate_role is empty/ ],
	[ { auto_migrate_role => 'nobody' }, qr/WARNING:  AUTO_MIGRATE is enabled, but no database is migrated: role "nobody" does not exist/ ],
	[ { auto_migrate_role => 'sleeper' }, qr/WARNING:  AUTO_MIGRATE is enabled, but no database is migrated: role "sleeper" is not permitted to log in/ ],
	[ { auto_migrate_databases => '' }, qr/WARNING:  AUTO_MIGRATE is enabled, but migrator\.auto_migrate_databases is empty/ ],
	[ { auto_migrate => 'off' }, qr/end of the start/ ])
{
	my ($settings, $says) = @$case;

	$log = start_with($node, %on, %$settings);
	like($log, $says, join ' = ', %$settings);
	is(entries($log), $settings->{auto_migrate} ? 0 : 1, '... in one entry');
}
$node->safe_psql('shop', 'REVOKE EXECUTE ON PROCEDURE migrator.up FROM deploy');
like(start_with($node, %on), qr/AUTO_MIGRATE failed: database "shop": permission denied for procedure up/, 'a role without rights');
$node->safe_psql('shop', 'GRANT EXECUTE ON PROCEDURE migrator.up TO deploy');
is($node->safe_psql('shop', q{SELECT to_regclass('app.c3') IS NULL}), 't', 'nothing was run');

# what somebody else registered, who could not be the role
$node->safe_psql('shop', q{CREATE ROLE intruder; GRANT pg_read_server_files TO intruder; GRANT EXECUTE ON FUNCTION migrator.register TO intruder});
my $evil = source_dir({ '1_a.sql' => 'CREATE TABLE app.evil ();' });
$node->safe_psql('shop', "SET SESSION AUTHORIZATION intruder; SELECT migrator.register('evil', '$evil')");
like(start_with($node, %on), qr/AUTO_MIGRATE failed: .*permission denied to use the registration of service "evil"/,
	'a registration of a role that could not be the one that runs');
is($node->safe_psql('shop', q{SELECT to_regclass('app.evil') IS NULL}), 't', 'nothing was run');
$node->safe_psql('shop', "SELECT migrator.unregister('evil')");

# the environment decides
my $json = '{"current_environment": "production", "environments": {"production": {"config": {"auto_migrate": %s}}}}';
my $shopfront = source_dir({ 'environments.json' => sprintf($json, 'false'), '1_a.sql' => 'CREATE TABLE app.s1 ();' });
$node->safe_psql('shop', "SELECT migrator.register('shopfront', '$shopfront')");
$log = start_with($node, %on, auto_migrate => 'environment');
like($log, qr/is enabled, but no service of database "shop" is to be run/, 'environment: none says so');
like($log, qr/"crm" \(it has no environment\), "shopfront" \(auto_migrate is not set for environment "production"\)/, '... and why');
write_files($shopfront, { 'environments.json' => sprintf($json, 'true') });
$node->safe_psql('shop', qq{SELECT migrator.register('crm', '$crm', options => '{"auto_migrate": true}')});
like(start_with($node, %on, auto_migrate => 'environment'), qr/services "crm", "shopfront", role/, 'environment: the file, or the registration, says so');
is($node->safe_psql('shop', q{SELECT to_regclass('app.s1') IS NOT NULL AND to_regclass('app.c3') IS NOT NULL}), 't', '... and they are run');
write_files($shopfront, { 'environments.json' => '{' });
like(start_with($node, %on, auto_migrate => 'environment'), qr/AUTO_MIGRATE failed: database "shop", service "shopfront": /, 'a file that cannot be read');
write_files($shopfront, { 'environments.json' => sprintf($json, 'true') });

# no worker is free
$log = start_with($node, %on);
$node->append_conf('postgresql.conf', "max_worker_processes = 1\nmax_logical_replication_workers = 0\n");
like(start_with($node, %on), qr/WARNING:  AUTO_MIGRATE: database "shop" is not migrated: no background worker is free/, 'no worker is free');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");

# a standby waits until it is promoted
start_with($node, %on, auto_migrate => 'off');
write_files($crm, { '4_d.sql' => 'CREATE TABLE app.c4 ();' });
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('at_start_standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
my $offset = -s $standby->logfile || 0;
unlike(start_with($standby, %on), qr/AUTO_MIGRATE/, 'a standby waits');
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = '$worker'"), '0', '... without a process');
$node->stop;
$standby->promote;
$standby->poll_query_until('shop', q{SELECT to_regclass('app.c4') IS NOT NULL}) or die 'not migrated';
is(entries(log_of($standby, $offset)), 1, 'and migrates when it is promoted');
$standby->stop;
done_testing();
