# A cancel that hits not a script but what a CALL up does round it: the end of its row in "runs", and the return of the
# session's settings. The run gets its end, and nothing of a script stays in the session.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('up_bookkeeping');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nwal_level = logical\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION migrator;
	CREATE ROLE other;
	CREATE SCHEMA other;
	CREATE TABLE gate ();
	CREATE TEXT SEARCH CONFIGURATION conf (COPY = simple);
});

my $serial = 0;

sub wait_until
{
	my ($what, $query) = @_;
	for (my $end = time + $MigratorTest::net; time < $end; sleep 0.02)
	{
		my ($code, $out) = $node->psql('postgres', $query);
		return $out if defined $code && $code == 0 && defined $out && $out ne '' && $out ne 'f' && $out ne '0';
	}
	die "$what does not come to pass";
}

# A session that goes on after an error, and then says who and where it is.
sub start_session
{
	my (@statements) = @_;
	my %session = (out => '', err => '');
	my $tag = 'session' . ++$serial;

	$session{tag} = $tag;
	$session{handle} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
			map { ('-c', $_) } "SET application_name = '$tag'", @statements,
			q{SELECT 'left: ' || concat_ws(' ', current_user, current_setting('search_path'), current_setting('default_text_search_config'))} ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($MigratorTest::net));
	return \%session;
}

# Who waits for a lock of some kind since when: pid and time.
sub waits
{
	my ($session, $what, $not) = @_;
	return split / /,
		wait_until("wait of $session->{tag}", "SELECT l.pid || ' ' || extract(epoch FROM l.waitstart) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE a.application_name = '$session->{tag}' AND NOT l.granted AND l.waitstart IS NOT NULL AND $what"
		. ($not ? " AND extract(epoch FROM l.waitstart) <> $not" : ''));
}

sub holder
{
	my (@sql) = @_;
	my $holder = start_session('BEGIN', @sql, 'SELECT pg_sleep(3600)');
	$holder->{pid} = wait_until('holder',
		"SELECT pid FROM pg_stat_activity WHERE application_name = '$holder->{tag}' AND wait_event = 'PgSleep'");
	return $holder;
}

sub let_go
{
	my ($holder) = @_;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($holder->{pid})");
	finish_psql($holder);
	return;
}

sub cancel { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])"); return; }

sub runs { return $node->safe_psql('postgres',
	"SELECT string_agg(outcome || CASE WHEN finished_at IS NULL THEN ' open' ELSE '' END, ', ' ORDER BY run_id) FROM migrator.runs WHERE service = '$_[0]'"); }

# The row of the run is locked, so that its end has to wait; the wait is cancelled once or twice.
for my $times (1, 2)
{
	my $service = "end$times";
	my $dir = source_dir({ '1_a.sql' => "CREATE TABLE ${service}_a (); LOCK TABLE gate;" });
	my $gate = holder('LOCK TABLE gate');
	my $up = start_session("CALL migrator.up('$dir', '$service')", 'SELECT 1');
	my ($pid, $since) = waits($up, "l.locktype = 'relation'");
	my $row = holder("SELECT FROM migrator.runs WHERE service = '$service' FOR UPDATE");

	let_go($gate);
	($pid, $since) = waits($up, "l.locktype = 'transactionid'");
	cancel($pid);
	($pid, $since) = waits($up, "l.locktype = 'transactionid'", $since);
	cancel($pid) if $times == 2;
	if ($times == 2) { finish_psql($up); let_go($row); } else { let_go($row); finish_psql($up); }
	like($up->{err}, qr/ERROR:  57014: canceling statement due to user request/, "end cancelled $times: the cancel is not lost");
	is(runs($service), $times == 1 ? 'applied' : 'running open', "end cancelled $times: the run");

	# nothing to do, but for the end of the one before
	is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', '$service')"))[0], '00000', "end cancelled $times: the next up");
	is(runs($service), $times == 1 ? 'applied' : 'interrupted', "end cancelled $times: the run after the next up");
}

