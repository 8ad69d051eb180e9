# Many instances of an application start at once, and each migrates.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $instances = 32;
my $node = PostgreSQL::Test::Cluster->new('herd');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 60\nmigrator.wait_timeout = 0\n");
$node->start;

# All instances at once: the number of those that did not exit 0, and what each printed.
sub herd
{
	my ($db, $sql) = @_;
	my @sessions = map { start_psql($node, $db, $sql) } 1 .. $instances;
	my @codes = map { finish_psql($_) } @sessions;
	my @bad = grep { $codes[$_] ne '0' } 0 .. $#codes;

	diag("exit $codes[$_]: $sessions[$_]->{err}") for @bad;
	return (scalar(@bad), map { $_->{out} } @sessions);
}

sub sum_of { my $sum = 0; $sum += $_ for grep { /^\d+$/ } map { split /\n/ } @_; return $sum; }

# CREATE EXTENSION IF NOT EXISTS, as an application would say it before each migration, here said twice
sub database
{
	my ($db) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION IF NOT EXISTS migrator') for 1 .. 2;
	return;
}

# one after the other, each for the whole
{
	my $dir = source_dir();
	my $last = 0;

	database('waiting');
	for my $add (20, 7, 1)
	{
		write_tables($dir, $last + 1, $last + $add);
		my ($bad, @out) = herd('waiting', "SELECT count(*) FROM migrator.apply('$dir') WHERE outcome = 'applied'");

		is($bad, 0, "$add more migrations, $instances instances: all exit 0");
		is(sum_of(@out), $add, 'together they report each migration once');
		is(scalar(grep { /^[1-9]/ } @out), 1, 'one instance did it all');
		$last += $add;
		is(applied_once($node, 'waiting'), "$last versions, 0 of them not once", 'and did each once');
	}
	is($node->safe_psql('waiting', 'SELECT count(*) FROM t28'), 1, 'one row in the last table');
	is($node->safe_psql('waiting', "SELECT count(*) FROM migrator.runs WHERE outcome = 'applied'"), 3, 'one run a round');
	my ($bad, @out) = herd('waiting', "SELECT count(*) FROM migrator.apply('$dir')");
	is($bad, 0, 'nothing to do: all exit 0');
	is(sum_of(@out), 0, 'and do nothing');
}

# nobody waits
{
	my $dir = source_dir();

	write_tables($dir, 1, 20);
	database('skipping');
	my ($bad, @out) = herd('skipping', "SELECT outcome, count(*) FROM migrator.apply('$dir', if_locked => 'skip') GROUP BY 1");

	is($bad, 0, 'skipping: all exit 0');
	is(scalar(grep { $_ eq "applied|20\n" } @out), 1, 'one instance did it all');
	is(scalar(grep { $_ ne "applied|20\n" && $_ ne "skipped|1\n" && $_ ne '' } @out), 0, 'the others skipped, or came later');
	is(applied_once($node, 'skipping'), '20 versions, 0 of them not once', 'each migration once');
}

# four services side by side, eight instances each
{
	my @dirs = map { my $dir = source_dir(); write_tables($dir, 1, 5, "s${_}_"); $dir } 0 .. 3;

	database('services');
	my @sessions = map {
		my $n = $_ % 4;
		start_psql($node, 'services', "SELECT count(*) FROM migrator.apply('$dirs[$n]', 'service-$n')")
	} 0 .. $instances - 1;
	my @codes = map { finish_psql($_) } @sessions;

	is(scalar(grep { $_ ne '0' } @codes), 0, 'four services side by side: all exit 0');
	is(applied_once($node, 'services'), '20 versions, 0 of them not once', 'each migration once in its service');
}

# a broken release: everybody fails, nobody hangs, nothing stays
{
	my $dir = source_dir({ '0003_broken.sql' => 'SELECT 1/0' });

	write_tables($dir, 1, 2);
	database('broken');
	my @sessions = map { start_psql($node, 'broken', "SELECT migrator.apply('$dir')") } 1 .. $instances;
	my @codes = map { finish_psql($_) } @sessions;

	is(scalar(grep { $_ ne '1' } @codes), 0, 'a broken migration: all exit 1');
	is(scalar(grep { $_->{err} !~ /ERROR:  22012: division by zero/ } @sessions), 0, 'all have the original error');
	is($node->safe_psql('broken', "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), 0, 'no table is left');
	is($node->safe_psql('broken', q{SELECT string_agg(version || ' ' || state, ', ') FROM migrator.migrations}),
		'0003 failed', 'the failure is on record');
	is($node->safe_psql('broken', q{SELECT count(*) BETWEEN 1 AND 32 FROM migrator.history WHERE event = 'failed'}),
		't', 'attempts are in the history');

	write_files($dir, { '0003_broken.sql' => 'SELECT 1' });
	my ($bad, @out) = herd('broken', "SELECT count(*) FROM migrator.apply('$dir')");
	is($bad, 0, 'mended: all exit 0');
	is(sum_of(@out), 3, 'and each migration is applied once');
}

$node->stop;
done_testing();
