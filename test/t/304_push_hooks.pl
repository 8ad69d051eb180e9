# migrator-push --hooks: shell hooks on the client, around migrations on the server.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('push_hooks');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\n");
$node->start;

my $push = $node->config_data('--bindir') . '/migrator-push';
delete @ENV{ grep { /^PG(?!_)/ } keys %ENV };
delete @ENV{qw(TAR_OPTIONS GZIP POSIXLY_CORRECT)};

my $log = PostgreSQL::Test::Utils::tempdir() . '/hooks.log';

# A hook that says what it was told, and what the server had by then.
sub hook
{
	my ($end) = @_;
	return "#!/bin/sh\necho \"\$MIGRATOR_EVENT \${MIGRATOR_VERSION:--} \$MIGRATOR_SOURCE \$MIGRATOR_SERVICE\" >>'$log'\n" . ($end // q{});
}
sub seen { my $text = -e $log ? slurp_file($log) : ''; unlink $log; return $text; }

# (exit status, stdout, stderr) of a push of these files; what ends in .sh is executable.
sub push_files
{
	my ($files, @arguments) = @_;
	my $dir = source_dir($files);
	my ($out, $err) = ('', '');
	chmod 0755, map { "$dir/$_" } grep { /\.sh$/ } keys %$files;
	my $run = IPC::Run::start([ $push, '-h', $node->host, '-p', $node->port, '-d', 'app', @arguments, $dir ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($MigratorTest::net));
	$run->finish;
	return ($run->result(0), $out, $err);
}

sub fresh
{
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS app');
	$node->safe_psql('postgres', 'CREATE DATABASE app');
	$node->safe_psql('app', 'CREATE EXTENSION migrator');
	unlink $log;
	return;
}
sub applied
{
	return $node->safe_psql('app',
		q{SELECT coalesce(string_agg(version, ' ' ORDER BY version), '') FROM migrator.migrations WHERE state = 'applied'});
}

my %three = ('000001_a.up.sql' => 'SELECT 1;', '000002_b.up.sql' => 'SELECT 2;', '000003_c.up.sql' => 'SELECT 3;');
my ($code, $out, $err);

fresh();
($code, $out, $err) = push_files({ %three, 'pre_migrate.sh' => hook() }, '--up');
is($code, 3, 'without --hooks a shell hook stops the run');
like($err, qr/hook "pre_migrate.sh" cannot run: a database server runs no shell.*migrator-push --hooks/s, '... and says how to run it');
is(seen(), '', '... and is not run');
is(applied(), '', '... nor is a migration');

my %hooks = ('pre_migrate.sh' => hook(), 'hooks/post_migrate.sh' => hook(), 'pre_migrate_2.sh' => hook(), 'post_migrate_000002.sh' => hook());
($code, $out, $err) = push_files({ %three, %hooks }, '--hooks');
is($code, 0, 'with --hooks all is run') or diag "$out$err";
is(seen(), "pre_migrate - stage:default \npre_migrate 000002 stage:default \npost_migrate 000002 stage:default \npost_migrate - stage:default \n",
	'... each hook once, in order');
is($node->safe_psql('app', 'SELECT array_agg(version ORDER BY version) FROM migrator.migrations GROUP BY run_id ORDER BY run_id'),
	"{000001}\n{000002}\n{000003}", '... the migrations between two hooks are one run');
like($out, qr/hook pre_migrate\.sh\n.*000001.*hook pre_migrate_2\.sh\n.*000002.*hook post_migrate_000002\.sh\n.*000003.*hook hooks\/post_migrate\.sh/s,
	'... and it is said');
($code, $out, $err) = push_files({ %three, %hooks }, '--hooks');
is($code, 0, 'nothing to do');
is(seen(), '', '... no hooks');
($code, $out, $err) = push_files({ %three, %hooks }, '--up');
is($code, 0, 'hooks of what is applied stop no run') or diag "$out$err";

fresh();
($code, $out, $err) = push_files({ %three, 'pre_migrate.sh' => hook('exit 7') }, '--hooks');
is($code, 4, 'a hook before the run fails');
like($err, qr/hook "pre_migrate.sh" failed with exit status 7; no migration was run/, '... and is named');
is(applied(), '', '... nothing is run');
($code, $out, $err) = push_files({ %three, 'pre_migrate_2.sh' => hook('exit 1') }, '--hooks');
is($code, 4, 'a hook before a migration fails');
like($err, qr/migration 000002 was not run/, '... and says so');
is(applied(), '000001', '... what came before stays');
($code, $out, $err) = push_files({ %three, 'post_migrate_2.sh' => hook('exit 1') }, '--hooks');
is($code, 4, 'a hook behind a migration fails');
is(applied(), '000001 000002', '... nothing behind it is run');
($code, $out, $err) = push_files({ %three, 'post_migrate.sh' => hook('exit 1') }, '--hooks');
is($code, 4, 'a hook behind the run fails');
is(applied(), '000001 000002 000003', '... the migrations stay');

fresh();
($code, $out, $err) = push_files({ %three, '000002_b.up.sql' => 'SELECT 1/0;', 'pre_migrate_3.sh' => hook(), 'post_migrate.sh' => hook() }, '--hooks');
is($code, 3, 'a migration fails');
is(seen(), '', '... the hooks behind it are not run');

fresh();
($code, $out, $err) = push_files({ %three, 'pre_migrate_9.sh' => hook() }, '--hooks');
is($code, 3, 'a hook for no migration');
like($err, qr/hook "pre_migrate_9.sh" cannot run: there is no migration of that version/, '... stops it');
is(applied(), '', '... before anything runs');
($code, $out, $err) = push_files({ %three, 'pre_migrate.sh' => hook(), 'hooks/pre_migrate.sh' => hook() }, '--hooks');
is($code, 2, 'two hooks for one event');
like($err, qr/are for the same event/, '... are refused');
is(applied(), '', '... before anything runs');
my $dir = source_dir({ %three, 'pre_migrate.sh' => hook() });
chmod 0644, "$dir/pre_migrate.sh";
$node->command_fails_like([ $push, '-h', $node->host, '-p', $node->port, '-d', 'app', '--hooks', $dir ], qr/not executable; nothing was run/, 'not executable');
($code, $out, $err) = push_files({%three}, '--hooks', '--target=2');
is($code, 2, '--target is refused');

# SQL hooks run on the server besides; registered patterns stay; the environment's hooks and no other's
($code, $out, $err) = push_files({
		'common/000001_a.up.sql' => 'CREATE TABLE t (a text);', 'development/000002_b.up.sql' => 'SELECT 2;', 'production/000003_c.up.sql' => 'SELECT 3;',
		'development/pre_migrate_2.sh' => hook(), 'development/post_migrate_2.sql' => q{INSERT INTO t VALUES ('sql');}, 'production/pre_migrate.sh' => hook(),
		'common/2_x.go' => '', 'common/post_migrate.sh' => hook() }, '--hooks', '--environment=development', '--service=shop');
is($code, 3, 'a name that may be a migration stops it') or diag "$out$err";
seen();
$node->safe_psql('app', q{SELECT migrator.register('shop', 'stage:shop', options => '{"ignore": ["*.go"]}')});
($code, $out, $err) = push_files({
		'common/000001_a.up.sql' => 'CREATE TABLE t (a text);', 'development/000002_b.up.sql' => 'SELECT 2;', 'production/000003_c.up.sql' => 'SELECT 3;',
		'development/pre_migrate_2.sh' => hook(), 'development/post_migrate_2.sql' => q{INSERT INTO t VALUES ('sql');}, 'production/pre_migrate.sh' => hook(),
		'common/2_x.go' => '', 'common/post_migrate.sh' => hook() }, '--hooks', '--environment=development', '--service=shop');
is($code, 0, 'an option of the registration counts') or diag "$out$err";
is(seen(), "pre_migrate 000002 stage:shop shop\npost_migrate - stage:shop shop\n", '... the environment\'s hooks are run');
is($node->safe_psql('app', 'TABLE t'), 'sql', '... those in SQL on the server');

# the example
SKIP:
{
	skip 'pgTAP is not installed', 4 if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pgtap'}) == 0;
	fresh();
	$node->safe_psql('app', 'CREATE EXTENSION pgtap');
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'app', PATH => $node->config_data('--bindir') . ":$ENV{PATH}");
	my $run = IPC::Run::run([ $push, '--hooks', "$FindBin::RealBin/../../examples/hooks" ], '<', \undef, '>', \$out, '2>', \$err);
	ok($run, 'the example runs') or diag "$out$err";
	like($out, qr/starting migration 000001\ndatabase size: .*migration 000001 completed/s, '... with its shell hooks');
	is($node->safe_psql('app', q{SELECT string_agg(event, ' ') FROM migration_sizes}), 'before after', '... and those in SQL');
	like($err, qr/ok 1 - and .*|ok 1 - user_service_tests.test_users/, '... and tests');
}

$node->stop;
done_testing();
