# The ways a driver sends a statement: simple, extended, prepared, in a pipeline, by a cursor, through a pooler.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('protocol');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 40\nmigrator.wait_timeout = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

my $serial = 0;

sub new_source
{
	my $prefix = 'p' . ++$serial . '_';
	my $dir = source_dir();

	write_tables($dir, 1, 5, $prefix);
	return ($dir, "service-$serial");
}

sub complete
{
	my ($service, $name) = @_;

	is($node->safe_psql('postgres',
			"SELECT count(*), count(DISTINCT version) FROM migrator.history WHERE service = '$service' AND event = 'applied'"),
		'5|5', "$name: each migration once");
	return;
}

# pgbench, which fails where a statement fails
sub bench
{
	my ($mode, $clients, $script, $name) = @_;
	my $file = "$PostgreSQL::Test::Utils::tmp_check/bench.sql";

	write_files($PostgreSQL::Test::Utils::tmp_check, { 'bench.sql' => $script });
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	my ($out, $err) = run_command([ $node->installed_command('pgbench'), '-n', '-M', $mode, '-c', $clients, '-t', 4,
			'-f', $file, 'postgres' ]);
	my $wanted = $clients * 4;
	like($out, qr{number of transactions actually processed: $wanted/$wanted}, "$name: all went through") or diag("$out\n$err");
	unlike($err, qr/error|aborted/, "$name: no error");
	return;
}

SKIP:
{
	my $pgbench = eval { (run_command([ $node->installed_command('pgbench'), '--version' ]))[0] };
	skip 'pgbench is not installed', 1 unless $pgbench && $pgbench =~ /pgbench/;

	for my $mode ('simple', 'extended', 'prepared')
	{
		my ($dir, $service) = new_source();
		bench($mode, 4, "SELECT count(*) FROM migrator.apply('$dir', '$service');\n", $mode);
		complete($service, $mode);

		($dir, $service) = new_source();
		bench($mode, 2, "BEGIN;\nSELECT * FROM migrator.apply('$dir', '$service');\nSELECT * FROM migrator.status('$dir', '$service');\nCOMMIT;\n",
			"$mode, in a transaction");
		complete($service, "$mode, in a transaction");
	}
	for my $mode ('extended', 'prepared')
	{
		my ($dir, $service) = new_source();
		my ($other, $other_service) = new_source();
		bench($mode, 2, "\\startpipeline\nSELECT 1;\nSELECT * FROM migrator.apply('$dir', '$service');\n"
			  . "SELECT * FROM migrator.apply('$other', '$other_service');\nSELECT count(*) FROM migrator.status('$dir', '$service');\n\\endpipeline\n",
			"pipeline, $mode");
		complete($service, "pipeline, $mode");
		complete($other_service, "pipeline, $mode, the second in it");
	}
}

