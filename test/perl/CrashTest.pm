package CrashTest;
# kill -9 of the backend and of the server at any point of a run, and what the next runs make of it: shared by the tests of
# the two directions. Scripts call tap_point() between their statements; what it does stands in a file on the server.
use strict;
use warnings;

use MigratorTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

# new($node, call => SQL, ...): a server whose database fresh has the extension. A run is call. Besides:
#   prepare  SQL, what else fresh has
#   event    of history, counted for each version: it happens once
#   mend     [[qr/error/, SQL, name], ...]: what a person would do after which error
#   behind   sub($point): whether a run gets there only after it was mended
sub new
{
	my ($class, $node, %of) = @_;
	my $self = bless { node => $node, kills => 0, ways => 0, serial => 0, %of }, $class;

	# an asynchronous commit stays off the disk as long as it can, so that a kill can lose it
	$node->append_conf('postgresql.conf',
		"restart_after_crash = on\nautovacuum = off\nfsync = off\nwal_level = replica\nwal_writer_delay = 10s\n");
	$node->start;

	# The file control says `kill POINT`, or `pause POINT`, and then until it says otherwise; its pid is in the file paused.
	my $desk = $self->{desk} = source_dir({ control => '' });
	$node->safe_psql('postgres', qq{
		CREATE DATABASE fresh;
		\\connect fresh
		CREATE EXTENSION migrator;
		CREATE FUNCTION tap_point(point text) RETURNS void LANGUAGE plpgsql AS \$\$
		BEGIN
		  IF pg_read_file('$desk/control') = 'kill ' || point THEN
		    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || pg_backend_pid());
		    PERFORM pg_sleep(3600);
		  END IF;
		  IF pg_read_file('$desk/control') = 'pause ' || point THEN
		    EXECUTE format('COPY (SELECT pg_backend_pid()) TO %L', '$desk/paused');
		    WHILE pg_read_file('$desk/control') = 'pause ' || point LOOP
		      PERFORM pg_sleep(0.005);
		    END LOOP;
		  END IF;
		END \$\$;
		CREATE FUNCTION tap_rows() RETURNS SETOF text LANGUAGE plpgsql AS \$\$
		DECLARE
		  t regclass;
		BEGIN
		  FOR t IN SELECT c.oid FROM pg_class c WHERE relkind = 'r' AND relnamespace IN
		             (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'other')) ORDER BY c.oid::regclass::text LOOP
		    RETURN QUERY EXECUTE format('SELECT %L || r::text FROM %s r ORDER BY 1', t::text || ' ', t);
		  END LOOP;
		END \$\$;
	});
	$node->safe_psql('fresh', $of{prepare}) if $of{prepare};
	return $self;
}

sub control
{
	my ($self, $text) = @_;
	my $desk = $self->{desk};

	write_files($desk, { 'control.new' => $text });
	rename "$desk/control.new", "$desk/control" or die $!;
	return;
}

# $test->{db} is a new copy of fresh
sub new_database
{
	my ($self) = @_;
	my $old = $self->{db};

	$self->{db} = 'd' . ++$self->{serial};
	$self->{node}->safe_psql('postgres',
		($old ? "DROP DATABASE $old (FORCE);" : '') . "ALTER SYSTEM RESET ALL; CREATE DATABASE $self->{db} TEMPLATE fresh; CHECKPOINT");
	unlink "$self->{desk}/paused";
	$self->control('');
	return;
}

sub wait_until
{
	my ($what, $test) = @_;
	for (my $end = time + $MigratorTest::net; time < $end; sleep 0.01) { my $got = $test->(); return $got if $got; }
	die "$what does not come to pass";
}

sub start_run { my ($self) = @_; return start_psql($self->{node}, $self->{db}, $self->{call}); }

# The pid of the run that pauses.
sub paused
{
	my ($self) = @_;
	my $file = "$self->{desk}/paused";

	return wait_until('pause', sub { -e $file && slurp_file($file) =~ /^(\d+)\n/ ? $1 : 0 });
}

# The run, again and again, with what a person would do between; returns what had to be done.
sub finish_run
{
	my ($self) = @_;
	my @did;

	for (1 .. 6)
	{
		my $psql = $self->start_run;
		my $code = finish_psql($psql);

		return @did if $code eq '0';
		my $how = $self->mend($psql->{err});
		if (!$how)
		{
			diag("exit $code\n$psql->{err}");
			return (@did, 'failed');
		}
		push @did, $how;
	}
	return (@did, 'never ends');
}

# Does what a person would do after this error; returns its name, or undef.
sub mend
{
	my ($self, $err) = @_;

	for my $row (@{ $self->{mend} })
	{
		my ($pattern, $sql, $name) = @$row;
		next unless $err =~ $pattern;
		$self->{node}->safe_psql($self->{db}, $sql);
		return $name;
	}
	return undef;
}

# All that has to be equal in the end.
sub picture
{
	my ($self) = @_;
	my $node = $self->{node};
	my ($dump) = run_command([ $node->installed_command('pg_dump'), '-s', '-N', 'migrator', '-d', $node->connstr($self->{db}) ]);

	$dump =~ s/^(?:--.*|\\(?:un)?restrict .*|)\n//mg;
	return join "\n", $dump, $node->safe_psql($self->{db}, qq{
		SELECT indexrelid::regclass, indisvalid, indisready, indislive, pg_get_indexdef(indexrelid) FROM pg_index
		 WHERE indrelid >= 16384 AND indexrelid::regclass::text !~ '^migrator' AND indrelid::regclass::text !~ 'toast' ORDER BY indexrelid::regclass::text;
		SELECT tap_rows();
		SELECT service, version, state, direction, checksum FROM migrator.migrations ORDER BY 1, 2;
		SELECT version, count(*) FROM migrator.history WHERE event = '$self->{event}' GROUP BY 1 ORDER BY 1;
		SELECT 'running: ', count(*) FROM migrator.migrations WHERE state = 'running';
		SELECT 'runs without an end: ', count(*) FROM migrator.runs WHERE finished_at IS NULL OR outcome = 'running';
		SELECT 'advisory locks: ', count(*) FROM pg_locks WHERE locktype = 'advisory';
		SELECT 'settings: ', setting FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf';
	});
}

