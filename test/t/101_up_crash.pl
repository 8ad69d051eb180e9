# kill -9 of the backend and of the server at every statement of a CALL up: the next up makes of it what a run that nobody
# disturbed makes. MIGRATOR_CRASH_ALL=1 kills the server at each point too, and adds more random moments.
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
my $dir = "$FindBin::RealBin/../fixtures/up_crash";
my $node = PostgreSQL::Test::Cluster->new('up_crash');
$node->init;

my $test = CrashTest->new($node,
	call => "CALL migrator.up('$dir')",
	event => 'applied',
	behind => sub { $_[0] ge '0005 i' },
	mend => [
		[ qr/23505.*"customer_email"/, 'DELETE FROM customer WHERE id > 95', 'mended' ],
		[ qr/MG011: migration "0009"/, q{SELECT migrator.resolve('0009', 'pending')}, 'resolved' ] ]);
my @points = map { slurp_file($_) =~ /tap_point\('([^']+)'\)/g } sort glob("$dir/*.sql");

like($test->undisturbed('mended'), qr/^default\|0016\|applied\|/m, 'it gets to the end');
my $duration = $node->safe_psql($test->{db}, 'SELECT max(duration_ms) / 1000 FROM migrator.runs');
note("a run takes $duration s");
cmp_ok(scalar(@points), '>', 30, 'points');

my $n = 0;
for my $point (@points)
{
	$test->backend_dies_at($point);
	$test->server_dies_at($point) if $all || $n++ % 3 == 0;
}

for my $wait (
	[ '0003 begin', 'INSERT INTO customer VALUES (0)', 'CREATE INDEX CONCURRENTLY waits for a writer' ],
	[ '0003 begin', 'SELECT count(*) FROM note', 'CREATE INDEX CONCURRENTLY waits for a snapshot' ],
	[ '0005 begin', 'INSERT INTO customer VALUES (0)', 'CREATE UNIQUE INDEX CONCURRENTLY waits for a writer' ],
	[ '0008 begin', 'INSERT INTO customer VALUES (0)', 'REINDEX CONCURRENTLY waits for a writer' ],
	[ '0008 begin', 'SELECT count(*) FROM note', 'REINDEX CONCURRENTLY waits for a snapshot' ],
	[ '0008 begin', 'SELECT count(*) FROM customer', 'REINDEX CONCURRENTLY waits for a reader' ],
	[ '0011 begin', 'SELECT count(*) FROM event', 'DETACH CONCURRENTLY waits for a reader' ],
	[ '0012 begin', 'SELECT count(*) FROM customer', 'DROP INDEX CONCURRENTLY waits for a reader' ])
{
	my ($point, $holder, $name) = @$wait;

	$test->dies_waiting($point, $holder, 'backend', $name);
	$test->dies_waiting($point, $holder, 'server', $name) if $all || $n++ % 2 == 0;
}

my $seed = $ENV{MIGRATOR_SEED} || time % 1_000_000 | 0;
srand $seed;
note("MIGRATOR_SEED=$seed");
for (1 .. ($all ? 60 : 20))
{
	# somewhere in the time that it takes from here to its end, or to the duplicates
	$test->dies_at_some_moment(rand() < 0.7 ? '0006 in the first' : '0001 note made', $duration);
}

# One database, one kill at each point, one after the other.
if ($all)
{
	$test->new_database;
	for my $point (@points)
	{
		$test->control("kill $point");
		my $offset = -s $node->logfile;
		my $up;

		# until it dies there
		do { finish_psql($up = $test->start_run) } while ($test->mend($up->{err}));
		$test->recovered($offset);
		$test->{kills}++;
	}
	$test->{kills}--;
	$test->ends_well('killed at each point of one run');
}

note("$test->{kills} kills tried, seed $seed");
diag("$test->{kills} kills tried");
$node->stop;
done_testing();