# forms of the call
{
	my ($dir, $service) = new_source();
	is($node->safe_psql('postgres', "SELECT migrator.apply('$dir', '$service', target => '1')") =~ s/[\d.]+,\)/T,)/r,
		"($service,0001,p${serial}_,applied,T,)", 'in the target list');
	is($node->safe_psql('postgres', "PREPARE a AS SELECT version FROM migrator.apply(\$1, \$2, target => \$3);
		EXECUTE a('$dir', '$service', '2'); EXECUTE a('$dir', '$service', '3'); EXECUTE a('$dir', '$service', '3');"),
		"0002\n0003", 'a prepared statement, three times');
	is($node->safe_psql('postgres', "BEGIN; DECLARE c CURSOR FOR SELECT version FROM migrator.apply('$dir', '$service');
		FETCH 1 FROM c; FETCH 1 FROM c; FETCH 1 FROM c; COMMIT;"), "0004\n0005", 'a cursor');
	complete($service, 'all of them together');

	($dir, $service) = new_source();
	is($node->safe_psql('postgres', "SELECT version FROM migrator.apply('$dir', '$service') LIMIT 1"), '0001', 'LIMIT 1 limits what is shown');
	complete($service, 'LIMIT 1');

	($dir, $service) = new_source();
	is($node->safe_psql('postgres', "WITH a AS MATERIALIZED (SELECT * FROM migrator.apply('$dir', '$service')) SELECT count(*) FROM a"),
		5, 'in a WITH');
	complete($service, 'in a WITH');

	($dir, $service) = new_source();
	is($node->safe_psql('postgres', "CREATE TABLE kept AS SELECT * FROM migrator.apply('$dir', '$service'); SELECT count(*) FROM kept"),
		5, 'CREATE TABLE AS');
	complete($service, 'CREATE TABLE AS');

	($dir, $service) = new_source();
	is($node->safe_psql('postgres', "COPY (SELECT version FROM migrator.apply('$dir', '$service')) TO STDOUT"),
		join("\n", map { "000$_" } 1 .. 5), 'COPY (SELECT ...)');
	complete($service, 'COPY (SELECT ...)');

	# several statements in one message are one transaction
	($dir, $service) = new_source();
	my $psql = start_psql($node, 'postgres', "SELECT 1; SELECT count(*) FROM migrator.apply('$dir', '$service'); SELECT 1/0");
	is(finish_psql($psql), 1, 'several statements in one message, the last one fails');
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.migrations WHERE service = '$service'"), 0, 'all of them are undone');
	$psql = start_psql($node, 'postgres', "SELECT count(*) FROM migrator.apply('$dir', '$service'); SELECT count(*) FROM migrator.apply('$dir', '$service')");
	is(finish_psql($psql), 0, 'two calls in one message');
	is($psql->{out}, "5\n0\n", 'the second finds nothing to do');
	complete($service, 'two calls in one message');

	# a client that goes away does not take the lock with it
	($dir, $service) = new_source();
	my ($state, $out, $err) = outcome_of($node, 'postgres', "BEGIN; SELECT count(*) FROM migrator.apply('$dir', '$service'); \\q");
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.apply('$dir', '$service')"), 5, 'after a client that left without COMMIT');
}

# PgBouncer in transaction mode: two server connections for many clients
SKIP:
{
	my ($process, $through) = start_pgbouncer($node, 'pgbouncer');
	skip $through, 1 unless $process;
	my @psql = @$through;

	my ($dir, $service) = new_source();
	my @sessions = map
	{
		my %s = (out => '', err => '');
		$s{handle} = IPC::Run::start(
			[ @psql, '-c', 'SELECT 1', '-c', "SELECT count(*) FROM migrator.apply('$dir', '$service')" ],
			'<', \undef, '>', \$s{out}, '2>', \$s{err}, IPC::Run::timeout($MigratorTest::net));
		\%s;
	} 1 .. 16;
	my @codes = map { finish_psql($_) } @sessions;
	is(scalar(grep { $_ ne '0' } @codes), 0, 'sixteen clients through pgbouncer: all exit 0') or diag(map { $_->{err} } @sessions);
	complete($service, 'through pgbouncer');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, 'no lock stays with a pooled session');

	# what a script SETs does not reach the next client
	my $setter = source_dir({ '1_set.sql' => "SET search_path = pg_catalog; SET statement_timeout = '1h'; SET TIME ZONE 'Asia/Tokyo'" });
	my @show = ('-c', 'SHOW search_path', '-c', 'SHOW statement_timeout', '-c', 'SHOW TimeZone');
	my ($before) = run_command([ @psql, @show ]);
	run_command([ @psql, '-c', "SELECT migrator.apply('$setter', 'setter')" ]);
	for (1 .. 4)
	{
		is((run_command([ @psql, @show ]))[0], $before, 'what a script sets does not reach the next client');
	}
	$process->signal('INT');
	$process->finish;
}

$node->stop;
done_testing();
