# Settings made before the library is loaded: a run that ignored one would not do what its owner asked for.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = source_dir({ '1_a.sql' => 'SELECT 1' });
my $node = PostgreSQL::Test::Cluster->new('settings');
$node->init;
$node->append_conf('postgresql.conf', "migrator.record_failures = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION migrator;
	CREATE ROLE plain LOGIN;
	CREATE ROLE granted LOGIN;
	CREATE ROLE patient LOGIN;
	GRANT pg_read_server_files TO plain, granted, patient;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO plain, granted, patient;
});
my $superuser = $node->safe_psql('postgres', 'SELECT session_user');
my $run = "SELECT string_agg(outcome, ' ') FROM migrator.apply('$dir', dry_run => true)";

sub connected
{
	my ($options, $role, $sql, $db) = @_;

	local $ENV{PGOPTIONS} = $options;
	return outcome_of($node, $db || 'postgres', $sql, psql_as($role));
}

sub refused
{
	my ($options, $role, $setting, $value, $name, $db) = @_;
	my ($state, $out, $err) = connected($options, $role, $run, $db);

	is($state, '22023', "$name: a run refuses") or diag("$out $err");
	like($err, qr/setting "\Q$setting\E" = "\Q$value\E" was not accepted/, "$name: and names the setting");
	($state) = connected($options, $role, "SELECT * FROM migrator.status('$dir')", $db);
	is($state, '00000', "$name: looking works");
	return;
}

sub accepted
{
	my ($options, $role, $name, $db) = @_;
	my ($state, $out, $err) = connected($options, $role, $run, $db);

	is("$state $out", '00000 applied', "$name: a run runs") or diag($err);
	unlike($err, qr/WARNING/, "$name: without a warning");
	return;
}

# by the connection
accepted('', $superuser, 'nothing set');
refused('-c migrator.nonsense=1', $superuser, 'migrator.nonsense', '1', 'an unknown setting');
refused('-c migrator.nonsense=1', 'plain', 'migrator.nonsense', '1', "a user's unknown setting");
refused('-c migrator.wait_timeout=abc', $superuser, 'migrator.wait_timeout', 'abc', 'an invalid value');
refused('-c migrator.on_error=abort', 'plain', 'migrator.on_error', 'abort', 'an invalid word');
refused('-c migrator.lock_id=x', $superuser, 'migrator.lock_id', 'x', 'what a check hook refuses');
refused('-c migrator.late=allow', 'plain', 'migrator.late', 'allow', 'what is not his to set');
refused('-c migrator.source_roots=/', 'plain', 'migrator.source_roots', '/', 'the roots');
refused('-c migrator.wait_timeout=5s -c migrator.enabeld=off', 'plain', 'migrator.enabeld', 'off', 'one of two misspelt');
accepted('-c migrator.wait_timeout=5s -c migrator.if_locked=skip -c migrator.late=allow', $superuser, 'what is right');
accepted('-c migrator.wait_timeout=30s', 'plain', 'what is the default anyway');

# the server's file says one thing, and the connection something that does not count
$node->append_conf('postgresql.conf', "migrator.wait_timeout = 20s\nmigrator.late = error\n");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('migrator.wait_timeout') = '20s'") or die;
accepted('', 'plain', 'settings of the server');
refused('-c migrator.wait_timeout=abc', 'plain', 'migrator.wait_timeout', 'abc', 'an invalid value over a valid one');
refused('-c migrator.late=allow', 'plain', 'migrator.late', 'allow', 'what is not his to set over what is set');
accepted('-c migrator.wait_timeout=5s', 'plain', 'a valid one over a valid one');