# The run that nobody disturbs: what all others are compared with.
sub undisturbed
{
	my ($self, $did) = @_;

	$self->new_database;
	is(join(' ', $self->finish_run), $did, 'undisturbed');
	unlike($self->{wanted} = $self->picture, qr/\|f\|.*CREATE/, 'no invalid index');
	return $self->{wanted};
}

sub recovered
{
	my ($self, $offset) = @_;
	wait_until('recovery', sub { slurp_file($self->{node}->logfile, $offset) =~ /ready to accept connections/ });
	return;
}

sub kill_backend
{
	my ($self, $pid) = @_;
	my $offset = -s $self->{node}->logfile;
	kill 'KILL', $pid or return 0;
	$self->recovered($offset);
	return 1;
}

# One of two ways in turn: the postmaster and the run die at once; all get SIGQUIT.
sub kill_server
{
	my ($self, $pid) = @_;
	my $node = $self->{node};

	if ($self->{ways}++ % 2)
	{
		$node->stop('immediate');
		$node->start;
		return;
	}
	$node->kill9;
	kill 'KILL', $pid if $pid;

	# its children have to notice before another one can use their memory
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if $node->start(fail_ok => 1);
		sleep 0.1;
		$node->stop('fast', fail_ok => 1);
	}
	return;
}

sub ends_well
{
	my ($self, $name) = @_;

	$self->{kills}++;
	$self->control('');
	my @did = $self->finish_run;
	my $wanted = $self->{wanted};
	my $got = $self->picture;
	ok($got eq $wanted, $name) or do
	{
		my %wanted = map { $_ => 1 } split /\n/, $wanted;
		my %got = map { $_ => 1 } split /\n/, $got;
		diag("did: @did\n", (map { "missing: $_\n" } grep { !$got{$_} } split /\n/, $wanted),
			map { "too much: $_\n" } grep { !$wanted{$_} } split /\n/, $got);
	};
	return;
}

# A run that comes to a point: the first one, or where the point lies behind the duplicates the one after they were mended.
sub run_to
{
	my ($self, $control, $point) = @_;

	$self->new_database;
	if ($self->{behind}->($point))
	{
		my $psql = $self->start_run;
		finish_psql($psql);
		$self->mend($psql->{err});
	}
	$self->control("$control $point");
	return $self->start_run;
}

# $then is called with the point, between the crash and the next run.
sub backend_dies_at
{
	my ($self, $point, $then) = @_;
	my $offset = -s $self->{node}->logfile;
	my $run = $self->run_to('kill', $point);

	isnt(finish_psql($run), 0, "$point: killed");
	$self->recovered($offset);
	$self->control('');
	$then->($point) if $then;
	$self->ends_well("backend killed at: $point");
	return;
}

sub server_dies_at
{
	my ($self, $point) = @_;
	my $run = $self->run_to('pause', $point);

	$self->kill_server($self->paused);
	finish_psql($run);
	$self->ends_well("server killed at: $point");
	return;
}

# In the middle of a statement that waits for another session: the run comes out of the point before it into that wait.
# $what: backend or server
sub dies_waiting
{
	my ($self, $point, $holder_sql, $what, $name) = @_;
	my $node = $self->{node};
	my $run = $self->run_to('pause', $point);
	my $pid = $self->paused;
	my $holder = start_psql($node, $self->{db}, 'BEGIN ISOLATION LEVEL REPEATABLE READ', $holder_sql, 'SELECT pg_sleep(3600)');

	wait_until('holder', sub { $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE datname = '$self->{db}' AND query = 'SELECT pg_sleep(3600)' AND wait_event = 'PgSleep'") });
	$self->control('');
	wait_until('wait', sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid AND NOT granted") });
	if ($what eq 'backend') { $self->kill_backend($pid) }
	else { $self->kill_server($pid) }
	finish_psql($_) for $run, $holder;
	$self->ends_well("$name, $what killed");
	return;
}

# From outside, at any moment within so many seconds from the point on.
sub dies_at_some_moment
{
	my ($self, $point, $seconds) = @_;
	my $log = $self->{node}->logfile;
	my $run = $self->run_to('pause', $point);
	my $pid = $self->paused;

	$self->control('');
	sleep rand($seconds);
	my $offset = -s $log;
	my $hit = kill 'KILL', $pid;
	finish_psql($run);

	# it may have been about to end, which is no crash; its parent says so when it has seen to it
	if ($hit)
	{
		wait_until('end of the backend', sub { !kill 0, $pid });
		my $crashed = sub { slurp_file($log, $offset) =~ /process \(PID $pid\) was terminated by signal 9/ };
		for (my $end = time + 2; time < $end && !$crashed->(); sleep 0.02) { }
		$hit = $crashed->();
		$self->recovered($offset) if $hit;
	}
	$self->ends_well('backend killed at some moment');
	$self->{kills}-- unless $hit;
	return;
}

1;
