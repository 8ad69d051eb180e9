# health(): in the shape of the sample that applications know; while a run is going on; on a standby, with files and without; after a promotion.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use JSON::PP;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# what an application's health endpoint answers
my $sample = decode_json(<<'JSON');
{
  "status": "healthy",
  "timestamp": "2024-01-15T10:30:00.000Z",
  "database": {
    "status": "healthy",
    "message": "Database connection and migrations are healthy",
    "details": {
      "migrationStatus": "Database is up to date!"
    }
  },
  "uptime": 3600,
  "memory": {
    "rss": 45678912,
    "heapTotal": 20971520,
    "heapUsed": 15728640,
    "external": 1234567
  }
}
JSON

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

sub catch_up { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('write')); return; }

sub health
{
	my ($node, $arguments) = @_;
	return decode_json($node->safe_psql('postgres', 'SELECT migrator.health(' . ($arguments // '') . ')'));
}

sub type_of
{
	my ($value) = @_;
	return ref $value if ref $value;
	return 'null' if !defined $value;
	return JSON::PP->new->allow_nonref->encode($value) =~ /^"/ ? 'string' : 'number';
}

# Every key of the sample is there with its type; words are the same, other strings have the same form.
sub has_shape
{
	my ($path, $wanted, $found) = @_;

	# what the operating system tells of a process, where it does
	my $none = $path =~ /\.memory\.(?:rss|external)$/ && !-e '/proc/self/statm';

	is(type_of($found), $none ? 'null' : type_of($wanted), "$path is of the sample's type");
	if (ref $wanted eq 'HASH')
	{
		has_shape("$path.$_", $wanted->{$_}, $found->{$_}) for sort keys %$wanted;
	}
	elsif (type_of($wanted) eq 'string')
	{
		(my $form = $wanted) =~ s/\d/0/g;
		is($found =~ s/\d/0/gr, $form, "$path reads as the sample's");
	}
	return;
}

my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a (i int)', '2_b.sql' => 'CREATE TABLE b (i int)' });
$primary->safe_psql('postgres', 'CREATE EXTENSION migrator');
$primary->safe_psql('postgres', "SELECT migrator.register('default', '$dir'); SELECT migrator.apply()");
catch_up();

for my $node ($primary, $standby)
{
	my $health = health($node);

	has_shape($node->name, $sample, $health);
	is_deeply([ @$health{qw(applied pending failed interrupted)} ], [ 2, 0, 0, 0 ], $node->name . ': counts');
	is($health->{database}{systemIdentifier}, $node->safe_psql('postgres', 'SELECT system_identifier FROM pg_control_system()'),
		$node->name . ': the cluster');
	is($health->{services}[0]{basedOn}, 'files', $node->name . ': file names were looked at');
}
ok(health($standby)->{database}{standby}, 'the standby says that it is one');
ok(!health($primary)->{database}{standby}, 'and the primary that it is none');

# a run in progress, with its migration and its lock
append_to_file("$dir/3_c.sql", 'SELECT pg_sleep(3600)');
{
	my $run = start_psql($primary, 'postgres', 'CALL migrator.up()');
	my $pid = wait_for_sleep($primary, 'postgres');
	my $health = health($primary);

	is($health->{status}, 'degraded', 'while a run is going on');
	is($health->{lock}{pid}, $pid, 'who has the lock');
	like($health->{lock}{since}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'since when, in the form of all times');
	is($health->{lastRun}{outcome}, 'running', 'what the last run does');
	is($health->{lastRun}{finishedAt}, undef, 'it has no end yet');
	catch_up();
	is(health($standby)->{status}, 'degraded', 'the standby sees the record of it');
	$primary->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	isnt(finish_psql($run), 0, 'the run was cancelled');
}
is(health($primary)->{status}, 'unhealthy', 'a cancelled migration has failed');
is(health($primary)->{database}{message}, 'Database connection is healthy, migrations are not: 1 migration has failed', 'and that is said');
unlink "$dir/3_c.sql" or die "unlink: $!";
is(health($primary)->{status}, 'healthy', 'its file was taken away, and it left nothing');

# a run that was killed, part by part
append_to_file("$dir/3_c.sql", "-- migrator: no-transaction\nCREATE TABLE c (i int);\nSELECT pg_sleep(3600);");
{
	my $run = start_psql($primary, 'postgres', 'CALL migrator.up()');
	my $pid = wait_for_sleep($primary, 'postgres');

	$primary->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	finish_psql($run);
	$primary->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)");
}
my $health = health($primary);
is($health->{status}, 'unhealthy', 'a run was killed');
is($health->{failed} + $health->{interrupted}, 1, 'what it left is counted');
write_files($dir, { '3_c.sql' => "-- migrator: no-transaction\nCREATE TABLE c (i int);\nSELECT 1;" });
$primary->safe_psql('postgres', 'CALL migrator.up()');
is(health($primary)->{status}, 'healthy', 'the next run finished it');
catch_up();
is(health($standby)->{status}, 'healthy', 'also for the standby');

# without files: on the primary that is trouble, on the standby the record is enough
rename $dir, "$dir.away" or die "rename: $!";
$health = health($primary);
is($health->{status}, 'degraded', 'without files, the primary');
like($health->{database}{message}, qr/the source cannot be read: could not open directory/, 'why');
$health = health($standby);
is($health->{status}, 'healthy', 'without files, the standby');
is($health->{database}{details}{migrationStatus}, 'Database is up to date, by the record alone', 'it says what that is based on');
is($health->{services}[0]{basedOn}, 'record', 'and for the service');
like($health->{services}[0]{note}, qr/the source is not read on this standby: could not open directory/, 'and why');
is($health->{pending}, undef, 'what is pending is not known');
rename "$dir.away", $dir or die "rename: $!";

# neither the record nor a file is waited for longer than is bearable
{
	my $locker = start_psql($primary, 'postgres', 'BEGIN', 'LOCK TABLE migrator.migrations', 'SELECT pg_sleep(3600)');
	my $pid = wait_for_sleep($primary, 'postgres');

	$health = health($primary, "service => 'default'");
	is($health->{status}, 'degraded', 'the record is locked');
	like($health->{database}{message}, qr/the record cannot be read now: canceling statement due to lock timeout/, 'and that is said');
	$health = health($primary);
	is($health->{status}, 'degraded', 'so it is for all services');
	is($health->{services}[0]{service}, '*', 'of which none is known now');
	$primary->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	finish_psql($locker);
}
is(health($primary)->{status}, 'healthy', 'not any more');

# a setting that a run would not accept: every reader raises it, or says it
{
	local $ENV{PGOPTIONS} = '-c migrator.no_such_setting=1';
	my $quiet = "SET client_min_messages = error; SELECT migrator.version();";

	for my $reader ('is_current()', 'assert_current()', 'summary()')
	{
		is((outcome_of($primary, 'postgres', "$quiet SELECT migrator.$reader"))[0], '22023', "$reader under an unknown setting");
	}
	is((outcome_of($primary, 'postgres', "$quiet SELECT migrator.apply()"))[0], '22023', 'as a run does');
	$health = health($primary);
	is($health->{status}, 'unhealthy', 'health() under an unknown setting');
	like($health->{database}{message}, qr/a run would stop: setting "migrator.no_such_setting" = "1" was not accepted/, 'and why');
}

# a cancel is one
{
	my ($state) = outcome_of($primary, 'postgres',
		"SET statement_timeout = '100ms'; BEGIN; LOCK TABLE migrator.migrations; SELECT pg_sleep(1), migrator.health()");
	is($state, '57014', 'a cancelled call raises');
}

$standby->promote;
$health = health($standby);
is($health->{status}, 'healthy', 'after the promotion');
ok(!$health->{database}{standby}, 'it is no standby any more');
is($standby->safe_psql('postgres', 'SELECT migrator.is_current()'), 't', 'is_current says the same');
$primary->stop;
$standby->stop;
done_testing();
