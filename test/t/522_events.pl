# Events where a run cannot tell them: its session dies, its transaction is prepared, the queue is full, commits are slow.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use IPC::Run;
use JSON::PP;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('events');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "max_prepared_transactions = 2\nsynchronous_commit = local\n");
$node->start;
my $major = int($node->safe_psql('postgres', 'SHOW server_version_num') / 10000);
if ($major >= 17)
{
	$node->append_conf('postgresql.conf', "max_notify_queue_pages = 64\n");
	$node->restart;
}
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');
my $n = 0;

# A session that stays: say($session, $sql) waits until all of it is done, and returns what came.
sub session
{
	my %session = (in => '', out => '', marks => 0);

	$session{handle} = IPC::Run::start([ $node->installed_command('psql'), '-XAtq', '-d', $node->connstr('postgres') ],
		'<', \$session{in}, '>&', \$session{out}, IPC::Run::timeout($MigratorTest::net));
	return \%session;
}

sub say
{
	my ($session, $sql) = @_;
	my $mark = 'mark ' . ++$session->{marks};

	$session->{out} = '';
	$session->{in} .= "$sql;\nSELECT '$mark';\n";
	$session->{handle}->pump until $session->{out} =~ /^$mark$/m;
	# what arrived behind the last statement is shown with the next one
	$session->{in} .= "\\echo $mark shown\n";
	$session->{handle}->pump until $session->{out} =~ /^$mark shown$/m;
	return $session->{out};
}

my $listener = session();
say($listener, 'LISTEN migrator');

# each event as "run event version sqlstate", since the last look
sub heard
{
	my @events = map { decode_json($_) } say($listener, 'SELECT 1') =~ /with payload "(\{.*\})" received/g;
	return join ', ', map { join ' ', grep { defined } @$_{qw(run_id event version sqlstate)} } @events;
}

# a source of one migration more each time
my $dir = source_dir({ '000_first.sql' => 'SELECT 1' });
sub another { write_files($dir, { sprintf('%03d_t.sql', ++$n) => $_[0] // "CREATE TABLE t$n (i int)" }); return $n; }
sub up { return outcome_of($node, 'postgres', "CALL migrator.up('$dir')"); }

# a session that dies tells nothing; the next run does
another('SELECT pg_sleep(3600)');
my $dying = start_psql($node, 'postgres', "CALL migrator.up('$dir')");
my $pid = wait_for_sleep($node, 'postgres');
is(heard(), '1 run_started, 1 applied 000', 'a run that stands');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
finish_psql($dying);
is(heard(), '', 'it dies without a word');
$n--;
another('SELECT 1');
is((up())[0], '00000', 'the next run');
is(heard(), '1 run_finished 57P02, 2 run_started, 2 applied 001, 2 run_finished', 'tells for it');

# a transaction that is prepared
another();
my (undef, undef, $err) = outcome_of($node, 'postgres', "BEGIN; SELECT count(*) FROM migrator.apply('$dir'); PREPARE TRANSACTION 'p'");
like($err, qr/WARNING:.*the events of this transaction are not sent, since it is prepared/, 'apply() can be prepared');
unlike($err, qr/ERROR/, 'and is');
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
is($node->safe_psql('postgres', "SELECT state FROM migrator.migrations WHERE version = '002'"), 'applied', 'its migration is applied');
is(heard(), '', 'its events are left out');
another();
up();
is(heard(), '4 run_started, 4 applied 003, 4 run_finished', 'those of the next transaction are not');

# Others commit notifications, and hold the lock that we need: lock_timeout is not for that.
$node->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
$node->reload;
my $slow = start_psql($node, 'postgres', 'SET synchronous_commit = on', 'BEGIN; CREATE TABLE slow (); NOTIFY other; COMMIT');
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") or die 'no commit waits';
another();
my $waiting = start_psql($node, 'postgres', "SET lock_timeout = '50ms'", "CALL migrator.up('$dir')");
ok( $node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND locktype = 'object' AND clock_timestamp() - waitstart > '300ms'"),
	'a run waits for longer than lock_timeout');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names');
$node->reload;
is(finish_psql($slow), 0, 'the other one commits');
is(finish_psql($waiting), 0, 'then the run') or diag($waiting->{err});
is(heard(), '5 run_started, 5 applied 004, 5 run_finished', 'and tells');

# A standby cannot NOTIFY, and drift() says there what it says.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', 'CREATE TABLE by_hand (i int)');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', 'SELECT count(*) FROM migrator.drift()'), 2, 'drift() on a standby');
$standby->stop;
is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.drift()'), 2, 'and on its primary');
is(heard(), 'drift_found', 'which tells');

# A session that listens and does not end its transaction keeps the queue.
SKIP:
{
	skip 'the queue has 8 GB before PostgreSQL 17, which takes too long to fill', 15 if $major < 17;

	my $idle = session();
	my $filler = session();
	my $fill = sub { say($filler, "SELECT count(pg_notify('other', repeat('a', 7000) || clock_timestamp())) FROM generate_series(1, $_[0])"); return; };
	my $usage = sub { return $node->safe_psql('postgres', 'SELECT pg_notification_queue_usage()'); };

	say($idle, 'LISTEN other; BEGIN; SELECT 1');
	$fill->(25);
	another();
	is((up())[0], '00000', 'a run with a queue of less than half');
	is(heard(), '6 run_started, 6 drift_found, 6 applied 005, 6 run_finished', 'tells');
	$fill->(10);
	cmp_ok($usage->(), '>', 0.5, 'more than half');
	for my $text ('more than half', 'full')
	{
		another() for 1 .. 3;
		my ($state, undef, $said) = up();
		my @warnings = $said =~ /WARNING:.*(events are not sent: the notification queue is \d+% full)/g;

		is($state, '00000', "$text: a run does its work");
		is(scalar @warnings, 1, "$text: with one WARNING");
		another();
		($state, undef, $said) = outcome_of($node, 'postgres', "SELECT * FROM migrator.apply('$dir')");
		is($state, '00000', "$text: and so does apply()");
		is(heard(), '', "$text: nothing is told");
		next if $text eq 'full';
		$fill->(1) while $usage->() < 0.97 && $n++ < 200;
		my ($code) = outcome_of($node, 'postgres', "SELECT pg_notify('other', repeat('b', 7000) || i) FROM generate_series(1, 10) i");
		is($code, '54000', 'the queue is full: NOTIFY fails');
	}
	# a call that would fill it by itself: what has room is told
	say($idle, 'COMMIT');
	$fill->(1);
	cmp_ok($usage->(), '<', 0.1, 'the queue is empty again');
	write_files($dir, { map { sprintf('9%03d_%s.sql', $_, 'x' x 200) => 'SELECT 1' } 1 .. 900 });
	say($idle, 'BEGIN; SELECT 1');
	my ($state, undef, $said) = outcome_of($node, 'postgres', "SELECT count(*) FROM migrator.apply('$dir')");
	is($state, '00000', 'a transaction with more events than the queue has room for');
	like($said, qr/events are not sent/, 'says so');
	$_->{handle}->kill_kill for $idle, $filler;
}
$listener->{handle}->kill_kill;
$node->stop;
done_testing();
