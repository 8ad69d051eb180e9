# CALL up in the ways a driver sends it: simple, extended, prepared, in a pipeline, through PgBouncer in transaction mode.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('up_protocols');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 40\nfsync = off\nautovacuum = off\nmigrator.wait_timeout = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE counted (service text, version int)');

my $serial = 0;
my $files = 6;

# Ordinary ones, CREATE INDEX CONCURRENTLY, VACUUM, a SET that must not stay, several transactions.
sub new_source
{
	my $t = 'p' . ++$serial;
	my $service = "service-$serial";
	my $count = sub { "INSERT INTO counted VALUES ('$service', $_[0]);\n" };
	my $dir = source_dir(
		{
			'0001_table.sql' => "CREATE TABLE $t (i int);\n" . $count->(1),
			'0002_index.sql' => $count->(2) . "CREATE INDEX CONCURRENTLY ${t}_i ON $t (i);\n",
			'0003_vacuum.sql' => "VACUUM $t;\n" . $count->(3) . "VACUUM (ANALYZE) $t;\n",
			'0004_set.sql' => "SET statement_timeout = '1h';\nSET search_path = pg_catalog, public;\n" . $count->(4),
			'0005_parts.sql' => "BEGIN;\n" . $count->(5) . "COMMIT;\nSET TIME ZONE 'Asia/Tokyo';\nREINDEX TABLE CONCURRENTLY $t;\n",
			'0006_do.sql' => "-- migrator: no-transaction\nDO \$\$ BEGIN INSERT INTO $t VALUES (1); COMMIT; INSERT INTO $t VALUES (2); END \$\$;\n" . $count->(6)
		});
	return ($dir, $service);
}

sub complete
{
	my ($service, $name) = @_;

	is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT version) FROM counted WHERE service = '$service'"),
		"$files|$files", "$name: each migration ran once");
	is($node->safe_psql('postgres',
			"SELECT count(*), count(DISTINCT version) FROM migrator.history WHERE service = '$service' AND event = 'applied'"),
		"$files|$files", "$name: and is on record once");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 0, "$name: no invalid index");
	return;
}

SKIP:
{
	my $pgbench = eval { (run_command([ $node->installed_command('pgbench'), '--version' ]))[0] };
	skip 'pgbench is not installed', 1 unless $pgbench && $pgbench =~ /pgbench/;

	# pgbench fails where a statement fails
	my $bench = sub {
		my ($mode, $clients, $script, $name) = @_;
		my $file = "$PostgreSQL::Test::Utils::tmp_check/up.sql";

		write_files($PostgreSQL::Test::Utils::tmp_check, { 'up.sql' => $script });
		local $ENV{PGHOST} = $node->host;
		local $ENV{PGPORT} = $node->port;
		my ($out, $err) = run_command([ $node->installed_command('pgbench'), '-n', '-M', $mode, '-c', $clients, '-t', 4,
				'-f', $file, 'postgres' ]);
		my $wanted = $clients * 4;
		like($out, qr{number of transactions actually processed: $wanted/$wanted}, "$name: all went through") or diag("$out\n$err");
		unlike($err, qr/error|aborted|WARNING/, "$name: no error");
	};
	for my $mode ('simple', 'extended', 'prepared')
	{
		my ($dir, $service) = new_source();
		$bench->($mode, 6, "CALL migrator.up('$dir', '$service');\nSELECT count(*) FROM counted;\n", $mode);
		complete($service, $mode);
	}
	for my $mode ('extended', 'prepared')
	{
		my ($dir, $service) = new_source();
		my ($other, $other_service) = new_source();
		# from 18 on the server makes one transaction of what follows the first command of a pipeline
		my $second = $node->pg_version < 18 ? "CALL migrator.up('$other', '$other_service');\n" : '';

		$bench->($mode, 2, "\\startpipeline\nCALL migrator.up('$dir', '$service');\n$second"
			  . "SELECT count(*) FROM counted;\n\\endpipeline\n", "pipeline, $mode");
		complete($service, "pipeline, $mode");
		complete($other_service, "pipeline, $mode, the second in it") if $second;
	}
}

# PREPARE and EXECUTE are no way to CALL; \bind and parameters in psql are from 16 on
{
	my ($dir, $service) = new_source();
	my ($state, $out, $err) = outcome_of($node, 'postgres',
		"CALL migrator.up('$dir', '$service', target => '0002');\nCALL migrator.up('$dir', '$service', target => '0004');\n"
		  . "SHOW statement_timeout;\nSHOW search_path;\nCALL migrator.up('$dir', '$service');\nSHOW timezone;\nCALL migrator.up('$dir', '$service');");
	is($state, '00000', 'several in one session');
	like($out, qr/^0\n"\$user", public\n/m, 'what a script SETs ends with it');
	unlike($out, qr/Tokyo/, 'also over its commits');
	complete($service, 'several in one session');
}

# two statements in one message are one transaction
{
	my ($dir, $service) = new_source();
	my $psql = start_psql($node, 'postgres', "SELECT 1; CALL migrator.up('$dir', '$service')");
	is(finish_psql($psql), 1, 'two statements in one message are refused');
	like($psql->{err}, qr/ERROR:  25001: CALL migrator\.up\(\) cannot run inside a transaction block/, 'by the extension itself');
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.migrations WHERE service = '$service'"), 0, 'nothing ran');
}

# PgBouncer in transaction mode: two server connections for many clients
SKIP:
{
	my ($process, $through) = start_pgbouncer($node, 'pgbouncer_up');
	skip $through, 1 unless $process;
	my @psql = @$through;

	my @show = ('-c', 'SHOW search_path', '-c', 'SHOW statement_timeout', '-c', 'SHOW TimeZone');
	my ($before) = run_command([ @psql, @show ]);
	my ($dir, $service) = new_source();
	my ($other, $other_service) = new_source();
	my @sessions = map
	{
		my %s = (out => '', err => '');
		my @calls = ('-c', "CALL migrator.up('$dir', '$service')", '-c', "CALL migrator.up('$other', '$other_service')");
		$s{handle} = IPC::Run::start([ @psql, '-c', 'SELECT 1', @calls ],
			'<', \undef, '>', \$s{out}, '2>', \$s{err}, IPC::Run::timeout($MigratorTest::net));
		\%s;
	} 1 .. 16;
	my @codes = map { finish_psql($_) } @sessions;
	is(scalar(grep { $_ ne '0' } @codes), 0, 'sixteen clients through pgbouncer: all exit 0') or diag(map { $_->{err} } @sessions);
	complete($service, 'through pgbouncer');
	complete($other_service, 'through pgbouncer, the second service');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, 'no lock stays with a pooled session');
	is((run_command([ @psql, @show ]))[0], $before, 'what a script sets does not reach the next client') for 1 .. 4;

	# a failure leaves nothing with the pooled session either
	my $broken = source_dir({ '1_broken.sql' => "SET statement_timeout = '1h';\nVACUUM;\nSELECT 1/0;\n" });
	my (undef, $error) = run_command([ @psql, '-c', "CALL migrator.up('$broken', 'broken')" ]);
	like($error, qr/division by zero/, 'a failure through pgbouncer');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, 'no lock stays after a failure');
	is((run_command([ @psql, @show ]))[0], $before, 'nor a setting') for 1 .. 4;
	$process->signal('INT');
	$process->finish;
}

$node->stop;
done_testing();
