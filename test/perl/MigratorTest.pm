package MigratorTest;
# What the TAP tests share: source directories, sessions in the background, the record as text.
#
# With MIGRATOR_STAGED in the environment each directory in a statement is staged before psql or pgbench sends it, and
# named as stage:NAME: the same test, of files that a client sent.
use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use File::Find ();
use File::Path ();
use IPC::Run;
use PostgreSQL::Test::Cluster ();
use PostgreSQL::Test::Utils ();
use Test::More;

our @EXPORT = qw(source_dir write_files write_tables record_set history_set applied_once
  outcome_of start_psql finish_psql wait_for_sleep psql_as start_pgbouncer);

# A bound against hangs, in seconds; nothing is ever judged by it.
our $net = $PostgreSQL::Test::Utils::timeout_default || 180;

# source_dir({file => content, ...}): a new directory, gone when the test ends.
sub source_dir
{
	my ($files) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();

	chmod 0755, $dir;
	write_files($dir, $files || {});
	return $dir;
}

# start_pgbouncer($node, $name, $mode): PgBouncer in that mode (transaction) before the node, two server connections for many clients.
# Returns its process and the command that runs psql through it; or undef and the reason why there is none. Tests that it
# comes up.
sub start_pgbouncer
{
	my ($node, $name, $mode) = @_;
	my ($bouncer) = grep { -x $_ } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';

	return (undef, 'pgbouncer is not installed') unless $bouncer;
	return (undef, 'pgbouncer does not run as root') if $> == 0;

	my $home = PostgreSQL::Test::Utils::tempdir_short();
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $log = "$PostgreSQL::Test::Utils::log_path/$name.out";

	# auth_type any takes every client for the one user named here
	my $user = $node->safe_psql('postgres', 'SELECT session_user');
	write_files($home,
		{
			'pgbouncer.ini' => join("\n",
				'[databases]', '* = host=' . $node->host . ' port=' . $node->port . " user=$user",
				'[pgbouncer]', 'listen_addr =', "listen_port = $port", "unix_socket_dir = $home", 'auth_type = any',
				'pool_mode = ' . ($mode || 'transaction'), 'default_pool_size = 2', 'server_lifetime = 3600',
				"logfile = $log", '')
		});
	my $process = IPC::Run::start([ $bouncer, '-q', "$home/pgbouncer.ini" ], '<', \undef, '>', \my $out, '2>', \my $err);
	my $up = 0;
	my @psql = ($node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', "host=$home port=$port dbname=postgres user=$user");
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$up = (PostgreSQL::Test::Utils::run_command([ @psql, '-c', 'SELECT 1' ]))[0] eq '1';
		last if $up;
		select undef, undef, undef, 0.1;
	}
	ok($up, 'pgbouncer runs') or diag(PostgreSQL::Test::Utils::slurp_file($log));
	return ($process, \@psql);
}

sub write_files
{
	my ($dir, $files) = @_;

	for my $name (sort keys %$files)
	{
		(my $folder = "$dir/$name") =~ s,/[^/]*$,,;
		File::Path::make_path($folder);
		open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
		binmode $out;
		print $out $files->{$name};
		close $out or die "$dir/$name: $!";
	}

	# for a run that is in progress, or waits, and was told its source before
	stage($_, $dir) for staged_at($dir);
	return;
}

# Files FROM to TO, each with a table of its own and a row in it, PREFIX before the table's number.
sub write_tables
{
	my ($dir, $from, $to, $prefix) = @_;

	$prefix //= 't';
	write_files($dir,
		{ map { sprintf('%04d_%s.sql', $_, $prefix) => "CREATE TABLE $prefix$_ (i int); INSERT INTO $prefix$_ VALUES ($_);\n" }
			  $from .. $to });
	return;
}

# What must survive a crash, a dump, a promotion.
sub record_set
{
	my ($node, $db) = @_;
	return $node->safe_psql($db || 'postgres',
		"SELECT service, version, state, checksum FROM migrator.migrations ORDER BY 1, 2");
}