# in the session, before the library is loaded and after
my ($state, $out, $err) = outcome_of($node, 'postgres', "SET migrator.nonsense = 1; $run");
is($state, '22023', 'SET of an unknown setting before loading');
($state) = outcome_of($node, 'postgres', "SELECT migrator.version(); SET migrator.nonsense = 1");
is($state, '42602', 'SET of an unknown setting after loading');
($state) = outcome_of($node, 'postgres', "SELECT migrator.version(); SET migrator.wait_timeout = 'abc'");
is($state, '22023', 'SET of an invalid value after loading');
($state) = outcome_of($node, 'postgres', "SELECT migrator.version(); SET migrator.late = allow", psql_as('plain'));
is($state, '42501', 'SET of what is not his after loading');

# of the database, of the role
$node->safe_psql('postgres', 'CREATE DATABASE off');
$node->safe_psql('off', 'CREATE EXTENSION migrator; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO patient;');
$node->safe_psql('postgres', q{SELECT migrator.version(); ALTER DATABASE off SET migrator.enabled = off});
($state, $out) = outcome_of($node, 'off', "SELECT outcome, message FROM migrator.apply('$dir')");
is("$state $out", '00000 skipped|migrator.enabled is off', 'ALTER DATABASE ... SET migrator.enabled = off');
is($node->safe_psql('off', 'SELECT count(*) FROM migrator.history'), 0, 'leaves no trace');
($state, $out) = outcome_of($node, 'off', "SET migrator.enabled = on; SELECT outcome FROM migrator.apply('$dir')");
is("$state $out", '00000 applied', 'and the session may turn it on');
$node->safe_psql('postgres', q{SELECT migrator.version(); ALTER ROLE patient SET migrator.wait_timeout = '7s'});
($state, $out) = connected('', 'patient', "SELECT value FROM migrator.settings() WHERE name LIKE '%wait_timeout'");
is("$state $out", '00000 7s', 'ALTER ROLE ... SET');
SKIP:
{
	my $set = "ALTER DATABASE off SET migrator.wait_timeout = 'soon'";
	skip 'the server knows the setting', 3 if $node->psql('postgres', $set) != 0;
	refused('', $superuser, 'migrator.wait_timeout', 'soon', 'an invalid value of the database', 'off');
	$node->safe_psql('postgres', 'ALTER DATABASE off RESET migrator.wait_timeout');
}

# grantable: a superuser's setting in the hands of a role
$node->safe_psql('postgres', q{SELECT migrator.version(); GRANT SET ON PARAMETER migrator.late TO granted});
($state) = outcome_of($node, 'postgres', "SELECT migrator.version(); SET migrator.late = allow", psql_as('granted'));
is($state, '00000', 'a superuser setting is grantable');
accepted('-c migrator.late=allow', 'granted', 'also by the connection');

# loaded with the session
{
	my $preload = '-c session_preload_libraries=migrator';
	accepted($preload, $superuser, 'session_preload_libraries');
	refused("$preload -c migrator.nonsense=1", $superuser, 'migrator.nonsense', '1', 'session_preload_libraries, an unknown setting');
	refused("$preload -c migrator.wait_timeout=abc", $superuser, 'migrator.wait_timeout', 'abc', 'session_preload_libraries, an invalid value');
}

# loaded with the server
$node->append_conf('postgresql.conf', "shared_preload_libraries = migrator\nmigrator.record_failures = on\n");
$node->restart;
accepted('', $superuser, 'shared_preload_libraries');
accepted('-c migrator.wait_timeout=5s', 'plain', 'shared_preload_libraries, a setting');
{
	local $ENV{PGOPTIONS} = '-c migrator.wait_timeout=abc';
	$node->connect_fails('dbname=postgres', 'an invalid value ends the connection then',
		expected_stderr => qr/invalid value for parameter "migrator.wait_timeout"/);
}
my $broken = source_dir({ '1_a.sql' => 'SELECT 1/0' });
is((outcome_of($node, 'postgres', "SELECT migrator.apply('$broken')"))[0], '22012', 'a failure');
is(history_set($node), 'default|1|failed|22012', 'is put on record by a worker that has the library already');

$node->append_conf('postgresql.conf', "migrator.nonsense = 1\n");
$node->restart;
refused('', $superuser, 'migrator.nonsense', '1', "the server's own file");

$node->stop;
done_testing();
