# The programs migrate.* in examples/clients: migrate at start, leave it to another instance, fail fast, say what there is.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ClientTest;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $examples = "$FindBin::RealBin/../../examples/clients";
my ($node, $password) = start_tcp_node('migrate_clients');
$node->safe_psql('template1', q{
	CREATE EXTENSION migrator;
	CREATE SCHEMA app AUTHORIZATION deploy;
	GRANT USAGE ON SCHEMA migrator TO deploy;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO deploy;
	GRANT EXECUTE ON PROCEDURE migrator.up TO deploy;
});
$node->safe_psql('postgres', "ALTER ROLE deploy SET search_path = app;"
	. " ALTER ROLE deploy SET migrator.source_roots = '$PostgreSQL::Test::Utils::tmp_check'");

# One program, through what an application does with it.
sub test_client
{
	my ($name, @command) = @_;
	my $url = "postgresql://deploy:$password\@127.0.0.1:" . $node->port . "/$name?sslmode=disable";
	my $jdbc = 'jdbc:postgresql://127.0.0.1:' . $node->port . "/$name?user=deploy&password=$password";
	my $path = $node->config_data('--bindir') . ":$ENV{PATH}";
	my $run = sub {
		my (@arguments) = @_;
		return run_program({ PATH => $path, DATABASE_URL => $name eq 'jdbc' ? $jdbc : $url }, @command, @arguments);
	};
	my $dir = source_dir({ '1_a.sql' => "CREATE TABLE a (i int);\n", '2_b.sql' => "CREATE TABLE b (i int);\n" });
	my ($code, $out, $err);

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, "SELECT migrator.register('default', '$dir')");

	($code, $out, $err) = $run->('assert');
	isnt($code, 0, "$name: assert, before the first run");
	like($err, qr/pending migrations detected: service "default" lacks 2/, "$name: says what is pending");
	unlike($err, qr/Traceback|at .*\.java|goroutine/, "$name: as a message");

	($code, $out, $err) = $run->('up');
	is($code, 0, "$name: up") or diag("$out\n$err");
	like($out, $name eq 'sh' ? qr/"applied": 2, "outcome": "applied"/ : qr/^applied: 2 applied$/m, "$name: its result");
	like($err, qr/migration lock acquired immediately/, "$name: notices are shown");
	is($node->safe_psql($name, q{SELECT relowner::regrole FROM pg_class WHERE oid = 'app.b'::regclass}), 'deploy', "$name: it is done");

	($code, $out, $err) = $run->('up', $dir);
	is($code, 0, "$name: nothing to do, with the source") or diag("$out\n$err");
	like($out, $name eq 'sh' ? qr/"outcome": "up_to_date"/ : qr/^up_to_date: 0 applied$/m, "$name: says so");
	($code, $out, $err) = $run->('assert');
	is($code, 0, "$name: assert") or diag("$out\n$err");

	write_files($dir, { '3_c.sql' => "CREATE TABLE c (i int);\nSELECT 1/0;\n" });
	($code, $out, $err) = $run->('up');
	isnt($code, 0, "$name: a migration that fails");
	like($err, qr/division by zero \(migration "3", file "3_c\.sql", line 2\)/, "$name: the message has its place");
	like($err, qr/migration "3" \(file "3_c\.sql", line 2, column 1\)/, "$name: CONTEXT can be read");
	like($err, qr/Nothing of this migration was kept/, "$name: and HINT");
	like($err, qr/22012/, "$name: and the SQLSTATE") if $name ne 'sh';
	($code, $out, $err) = $run->('status');
	is($code, 0, "$name: status") or diag("$out\n$err");
	like($out, qr/2\W+b\W+applied.*\n\W*3\W+c\W+failed/, "$name: says what is applied and what failed");

	# another instance is at it
	write_files($dir, { '3_c.sql' => "CREATE TABLE c (i int);\nSELECT 1/1;\n" });
	my $holder = start_psql($node, $name, 'SELECT pg_advisory_lock(migrator.lock_key())', 'SELECT pg_sleep(3600)');
	my $pid = wait_for_sleep($node, $name);
	($code, $out, $err) = $run->('skip');
	is($code, 0, "$name: skip") or diag("$out\n$err");
	like($out, $name eq 'sh' ? qr/"outcome": "skipped"/ : qr/^skipped: 0 applied$/m, "$name: it was left to the other");
	like($err, qr/skipped: another run is in progress/, "$name: a warning says so");
	($code, $out, $err) = $run->('assert');
	isnt($code, 0, "$name: assert fails until that is done");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	finish_psql($holder);
	($code, $out, $err) = $run->('skip');
	is($code, 0, "$name: skip, where nobody is at it") or diag("$out\n$err");
	like($out, $name eq 'sh' ? qr/"outcome": "applied"/ : qr/^applied: 1 applied$/m, "$name: runs");

	# a port where nobody listens
	($code, $out, $err) = run_program({ PATH => $path, DATABASE_URL => ($name eq 'jdbc' ? 'jdbc:' : '') . 'postgresql://127.0.0.1:1/x?user=deploy' },
		@command, 'up');
	isnt($code, 0, "$name: no server");
	like($err, qr/refused|connect call failed/i, "$name: says so");
	unlike($err, qr/Traceback|at .*\.java|goroutine/, "$name: as a message");

	($code, $out, $err) = $run->();
	isnt($code, 0, "$name: no argument");
	like($err, qr/up\|skip\|assert\|status/, "$name: says how it is used");
	return;
}

test_client('sh', 'sh', "$examples/migrate.sh");

SKIP:
{
	my $program = node_with_pg() or skip 'no node with module pg: NODE_PATH may name where it is', 1;
	test_client('node', $program, "$examples/migrate.js");
}

for my $driver ([ 'psycopg', 'migrate.py' ], [ 'psycopg2', 'migrate_psycopg2.py' ], [ 'asyncpg', 'migrate_asyncpg.py' ])
{
  SKIP:
	{
		my $python = python_with($driver->[0]) or skip "no python3 with $driver->[0]", 1;
		test_client($driver->[0], $python, "$examples/$driver->[1]");
	}
}

SKIP:
{
	my @java = java_with_driver() or skip 'no java with a compiler and the JDBC driver: JDBC_JAR may name that', 1;
	test_client('jdbc', @java, "$examples/Migrate.java");
}

for my $driver ([ 'pq', 'github.com/lib/pq' ], [ 'pgx', 'github.com/jackc/pgx/v4' ])
{
  SKIP:
	{
		my $program = go_program("$examples/go-$driver->[0]/migrate.go", $driver->[1]) or skip "no go with $driver->[1]", 1;
		test_client($driver->[0], $program);
	}
}

is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE usename = 'deploy'"), 0, 'no session is left');
$node->stop;
done_testing();
