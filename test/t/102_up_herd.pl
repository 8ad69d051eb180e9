# 64 instances of an application start at once, and each CALLs up for each of its services.
# MIGRATOR_HERD_ROUNDS: how many rounds, each with new files.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $instances = 64;
my $rounds = $ENV{MIGRATOR_HERD_ROUNDS} || 20;
my @services = ('one', 'two', 'three');
my $node = PostgreSQL::Test::Cluster->new('up_herd');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 100\nfsync = off\nautovacuum = off\nmigrator.wait_timeout = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE counted (service text, version int)');

my %dirs = map { $_ => source_dir() } @services;
my $files = 0;

# Four migrations more for each service; the second one CREATE INDEX CONCURRENTLY, with statements round it.
sub next_release
{
	for my $service (@services)
	{
		my $count = sub { "INSERT INTO counted VALUES ('$service', $_[0]);\n" };
		my $name = sub { sprintf('%04d_%s.sql', $_[0], $service) };
		my ($first, $second, $third, $fourth) = map { $files + $_ } 1 .. 4;

		write_files($dirs{$service},
			{
				$name->($first) => "CREATE TABLE ${service}_$first (i int);\n" . $count->($first),
				$name->($second) => $count->($second) . "CREATE INDEX CONCURRENTLY ON ${service}_$first (i);\n"
				  . "CREATE INDEX CONCURRENTLY ${service}_i$second ON ${service}_$first (i);\n",
				$name->($third) => "BEGIN;\n" . $count->($third) . "COMMIT;\nVACUUM ${service}_$first;\n",
				$name->($fourth) => $count->($fourth)
			});
	}
	$files += 4;
	return;
}

sub finish_all
{
	my ($name, @sessions) = @_;
	my @codes = map { finish_psql($_) } @sessions;
	my @bad = grep { $codes[$_] ne '0' } 0 .. $#codes;

	is(scalar(@bad), 0, "$name: all exit 0");
	diag("exit $codes[$_]: $sessions[$_]->{err}") for @bad;
	return join('', map { $_->{out} } @sessions);
}

sub applied_in { my ($out) = @_; my $n = 0; $n += $1 while $out =~ /"applied": (\d+)/g; return $n; }

sub complete
{
	my ($name) = @_;

	is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT (service, version)) FROM counted'),
		join('|', (3 * $files) x 2), "$name: each migration ran once");
	is(applied_once($node, 'postgres'), 3 * $files . ' versions, 0 of them not once', "$name: and is on record once");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE NOT indisvalid}), 0, "$name: no invalid index");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, "$name: no lock is left");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL}), 0, "$name: no run is left");
	return;
}

sub calls { return map { "CALL migrator.up('$dirs{$_}', '$_')" } @_; }

for my $round (1 .. $rounds)
{
	next_release();

	# each begins with another service
	my $out = finish_all("round $round",
		map { my $n = $_; start_psql($node, 'postgres', calls(map { $services[($n + $_) % 3] } 0 .. 2)) } 1 .. $instances);
	is(applied_in($out), 12, "round $round: together they report each migration once");
	is(scalar(grep { /"applied": [1-9]/ || /"outcome": "up_to_date"/ } split /\n/, $out), 3 * $instances,
		"round $round: late comers are up to date");
	complete("round $round");
}

# One of these may not wait for the other: apply holds a snapshot, and the index is built concurrently.
{
	next_release();
	my $out = finish_all('up and apply mixed',
		map
		{
			my $service = $services[ $_ % 3 ];
			start_psql($node, 'postgres',
				$_ % 2 ? calls($service)
				: "SELECT version, outcome FROM migrator.apply('$dirs{$service}', '$service', target => '" . ($files - 3) . "', if_locked => 'skip')")
		} 1 .. $instances);
	is(applied_in($out) + scalar(() = $out =~ /\|applied$/mg), 12, 'up and apply mixed: together they report each migration once');
	complete('up and apply mixed');
}

# A broken release: one at a time finds out, and each of them says so.
{
	write_files($dirs{one}, { sprintf('%04d_broken.sql', $files + 1) => 'SELECT 1/0' });
	my @sessions = map { start_psql($node, 'postgres', calls('one')) } 1 .. 16;
	my @codes = map { finish_psql($_) } @sessions;

	is(scalar(grep { $_ ne '1' } @codes), 0, 'a broken migration: all exit 1');
	is(scalar(grep { $_->{err} !~ /ERROR:  22012: division by zero/ } @sessions), 0, 'all have the original error');
	complete('a broken migration');
}

$node->stop;
done_testing();
