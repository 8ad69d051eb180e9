# Commits flushed together: a crash takes a suffix of whole migrations with their records, and nothing of a CALL that returned.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('up_commit');
$node->init;

# nobody but us writes to the disk, see crash()
$node->append_conf('postgresql.conf', "autovacuum = off\nwal_level = replica\nbgwriter_lru_maxpages = 0\nsynchronous_commit = on\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

my $serial = 0;
my $count = 30;
my $lost = 0;
my $stops = 0;

# Migrations, each a table; number $sleeps sleeps; those in @$parts run part by part.
sub release
{
	my ($prefix, $sleeps, $parts) = @_;
	my $dir = source_dir();

	write_tables($dir, 1, $count, $prefix);
	write_files($dir, { sprintf('%04d_%s.sql', $_, $prefix) => "CREATE TABLE $prefix$_ (i int);\nVACUUM $prefix$_;\n" }) for @$parts;
	write_files($dir, { sprintf('%04d_%s.sql', $sleeps, $prefix) => "CREATE TABLE $prefix$sleeps (i int);\nSELECT pg_sleep(3600);\n" })
	  if $sleeps;
	return $dir;
}

# How many are on record, after having made sure that they are the first ones and have their tables, and only they; but
# for one that runs part by part, and has the table of its first part.
sub recorded
{
	my ($prefix, $name) = @_;
	my $record = $node->safe_psql('postgres',
		"SELECT version::int FROM migrator.migrations WHERE service = '$prefix' AND state = 'applied' ORDER BY 1");
	my @versions = split /\n/, $record;

	is($record, join("\n", 1 .. @versions), "$name: the record is a prefix of the order");
	is($node->safe_psql('postgres',
			"SELECT substr(relname, length('$prefix') + 1)::int FROM pg_class WHERE relkind = 'r' AND relname ~ '^$prefix\\d+\$' ORDER BY 1"),
		$node->safe_psql('postgres', qq{SELECT version::int FROM migrator.migrations WHERE service = '$prefix'
			AND (state = 'applied' OR state = 'running' AND statement_done >= 1) ORDER BY 1}),
		"$name: the schema agrees with it");
	is($node->safe_psql('postgres',
			"SELECT version::int FROM migrator.history WHERE service = '$prefix' AND event = 'applied' ORDER BY id"),
		$record, "$name: and so does the history");
	return scalar @versions;
}

# An immediate stop, while the WAL writer was held from writing what was committed asynchronously.
sub crash
{
	my ($up, $writer) = @_;
	my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');

	kill 'QUIT', $postmaster or die "kill: $!";
	my $code = $up ? finish_psql($up) : 0;

	# all have their SIGQUIT now, and it is the first thing that it sees
	kill 'CONT', $writer or die "kill: $!";
	$node->stop('immediate', fail_ok => 1);
	$node->kill9;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if $node->start(fail_ok => 1);
		sleep 0.1;
		$node->stop('fast', fail_ok => 1);
	}
	$stops++;
	return $code;
}

sub hold_writer
{
	my $writer = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'});
	kill 'STOP', $writer or die "kill: $!";
	return $writer;
}

sub stop_at
{
	my ($commit, $sleeps, $parts, $name) = @_;
	my $prefix = 'x' . ++$serial . 'n';
	my $dir = release($prefix, $sleeps, $parts);
	my $writer = hold_writer();
	my $up = start_psql($node, 'postgres', "SET migrator.commit = $commit", "CALL migrator.up('$dir', '$prefix')");

	wait_for_sleep($node, 'postgres');
	isnt(crash($up, $writer), 0, "$name: the client is told");

	my $kept = recorded($prefix, $name);
	$lost += $sleeps - 1 - $kept;
	is($kept, $sleeps - 1, "$name: nothing is lost") if $commit eq 'each';
	cmp_ok($kept, '<', $sleeps, "$name: the one that was running is not there");
	my $flushed = (sort { $b <=> $a } grep { $_ < $sleeps } @$parts)[0] || 1;
	cmp_ok($kept, '>=', $flushed - 1, "$name: what was done before the last mark is there");

	# mended, the rest comes
	write_tables($dir, $sleeps, $sleeps, $prefix);
	is(finish_psql(start_psql($node, 'postgres', "CALL migrator.up('$dir', '$prefix')")), 0, "$name: up again");
	is(recorded($prefix, "$name, again"), $count, "$name: it is complete");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL'), 0, "$name: no run is left");
	return;
}

