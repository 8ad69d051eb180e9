# examples/dashboard.psql and examples/migrator.psql: everything in them runs without an error, through the life of a directory.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $examples = "$FindBin::RealBin/../../examples";
my $node = PostgreSQL::Test::Cluster->new('words');
$node->init;
$node->start;
my $dir = source_dir(
	{
		'1_a.up.sql' => 'CREATE TABLE a (i int);',
		'1_a.down.sql' => 'DROP TABLE a;',
		'2_b.up.sql' => 'CREATE VIEW b AS SELECT 1 AS i;',
		'2_b.down.sql' => 'DROP VIEW b;'
	});
$node->safe_psql('postgres', "CREATE EXTENSION migrator; SELECT migrator.register('default', '$dir')");

# as somebody types it: exit code, output
sub typed
{
	my ($user, @lines) = @_;
	my ($in, $out) = (join("\n", @lines, ''), '');
	my $ok = IPC::Run::run([ 'psql', '-XAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') . " user=$user" ], '<', \$in, '>', \$out, '2>&1',
		IPC::Run::timeout($MigratorTest::net));
	return ($ok ? 0 : 1, $out);
}

my $me = $node->safe_psql('postgres', 'SELECT session_user');
my @include = ("\\i $examples/migrator.psql");
my ($code, $out) = typed($me, @include, ':mhelp');
is($code, 0, ':mhelp') or diag($out);
my @listed = sort map { /^:(m\w+)\|/ ? $1 : () } split /\n/, $out;
my @defined = do { my %seen; sort grep { $_ ne 'mhelp' && !$seen{$_}++ } slurp_file("$examples/migrator.psql") =~ /^\\set (m[a-z]+) /mg };
is("@listed", "@defined", 'it lists every word');

# each word works, before the first run and after it
for my $word (@defined)
{
	($code, $out) = typed($me, @include, ":$word");
	is($code, 0, ":$word") or diag($out);
	unlike($out, qr/(?:ERROR|invalid command)/, ":$word says no error");
}
($code, $out) = typed($me, @include, ':mup', ':mstatus', ':mpending', ':mcurrent');
is($code, 0, 'a session') or diag($out);
like($out, qr/^1_a\|applied\|/m, ':mstatus shows migrations');
like($out, qr/^t$/m, ':mcurrent');
for my $word (@defined)
{
	($code, $out) = typed($me, @include, ":$word");
	is($code, 0, ":$word, when something was run") or diag($out);
}

# another source and service
my $other = source_dir({ "1_it's.sql" => 'SELECT 1;' });
($code, $out) = typed($me, @include, "\\set dir $other", '\\set svc other', ':mpending', ':mup', ':mstatus');
is($code, 0, 'with dir and svc') or diag($out);
like($out, qr/^1_it's\|applied/m, 'that service was run');
is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT service, ',' ORDER BY service) FROM migrator.migrations"), 'default,other', 'and no other one');

# the dashboard: well, and not; for a superuser, and for the role that it names
$node->safe_psql('postgres', qq{
	CREATE ROLE watcher LOGIN IN ROLE pg_monitor;
	GRANT EXECUTE ON FUNCTION migrator.validate TO watcher;
	GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO watcher;
	ALTER ROLE watcher SET migrator.source_roots = '$dir'});
$node->safe_psql('postgres', 'CALL migrator.up()');
for my $user ($me, 'watcher')
{
	($code, $out) = typed($user, "\\i $examples/dashboard.psql");
	is($code, 0, "the dashboard, as $user") or diag($out);
	unlike($out, qr/ERROR/, 'without an error');
	like($out, qr/^ *default *\| healthy *\|/m, 'the service is healthy');
	like($out, qr/Migration Status Dashboard.*Current status.*Performance.*Warnings.*Alerts/s, 'it has all parts');
}
write_files($dir, { '1_a.up.sql' => 'CREATE TABLE a (i int, j int);', '3_c.up.sql' => 'SELECT 1/0;' });
$node->psql('postgres', 'CALL migrator.up()');
($code, $out) = typed('watcher', "\\i $examples/dashboard.psql");
is($code, 0, 'the dashboard, when something failed') or diag($out);
like($out, qr/^Warnings\n.*the file was modified after it was applied.*^Alerts\n/ms, 'a warning');
like($out, qr/^Alerts\n.*default *\| unhealthy *\| 1 migration has failed.*3 *\| failed *\| division by zero/ms, 'an alert');
$node->stop;
done_testing();
