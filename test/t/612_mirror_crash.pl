# kill -9 of the backend and of the server while the table of another tool is written along with the record: after each of them
# both say the same, before the next run and behind it. MIGRATOR_CRASH_ALL=1 kills the server at each point too.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use CrashTest;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $all = $ENV{MIGRATOR_CRASH_ALL};
my %files;
for my $n (1 .. 4)
{
	# the second goes part by part
	my $alone = $n == 2 ? 'CREATE INDEX CONCURRENTLY i2 ON t1 (i);' : '';
	$files{"$n.sql"} = "-- migrate:up\nSELECT tap_point('$n begin');\nCREATE TABLE t$n (i int);\n$alone\nSELECT tap_point('$n end');\n"
		. "-- migrate:down\nSELECT tap_point('$n begin');\nDROP TABLE t$n;\nSELECT tap_point('$n end');\n";
}
my $dir = source_dir(\%files);
my $prepare = qq{
	CREATE TABLE schema_migrations (version text PRIMARY KEY);
	CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS \$\$
	BEGIN
	  PERFORM tap_point(coalesce(NEW.version, OLD.version) || ' row');
	  RETURN NULL;
	END \$\$;
	CREATE TRIGGER written AFTER INSERT OR DELETE ON schema_migrations FOR EACH ROW EXECUTE FUNCTION written();
	SELECT migrator.register('default', '$dir', options => '{"mirror": true}');
};

for my $way (
	[ 'up', "CALL migrator.up('$dir')", '', 'applied' ],
	[ 'down', "CALL migrator.down('$dir', target => '')", "CALL migrator.up('$dir');", 'rolled_back' ])
{
	my ($name, $call, $before, $event) = @$way;
	my $node = PostgreSQL::Test::Cluster->new("mirror_$name");
	$node->init;
	my $test = CrashTest->new($node, call => $call, prepare => $prepare . $before, event => $event, behind => sub { 0 }, mend => []);
	my $n = 0;

	$test->undisturbed('');
	for my $point (map { my $n = $_; map { "$n $_" } 'begin', 'end', 'row' } 1 .. 4)
	{
		$test->backend_dies_at($point, sub {
			is($node->safe_psql($test->{db}, q{
					SELECT (SELECT string_agg(version, ' ' ORDER BY version) FROM migrator.migrations WHERE state = 'applied' AND direction IS DISTINCT FROM 'down')
					  IS NOT DISTINCT FROM (SELECT string_agg(version, ' ' ORDER BY version) FROM schema_migrations)}),
				't', "$name, killed at $point: both say the same");
		});
		$test->server_dies_at($point) if $all || $n++ % 3 == 2;
	}
	$node->stop;
}
done_testing();