for my $sleeps (2, 11, 30)
{
	stop_at('grouped', $sleeps, [], "grouped, in number $sleeps");
	stop_at('each', $sleeps, [], "each, in number $sleeps");
}
stop_at('grouped', 25, [ 9, 17 ], 'grouped, some in parts');
cmp_ok($lost, '>', 0, 'a crash did take something, else nothing was tested');
note("$lost migrations taken by crashes");

# Nor is a finished part of a script with "each", while "grouped" may lose it.
for my $commit ('grouped', 'each')
{
	my $prefix = 'x' . ++$serial . 'n';
	my $dir = source_dir({ '1_a.sql' =>
		  "-- migrator: no-transaction\nCREATE TABLE ${prefix}1 (i int);\nINSERT INTO ${prefix}1 VALUES (1);\nSELECT pg_sleep(3600);\n" });
	my $writer = hold_writer();
	my $up = start_psql($node, 'postgres', "SET migrator.commit = $commit", "CALL migrator.up('$dir', '$prefix')");

	wait_for_sleep($node, 'postgres');
	isnt(crash($up, $writer), 0, "$commit, parts: the client is told");
	is($node->safe_psql('postgres', "SELECT statement_done FROM migrator.migrations WHERE service = '$prefix' AND statement_done > 0"),
		$commit eq 'each' ? 2 : '', "$commit, parts: " . ($commit eq 'each' ? 'none is lost' : 'they are lost'));
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = '${prefix}1'"), $commit eq 'each' ? 1 : 0,
		"$commit, parts: and so it is with what they made");
}

# Once CALL has returned, an immediate stop takes nothing.
for my $commit ('grouped', 'each')
{
	for my $parts ([], [ 1, 29, 30 ])
	{
		my $prefix = 'x' . ++$serial . 'n';
		my $dir = release($prefix, 0, $parts);
		my $name = "$commit, " . (@$parts ? 'some in parts' : 'none in parts');

		my $writer = hold_writer();
		is((outcome_of($node, 'postgres', "SET migrator.commit = $commit;\nCALL migrator.up('$dir', '$prefix')"))[0], '00000', "$name: CALL returns");
		crash(undef, $writer);
		is(recorded($prefix, "$name, returned"), $count, "$name: all of it is there");
		is($node->safe_psql('postgres', "SELECT outcome, applied FROM migrator.runs WHERE service = '$prefix'"), "applied|$count", "$name: its run too");
	}

	# a failure is on record for good too, and what came before it
	my $prefix = 'x' . ++$serial . 'n';
	my $dir = release($prefix, 0, []);
	write_files($dir, { sprintf('%04d_%s.sql', 20, $prefix) => 'SELECT 1/0' });
	my $writer = hold_writer();
	is((outcome_of($node, 'postgres', "SET migrator.commit = $commit;\nCALL migrator.up('$dir', '$prefix')"))[0], '22012', "$commit: CALL fails");
	crash(undef, $writer);
	is(recorded($prefix, "$commit, failed"), 19, "$commit: what came before a failure is there");
	is($node->safe_psql('postgres', "SELECT version, state FROM migrator.migrations WHERE service = '$prefix' AND state <> 'applied'"),
		'0020|failed', "$commit: and so is the failure");
}

note("$stops immediate stops");
$node->stop;
done_testing();