# An open run that is in progress is let alone by a look that finds nothing to do.
{
	my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE work_a ();' });
	$node->safe_psql('postgres', "CALL migrator.up('$dir', 'work')");
	write_files($dir, { '2_b.sql' => 'LOCK TABLE gate;' });
	my $gate = holder('LOCK TABLE gate');
	my $up = start_session("CALL migrator.up('$dir', 'work')");
	waits($up, "l.locktype = 'relation'");
	is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', 'work', target => '1')"))[0], '00000', 'in progress: nothing else to do');
	is(runs('work'), 'applied, running open', 'in progress: its row is let alone');
	let_go($gate);
	finish_psql($up);
	is(runs('work'), 'applied, applied', 'in progress: its own end');
}

# The settings come back by a look into a catalog, which is locked; the wait is cancelled once or twice. In a script that fails,
# and in one that comes to its end.
$node->safe_psql('postgres', 'CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO other');
for my $times (1, 2)
{
	for my $end ('fails', 'ends')
	{
		my $service = "settings$times$end";
		my $name = "settings, script that $end, cancelled $times";
		my $dir = source_dir({ '1_a.sql' => "SET default_text_search_config = 'simple'; SET search_path = other; SET ROLE other; RESET " .
			"ROLE; SET ROLE other; VACUUM public.theirs;\n"
			. 'DO $$BEGIN PERFORM FROM public.gate; END$$;' . ($end eq 'fails' ? ' SELECT 1/0;' : '') });
		$node->safe_psql('postgres', 'GRANT SELECT ON gate TO other');
		my $gate = holder('LOCK TABLE gate');
		my $up = start_session("SET default_text_search_config = 'public.conf'", "CALL migrator.up('$dir', '$service')");
		my ($pid, $since) = waits($up, "l.relation = 'gate'::regclass");

		# what it knows of the catalog is to be looked up again
		$node->safe_psql('postgres', 'ALTER TEXT SEARCH CONFIGURATION conf RENAME TO x; ALTER TEXT SEARCH CONFIGURATION x RENAME TO conf');
		my $catalog = holder('LOCK TABLE pg_ts_config');

		let_go($gate);
		($pid, $since) = waits($up, "l.relation = 'pg_ts_config'::regclass");
		cancel($pid);
		($pid, $since) = waits($up, "l.relation = 'pg_ts_config'::regclass", $since);
		cancel($pid) if $times == 2;
		if ($times == 2) { finish_psql($up); let_go($catalog); } else { let_go($catalog); finish_psql($up); }
		my $me = $node->safe_psql('postgres', 'SELECT current_user');
		if ($times == 2)
		{
			like($up->{err}, qr/FATAL:  57014: terminating connection because the settings before a migration could not be restored/, "$name: the session ends");
			unlike($up->{out}, qr/left:/, "$name: and is gone");
		}
		else
		{
			like($up->{err}, $end eq 'fails' ? qr/ERROR:  22012: / : qr/ERROR:  57014: /, "$name: the error");
			like($up->{out}, qr/^left: \Q$me\E "\$user", public public.conf$/m, "$name: the session is as before");
		}
		write_files($dir, { '1_a.sql' => slurp_file("$dir/1_a.sql") =~ s{1/0}{1/1}r });
		is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', '$service')"))[0], '00000', "$name: the next up");
		is($node->safe_psql('postgres', "SELECT state FROM migrator.migrations WHERE service = '$service'"), 'applied', "$name: applied");
		is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.runs WHERE finished_at IS NULL'), 0, "$name: no run is left");
	}
}

# A statement that wants to be the first to write in its transaction.
{
	my $dir = source_dir({ '1_slot.sql' => "VACUUM gate;\nSELECT pg_create_logical_replication_slot('migrator_slot', " .
		"'pgoutput');\nINSERT INTO gate DEFAULT VALUES;\n" });
	is((outcome_of($node, 'postgres', "CALL migrator.up('$dir', 'slot')"))[0], '00000', 'a replication slot');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'migrator_slot'"), 1, 'is there');
	$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('migrator_slot')");
}

$node->stop;
done_testing();
