# The programs in examples/clients, as an ordinary role: they send what the server lacks, run it, and fail when it fails.
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

my ($node, $password) = start_tcp_node('clients');
$node->safe_psql('postgres', qq{
	CREATE EXTENSION migrator;
	CREATE SCHEMA app AUTHORIZATION deploy;
	GRANT EXECUTE ON PROCEDURE migrator.up TO deploy;
	GRANT EXECUTE ON FUNCTION migrator.stage(text, text[], bytea[], text[]), migrator.stage_missing TO deploy;
	ALTER ROLE deploy SET search_path = app;
});
my $address = '127.0.0.1:' . $node->port . '/postgres';

sub staged
{
	my ($name) = @_;
	return $node->safe_psql('postgres', "SELECT path FROM migrator.staged WHERE name = '$name' ORDER BY path");
}

sub applied
{
	my ($prefix) = @_;
	return $node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE '${prefix}\\_%'");
}

# One example, through the life of a directory. Files have the versions of one service, the tables the prefix.
sub test_client
{
	my ($name, $first, $environment, @command) = @_;
	my $table = sub { my ($n) = @_; return "CREATE TABLE ${name}_$n (i int);\n"; };
	my $version = sub { my ($n, $title) = @_; return sprintf('%04d_%s.sql', $first + $n, $title); };
	my $dir = source_dir(
		{
			$version->(1, "gr\xc3\xb6\xc3\x9fe") => $table->(1),
			$version->(2, q{it's "a" \\ {x},}) => $table->(2),
			$version->(3, 'same') => '',
			$version->(4, 'same') => '',
			'notes/README' => 'no migration',
			'notes/.hidden' => 'x',
			'.git/config' => 'x'
		});
	my $run = sub { return run_program($environment, @command, $dir, $name); };

	my ($code, $out, $err) = $run->();
	is($code, 0, "$name: the first push") or diag("$out\n$err");
	like($out, qr/^5 of 5 files were sent to stage:$name$/m, "$name: all was sent");
	like($out, qr/gr\xc3\xb6\xc3\x9fe/, "$name: the migrations are printed");
	is(applied($name), 2, "$name: the migrations were applied");
	is(staged($name), join("\n", (map { $version->(@$_) } [ 1, "gr\xc3\xb6\xc3\x9fe" ], [ 2, q{it's "a" \\ {x},} ], [ 3, 'same' ], [ 4, 'same' ]),
			'notes/README'), "$name: dot entries were not staged, names are whole");

	($code, $out, $err) = $run->();
	is($code, 0, "$name: nothing to do") or diag("$out\n$err");
	like($out, qr/^0 of 5 files were sent/m, "$name: nothing was sent");

	write_files($dir, { $version->(5, 'fails') => $table->(5) . "SELECT 1/0;\n" });
	($code, $out, $err) = $run->();
	is($code, 1, "$name: a migration that fails") or diag("$out\n$err");
	like($out, qr/^1 of 6 files were sent/m, "$name: only the new file was sent");
	like($err, qr/division by zero/, "$name: the error is told");
	like($err, qr/file "\d+_fails\.sql", line 2/, "$name: with its place");

	unlink "$dir/notes/README" or die;
	write_files($dir, { $version->(5, 'fails') => $table->(5) . "SELECT 1/1;\n" });
	($code, $out, $err) = $run->();
	is($code, 0, "$name: corrected") or diag("$out\n$err");
	like($out, qr/^1 of 5 files were sent/m, "$name: only the changed file was sent");
	unlike(staged($name), qr/README/, "$name: what is gone from the directory is gone from the set");
	is(applied($name), 3, "$name: the corrected migration was applied");
	$node->safe_psql('postgres', "SELECT migrator.unstage('$name')");

	($code, $out, $err) = run_program($environment, @command, "$dir/nowhere", $name);
	is($code, 1, "$name: no such directory") or diag("$out\n$err");
	return;
}

# The record is that of service "default", and each example goes on with versions of its own.
sub forget
{
	$node->safe_psql('postgres', "SELECT migrator.resolve(version, 'pending') FROM migrator.migrations");
	return;
}

SKIP:
{
	my $python = python_with('psycopg') or skip 'no python3 with psycopg', 1;
	my $environment = { PGHOST => $node->host, PGPORT => $node->port, PGUSER => 'deploy', PGDATABASE => 'postgres' };
	test_client('python', 100, $environment, $python, "$examples/push.py");
	forget();
}

SKIP:
{
	my $program = node_with_pg() or skip 'no node with module pg: NODE_PATH may name where it is', 1;
	test_client('node', 200, { DATABASE_URL => "postgresql://deploy:$password\@$address" }, $program, "$examples/push.js");
	forget();
}

SKIP:
{
	my @java = java_with_driver() or skip 'no java with a compiler and the JDBC driver: JDBC_JAR may name that', 1;
	test_client('jdbc', 300, { DATABASE_URL => "jdbc:postgresql://$address?user=deploy&password=$password" }, @java, "$examples/Push.java");
	forget();
}

is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, 'no lock is left');
$node->stop;
done_testing();
