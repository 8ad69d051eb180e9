# kill -9 of the backend and of the server at every statement of a CALL down: the next down makes of it what a run that
# nobody disturbed makes. MIGRATOR_CRASH_ALL=1 kills the server at each point too, and adds more random moments.
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
my $dir = "$FindBin::RealBin/../fixtures/down_crash";
my $node = PostgreSQL::Test::Cluster->new('down_crash');
$node->init;

my $test = CrashTest->new($node,
	call => "CALL migrator.down('$dir', target => '')",
	prepare => "CREATE TABLE note (what text); CALL migrator.up('$dir')",
	event => 'rolled_back',
	behind => sub { $_[0] lt '0005' || $_[0] eq '0005 index made' },
	mend => [ [ qr/23505.*"customer_email"/, 'DELETE FROM customer WHERE id > 95', 'mended' ] ]);

# in the order in which they come
my @points = map { slurp_file($_) =~ /tap_point\('([^']+)'\)/g } reverse sort glob("$dir/*.down.sql");

like($test->undisturbed('mended'), qr/^default\|0001\|rolled_back\|/m, 'it gets to the end');
my $duration = $node->safe_psql($test->{db}, "SELECT max(duration_ms) / 1000 FROM migrator.runs WHERE kind = 'down'");
note("a run takes $duration s");
cmp_ok(scalar(@points), '>', 25, 'points');

# What is half-way back is not for up.
sub lets_up_alone
{
	my ($point) = @_;

	return unless $node->safe_psql($test->{db}, "SELECT count(*) FROM migrator.migrations WHERE direction = 'down'");
	my ($code, $out, $err) = $node->psql($test->{db}, "CALL migrator.up('$dir')");
	like($err, qr/migration "\d+" is partly rolled back/, "$point: up refuses it");
	return;
}

my $n = 0;
for my $point (@points)
{
	$test->backend_dies_at($point, \&lets_up_alone);
	$test->server_dies_at($point) if $all || $n++ % 3 == 0;
}

for my $wait (
	[ '0003 begin', 'SELECT count(*) FROM customer', 'DROP INDEX CONCURRENTLY waits for a reader' ],
	[ '0005 begin', 'INSERT INTO customer VALUES (0)', 'CREATE UNIQUE INDEX CONCURRENTLY waits for a writer' ],
	[ '0007 begin', 'INSERT INTO customer VALUES (0)', 'REINDEX CONCURRENTLY waits for a writer' ],
	[ '0010 begin', 'SELECT count(*) FROM event', 'DETACH CONCURRENTLY waits for a reader' ])
{
	my ($point, $holder, $name) = @$wait;

	$test->dies_waiting($point, $holder, 'backend', $name);
	$test->dies_waiting($point, $holder, 'server', $name) if $all || $n++ % 2 == 0;
}

my $seed = $ENV{MIGRATOR_SEED} || time % 1_000_000 | 0;
srand $seed;
note("MIGRATOR_SEED=$seed");
for (1 .. ($all ? 40 : 10))
{
	# somewhere in the time that it takes from here to its end, or to the duplicates
	$test->dies_at_some_moment(rand() < 0.7 ? '0007 begin' : '0012 in it', $duration);
}

note("$test->{kills} kills tried, seed $seed");
diag("$test->{kills} kills tried");
$node->stop;
done_testing();
