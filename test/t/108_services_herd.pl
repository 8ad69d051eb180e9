# Instances of an application start at once, and each CALLs up for all services, which need each other and take turns. Then one
# is killed between two turns, and the next one goes on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $instances = 12;
my $rounds = 8;
my $node = PostgreSQL::Test::Cluster->new('services_herd');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nmigrator.wait_timeout = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE counted (service text, version int)');

my @services = ('one', 'two', 'three');
my %dirs = map { $_ => source_dir() } @services;
my $files = 0;

# One version more for each service: "one" needs that of "two", "two" that of "three", and "three" the one before of "one".
sub next_release
{
	my ($slow) = @_;
	my %needs = (one => [ 'two', 0 ], two => [ 'three', 0 ], three => [ 'one', 1 ]);

	$files++;
	for my $service (@services)
	{
		my ($other, $behind) = @{ $needs{$service} };
		my @entries = map { my $v = $_ - $behind; $v > 0 ? qq("$_": {"cross_service_dependencies": {"$other": ["$v"]}}) : () } 1 .. $files;

		write_files($dirs{$service},
			{
				"${files}_x.sql" => "INSERT INTO counted VALUES ('$service', $files);\n"
				  . ($slow && $service eq $slow ? "SELECT pg_sleep(3600);\n" : ''),
				'dependencies.json' => '{"migrations": {' . join(', ', @entries) . '}}'
			});
	}
	$node->safe_psql('postgres', join ';', map { "SELECT migrator.register('$_', '$dirs{$_}')" } @services);
	return;
}

sub complete
{
	my ($name) = @_;

	is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT (service, version)) FROM counted'),
		join('|', (3 * $files) x 2), "$name: each migration ran once");
	is(applied_once($node, 'postgres'), 3 * $files . ' versions, 0 of them not once', "$name: and is on record once");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, "$name: no lock is left");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL}), 0, "$name: no run is left");
	return;
}

for my $round (1 .. $rounds)
{
	# two releases at a time: no service can be run as a whole
	next_release() for 1 .. 2;

	my @sessions = map { start_psql($node, 'postgres', "CALL migrator.up(service => '*')") } 1 .. $instances;
	my @codes = map { finish_psql($_) } @sessions;
	my @bad = grep { $codes[$_] ne '0' } 0 .. $#codes;

	is(scalar(@bad), 0, "round $round: all exit 0");
	diag("exit $codes[$_]: $sessions[$_]->{err}") for @bad;
	complete("round $round");
}

# Of one release each service is run as a whole: "one" is the last, and is killed.
{
	next_release('one');
	my $session = start_psql($node, 'postgres', "CALL migrator.up(service => '*')");
	my $pid = wait_for_sleep($node, 'postgres');

	is($node->safe_psql('postgres', q{SELECT string_agg(service, ' ' ORDER BY service) FROM migrator.locks}), 'one', 'the locks of one service are held');
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	isnt(finish_psql($session), 0, 'it is killed');
	is($node->safe_psql('postgres', "SELECT string_agg(service, ' ' ORDER BY service) FROM counted WHERE version = $files"),
		'three two', 'what came before it stays');
	write_files($dirs{one}, { "${files}_x.sql" => "INSERT INTO counted VALUES ('one', $files);\n" });
	$node->safe_psql('postgres', "SELECT migrator.register('one', '$dirs{one}')");
	like($node->safe_psql('postgres', "CALL migrator.up(service => '*')"), qr/"applied": 1,/,
		'the next one goes on');
	complete('killed');
}

$node->stop;
done_testing();