sub history_set
{
	my ($node, $db) = @_;
	return $node->safe_psql($db || 'postgres',
		"SELECT service, version, event, error_sqlstate FROM migrator.history ORDER BY id");
}

# How many versions were applied, and how many of them more than once.
sub applied_once
{
	my ($node, $db) = @_;
	return $node->safe_psql($db, q{
		SELECT count(*) || ' versions, ' || count(*) FILTER (WHERE n <> 1) || ' of them not once'
		  FROM (SELECT version, count(*) AS n FROM migrator.history WHERE event = 'applied' GROUP BY service, version) s});
}

# outcome_of(node, db, sql, psql options...): ("00000" or the first error's SQLSTATE, stdout, stderr)
sub outcome_of
{
	my ($node, $db, $sql, @options) = @_;
	my ($out, $err) = ('', '');
	my $timed_out = 0;
	my $code = $node->psql($db, $sql, stdout => \$out, stderr => \$err,
		timeout => $net, timed_out => \$timed_out,
		extra_params => [ '-v', 'VERBOSITY=verbose', @options ]);
	my $state = $timed_out ? 'hangs' : $err =~ /(?:ERROR|FATAL):  ([0-9A-Z]{5}):/ ? $1 : $code == 0 ? '00000' : "exit $code";
	return ($state, $out, $err);
}

sub psql_as { my ($role) = @_; return ('-U', $role); }

