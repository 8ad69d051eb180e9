# kill -9 of the backend in each migration of a CALL up whose order is that of dependencies.json, not of versions: nothing is late for
# the next up, which goes on in the same order.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('order_kill');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\nfsync = off\n");
$node->start;

# A commit that waits for the disk takes all those before it along: what is left is what was committed.
my $flush = join ' ', $node->config_data('--bindir') . '/psql', '-Xq', '-h', $node->host, '-p', $node->port,
	'-c "CREATE TABLE f (); DROP TABLE f"', 'postgres';

# Scripts call tap_point(); the one that is named in the file control is the backend's last statement.
my $desk = source_dir({ control => '' });
$node->safe_psql('postgres', qq{
	CREATE DATABASE fresh;
	\\connect fresh
	CREATE EXTENSION migrator;
	CREATE FUNCTION tap_point(here text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
	  IF pg_read_file('$desk/control') = here THEN
	    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', '$flush; kill -9 ' || pg_backend_pid());
	    PERFORM pg_sleep(3600);
	  END IF;
	END \$\$;
});

# 000002 needs 000003, and 000001 the last one of all
my @order = ('000003', '000002', '000004', '000005', '000001');
my %files = map { ("${_}_m.up.sql" => "CREATE TABLE t$_ (); SELECT tap_point('$_');") } @order;
$files{'000005_m.up.sql'} = "-- migrator: no-transaction\nCREATE TABLE t000005 (); SELECT tap_point('000005');";
$files{'dependencies.json'} = '{"migrations": {"000001": {"depends_on": ["000005", "2"]}, "000002": {"depends_on": ["000003"]}}}';
my $dir = source_dir(\%files);
my $up = "CALL migrator.up('$dir')";

for my $point (@order)
{
	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS d (FORCE); CREATE DATABASE d TEMPLATE fresh");
	write_files($desk, { control => $point });
	$node->psql('d', $up);
	$node->poll_query_until('postgres', 'SELECT true') or BAIL_OUT('the server does not come back');
	write_files($desk, { control => '' });
	is($node->safe_psql('d', "SELECT count(*) FROM migrator.status('$dir') WHERE 'late' = ANY (flags)"), '0', "killed in $point: none is late");
	is((outcome_of($node, 'd', $up))[0], '00000', "killed in $point: the next up goes on");
	is($node->safe_psql('d', "SELECT string_agg(version, ' ' ORDER BY id) FROM migrator.history WHERE event = 'applied'"),
		"@order", "killed in $point: in the same order");
}
$node->stop;
done_testing();