# A psql that runs beside us. -c: one simple query each, and a non-zero exit for an error.
sub start_psql
{
	my ($node, $db, @statements) = @_;
	my %session = (out => '', err => '');

	$session{handle} = IPC::Run::start(
		[ $node->installed_command('psql'), '-XAtq', '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=1',
			'-d', $node->connstr($db), map { ('-c', $_) } @statements ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($net));
	return \%session;
}

# Its exit code; out and err are in the hash.
sub finish_psql
{
	my ($session) = @_;

	eval { $session->{handle}->finish; 1 } or do
	{
		my $error = $@;
		$session->{handle}->kill_kill;
		return "hangs: $error";
	};
	return $session->{handle}->result(0);
}

# The pid of the one backend that sleeps in a script.
sub wait_for_sleep
{
	my ($node, $db) = @_;
	my $query = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '$db'";

	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($query) s") or die "no backend sleeps";
	return $node->safe_psql('postgres', $query);
}

# What was staged: a digest of the files by connection and directory, and the directory by the set's name.
my %staged;
my %set_names;
our $staging = 0;
my $replaced = 0;

sub staged_at { my ($dir) = @_; return grep { $staged{$_}{$dir} } keys %staged; }

sub files_below
{
	my ($dir) = @_;
	my @files;

	my $wanted = sub { push @files, substr($_, length($dir) + 1) if -f };

	File::Find::find({ no_chdir => 1, follow => 1, wanted => $wanted }, $dir);
	return sort @files;
}

# Stages a directory as it is now, where it is not staged already. False where that cannot be: the server is not there,
# or the extension.
sub stage
{
	my ($connection, $dir) = @_;
	my @files = files_below($dir);
	my ($name) = $dir =~ m,([^/]+)/*$,;
	my $digest = Digest::SHA->new(256);

	die "two directories named $name" if ($set_names{$name} //= $dir) ne $dir;
	$digest->add("$_\n")->addfile("$dir/$_") for @files;
	$digest = $digest->hexdigest;
	return $name if ($staged{$connection}{$dir} // '') eq $digest;

	# What a standby has comes from its primary. A set is not empty; what begins with a dot is passed over.
	my @quoted = map { s/'/''/gr } @files;
	my $paths = join ', ', map { "'$_'" } @files ? @quoted : '.nothing';
	my $contents = join ', ', @files ? map { "pg_read_binary_file('$dir/$_')" } @quoted : "''";
	my $sql = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN"
	  . " migrator.stage('$name', ARRAY[$paths], ARRAY[$contents]::bytea[]) END";
	local $staging = 1;
	local $ENV{PGOPTIONS} = '';
	my ($out, $err) = ('', '');

	# a psql that finds no server may be gone before it is sent anything
	eval { IPC::Run::run([ 'psql', '-XAtq', '-d', $connection ], '<', \$sql, '>', \$out, '2>', \$err); 1 }
	  or $@ =~ /Broken pipe/ or die $@;
	die "staging $dir: $err" if $err =~ /ERROR/ && $err !~ /"migrator" does not exist/;
	delete $staged{$connection}{$dir};
	return if $@ ne '' || $err ne '';
	$staged{$connection}{$dir} = $digest;
	return $name;
}

# A statement with its sources staged; $colon is what stands for a colon in a literal. Locks that keep staged files for
# their reader are none of the test's.
sub with_staged
{
	my ($connection, $sql, $colon) = @_;

	$sql =~ s{'(/[^'\n]+)'}{
		my $name = -d $1 && stage($connection, $1);
		$replaced++ if $name;
		$name ? "'stage$colon$name'" : "'$1'"
	}gex;
	if (my @names = sort keys %set_names)
	{
		my $names = join(',', @names);
		my $keys = 'SELECT hashtextextended($$migrator:stage:$$ || n, 0) FROM unnest($${' . $names . '}$$::text[]) n';
		$sql =~ s/(\blocktype = 'advisory')/$1 AND (classid::bigint << 32 | objid::bigint) NOT IN ($keys)/g;
	}
	return $sql;
}

# What IPC::Run is to start, with sources staged: statements are psql's arguments or input, or in a file for pgbench.
sub command_with_staged
{
	my (@arguments) = @_;

	for my $i (grep { ref $arguments[$_] eq 'ARRAY' } 0 .. $#arguments)
	{
		my @command = @{ $arguments[$i] };
		next if $command[0] !~ m,(?:^|/)(?:psql|pgbench)$,;

		my ($d) = grep { $command[$_] =~ /^(?:-d|--dbname)$/ } 1 .. $#command;
		my $connection = $d ? $command[ $d + 1 ] : "dbname=$command[-1] host=$ENV{PGHOST} port=$ENV{PGPORT}";
		my ($f) = grep { $command[$_] =~ /^(?:-f|--file)$/ && $command[ $_ + 1 ] ne '-' } 1 .. $#command - 1;
		my ($in) = grep { $arguments[$_] eq '<' && ref $arguments[ $_ + 1 ] eq 'SCALAR' } $i + 1 .. $#arguments - 1;

		$_ = with_staged($connection, $_, ':') for @command[ 1 .. $#command ];
		if ($f)
		{
			# pgbench takes what follows a colon for a variable, also in a literal
			my $sql = PostgreSQL::Test::Utils::slurp_file($command[ $f + 1 ]);
			$command[ $f + 1 ] .= '.staged';
			open my $out, '>', $command[ $f + 1 ] or die "$command[ $f + 1 ]: $!";
			print $out with_staged($connection, $sql, q{:' || '});
			close $out or die "$command[ $f + 1 ]: $!";
		}
		if ($in && defined ${ $arguments[ $in + 1 ] })
		{
			my $sql = with_staged($connection, ${ $arguments[ $in + 1 ] }, ':');
			$arguments[ $in + 1 ] = \$sql if $sql ne ${ $arguments[ $in + 1 ] };
		}
		$arguments[$i] = \@command;
	}
	return @arguments;
}

# psql that finds no server may be gone before it is sent the query, which ends the test: once more then.
{
	no warnings 'redefine';
	my $poll = \&PostgreSQL::Test::Cluster::poll_query_until;

	*PostgreSQL::Test::Cluster::poll_query_until = sub {
		for (1 .. 100)
		{
			my $result = eval { $poll->(@_) };
			return $result if $@ eq '';
			die $@ if $@ !~ /Broken pipe/;
		}
		return;
	};
}

if ($ENV{MIGRATOR_STAGED})
{
	no warnings 'redefine';
	my $start = \&IPC::Run::start;

	*IPC::Run::start = sub { return $start->($staging ? @_ : command_with_staged(@_)); };
}

# not to run what was run before, and call it staged
END
{
	if ($ENV{MIGRATOR_STAGED} && !$replaced && $? == 0)
	{
		Test::More::diag('nothing was staged');
		$? = 1;
	}
}

1;
