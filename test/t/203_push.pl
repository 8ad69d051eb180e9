# migrator-push as its users call it: its arguments, what it sends, what it says, its exit status.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use Cwd ();
use Digest::SHA ();
use MigratorTest;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('push');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION migrator; CREATE DATABASE app; CREATE ROLE plain LOGIN});
$node->safe_psql('app', q{CREATE EXTENSION migrator});

my $push = $node->config_data('--bindir') . '/migrator-push';
my $me = $node->safe_psql('postgres', 'SELECT session_user');
my @to = ('-h', $node->host, '-p', $node->port, '-d', 'postgres');

# What a user has in his environment is no concern of these tests.
delete @ENV{ grep { /^PG(?!_)/ } keys %ENV };
delete @ENV{qw(TAR_OPTIONS GZIP POSIXLY_CORRECT MIGRATION_ENV)};
$ENV{HOME} = source_dir({ '.psqlrc' => "\\echo from the psqlrc\n\\set AUTOCOMMIT off\n\\set ON_ERROR_STOP off\n\\q\n" });

# (exit status, stdout, stderr)
sub run_push
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ @arguments && ref $arguments[0] ? @{ shift @arguments } : $push, @arguments ], '<', \undef, '>',
		\$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));

	$run->finish;
	return ($run->result(0), $out, $err);
}

# What is staged, each path and content in one line; names in hex.
sub held
{
	my ($name, $db) = @_;
	return join "\n", sort split /\n/, $node->safe_psql($db // 'postgres',
		"SELECT encode(convert_to(path, 'UTF8'), 'hex'), encode(sha256(content), 'hex') FROM migrator.staged_files JOIN " .
			"migrator.staged_contents USING (name, sha256) WHERE name = '$name'");
}

sub as_text { my ($files) = @_; return join "\n", sort map { unpack('H*', $_) . '|' . Digest::SHA::sha256_hex($files->{$_}) } keys %$files; }
sub unstage { my ($name, $db) = @_; $node->safe_psql($db // 'postgres', "SELECT migrator.unstage('$name')"); return; }

sub pushed
{
	my ($name, $files, $arguments, %o) = @_;
	my ($code, $out, $err) = do { local $ENV{PGOPTIONS} = $o{options} // ''; run_push(@$arguments) };
	my $stage = $o{as} // 'default';
	my $count = keys %$files;

	# a run says what it does
	$err =~ s/^(?:NOTICE|DETAIL):  .*\n//mg if $o{output};
	is("$code $err", '0 ', "$name: exit status 0, no complaint");
	is($out, "$count files are staged as stage:$stage\n", "$name: it says what it did") unless $o{output};
	is(held($stage, $o{db}), as_text($files), "$name: as in the directory");
	unstage($stage, $o{db}) unless $o{keep};
	return $out;
}

# refused, with this exit status and complaint; nothing is staged
sub refused
{
	my ($name, $wanted_code, $wanted, @arguments) = @_;
	my ($code, $out, $err) = run_push(@arguments);

	like($code, ref $wanted_code ? $wanted_code : qr/^$wanted_code$/, "$name: exit status");
	like($err, $wanted, "$name: the complaint");
	unlike($out, qr/are staged/, "$name: it does not say that it did anything");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.staged'), 0, "$name: nothing is staged");
	$node->safe_psql('postgres', 'SELECT migrator.unstage(name) FROM migrator.stages');
	return $out;
}

my %files = ('1_a.sql' => "CREATE TABLE a (i int);\n", '2_b.sql' => "CREATE TABLE b (i int);\r\nSELECT '\xc3\xa4';\n");
my $dir = source_dir(\%files);

# ---------------------------------------------------------------------------------------------------------------------
# Arguments
# ---------------------------------------------------------------------------------------------------------------------
for my $option ('--help', '-?')
{
	my ($code, $out, $err) = run_push($option);
	is("$code $err", '0 ', "$option: exit status 0");
	like($out, qr/^Usage: migrator-push /m, "$option: usage");
}
for my $option ('--version', '-V')
{
	my ($code, $out, $err) = run_push($option);
	is("$code $err", '0 ', "$option: exit status 0");
	like($out, qr/^migrator-push \d+\.\d+\.\d+\n$/, "$option: the version");
}
is((run_push('--version'))[1], 'migrator-push ' . $node->safe_psql('postgres', 'SELECT extversion FROM pg_extension WHERE extname = \'migrator\'')
	. "\n", 'the version is that of the extension');

refused('no arguments', 2, qr/^Usage: /m);
refused('no directory', 2, qr/^Usage: /m, @to);
refused('a directory that is missing', 2, qr/"\/does not\/exist" is not a directory/, @to, '/does not/exist');
{
	my $files = source_dir({ 'x.txt' => '', '.x.sql' => '', 'x.sql' => 'SELECT 1' });

	refused('a file that is no SQL', 2, qr/is not a directory, nor a file whose name ends in \.sql/, @to, "$files/x.txt");
	refused('a file that begins with a dot', 2, qr/begins with a dot/, @to, "$files/.x.sql");
	refused("a file and $_", 2, qr/--new and --hooks need a directory/, $_ eq '--new=x' ? () : @to, $_, "$files/x.sql") for '--hooks', '--new=x';
	POSIX::mkfifo("$files/fifo.sql", 0600) or die $!;
	refused('no regular file', 2, qr/is no file that can be read/, @to, "$files/fifo.sql");
}
refused('three words', 2, qr/too many arguments: "three"/, @to, $dir, 'two', 'three');
refused('three words behind --', 2, qr/too many arguments: "three"/, @to, '--', $dir, 'two', 'three');
refused("$_ without --up", 2, qr/need --up/, @to, "$_=x", $dir) for '--service', '--environment', '--target';
refused("$_ without a value", 2, qr/option $_ needs a value/, @to, '--up', $dir, $_) for '--service', '--environment', '--target', '-d', '--host';
refused("$_= without a value", 2, qr/option $_ needs a value/, @to, '--up', "$_=", $dir) for '--service', '--environment', '--target';

# what would make psql read something else than what it is sent
refused("@$_ of psql", 2, qr/cannot be used here/, @to, @$_, $dir)
  for [ '-c', 'SELECT 1' ], ['-cSELECT 1'], [ '--command', 'SELECT 1' ], ['--command=SELECT 1'], [ '-f', 'x' ], ['-fx'],
  	[ '--file', 'x' ], ['--file=x'], ['-l'], ['--list'], ['-1'], ['--single-transaction'],
  [ '-qc', 'SELECT 1' ], [ '-Atc', 'SELECT 1' ], ['-qcSELECT 1'], [ '-qf', '/dev/null' ], ['-ql'], ['-q1'], ['--com=SELECT 1'], ['--fil=/dev/null'], ['--lis'];

# the ways to name a database, with names that end in any letter; options before, between and behind
$node->safe_psql('postgres', qq{CREATE DATABASE "$_" TEMPLATE app}) for 'db_c', 'db_p', 'db_t', 'db_U';
my ($host, $port) = ($node->host, $node->port);
pushed('-h, -p, -d', \%files, [ '-h', $host, '-p', $port, '-d', 'app', $dir ], db => 'app');
pushed('-hX, -pX, -dX', \%files, [ "-h$host", "-p$port", '-dapp', $dir ], db => 'app');
pushed("-d$_", \%files, [ "-h$host", "-p$port", "-d$_", $dir, 'shop' ], db => $_, as => 'shop') for 'db_c', 'db_p', 'db_t', 'db_U';
pushed("-U$me", \%files, [ "-h$host", "-p$port", "-U$me", '-dapp', $dir ], db => 'app');
$node->safe_psql('postgres', qq{CREATE ROLE "$_" LOGIN SUPERUSER}) for 'role_c', 'role_p', 'role_h';
pushed("-U$_", \%files, [ "-h$host", "-p$port", "-U$_", '-d', 'app', $dir ], db => 'app') for 'role_c', 'role_p', 'role_h';
pushed('--host=X, --port=X, --dbname=X', \%files, [ "--host=$host", "--port=$port", '--dbname=app', $dir ], db => 'app');
pushed('--host X, --port X, --dbname X, --username X', \%files, [ '--host', $host, '--port', $port, '--dbname', 'app', '--username', $me, $dir ], db => 'app');
pushed('behind the directory', \%files, [ $dir, '-h', $host, "-p$port", 'shop', '--dbname=app' ], db => 'app', as => 'shop');
pushed('--', \%files, [ @to, '--', $dir, 'shop' ], as => 'shop');
pushed('a connection string', \%files, [ '-d', "host=$host port=$port dbname=app", $dir ], db => 'app');
pushed('-dSTRING', \%files, [ "-dhost=$host port=$port dbname=app", $dir ], db => 'app');
pushed('-v, --set, -w, -q, -At, -P, -F', \%files, [ @to, '-v', 'ON_ERROR_STOP=0', '--set=x=y', '-vy=1', '-w', '-q', '-At', '-P',
	'null=-', '-F', '|', '--pset=border=2', $dir ]);
pushed('variables of its own names', \%files, [ @to, '-v', 'migrator_name=evil', '--set', 'migrator_source=evil', $dir ], as => 'default');
{
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($host, $port, 'app');
	pushed('environment', \%files, [$dir], db => 'app');
	local $ENV{PGDATABASE} = 'postgres';
	pushed('environment and options', \%files, [ '-d', 'app', $dir ], db => 'app');
	my $cwd = Cwd::getcwd();
	chdir $dir or die $!;
	pushed('the directory .', \%files, [ '.', 'here' ], as => 'here');
	(my $base = $dir) =~ s,.*/,,;
	chdir "$dir/.." or die $!;
	pushed('a relative directory', \%files, ["$base/"]);
	mkdir "$dir/../-dash dir" or die $!;
	write_files("$dir/../-dash dir", \%files);
	pushed('a directory that begins with a dash', \%files, [ '--', '-dash dir' ]);
	chdir $cwd or die $!;
}
pushed('a name', \%files, [ @to, $dir, 'A.b_c-9' ], as => 'A.b_c-9');
pushed('a directory behind a link', \%files, [ @to, do { my $link = source_dir({}) . '/link'; symlink $dir, $link or die $!; $link } ]);
pushed("a directory with a name", \%files, [ @to, do { my $odd = source_dir({}) . "/it's a \"dir\"\n\$(id) \\ %s *"; mkdir $odd
	or die $!; write_files($odd, \%files); $odd } ]);

# the server refuses names; nothing of them is SQL or psql
my $marks = source_dir({});
refused("the name $_", 3, qr/invalid name of staged files/, @to, '--', $dir, $_)
  for "a'b", 'a"b', 'a b', "x'); CREATE TABLE injected (); --", '$$', ':migrator_source', "a\nb", '\\q', "`touch $marks/made`", '-x', '../x', 'x' x 64;
is($node->safe_psql('postgres', q{SELECT to_regclass('injected')}), '', 'no SQL');
is(join(' ', glob("$marks/*")), '', 'no command');

# ---------------------------------------------------------------------------------------------------------------------
# What it sends
# ---------------------------------------------------------------------------------------------------------------------
{
	my %odd = map { $_ => "content of $_" } 'with space.sql', "with 'quote'.sql", 'with "quotes".sql', "new\nline.sql", '-dash.sql',
		'--up', "\xc3\xa4\xc3\xb6/\xc3\xbc.sql", '100%.sql', '%s%n', 'back\\slash.sql', '$HOME', '*', '?', '[a]', '!x', '#x', '~', '&', ';',
	  join('/', map { $_ x 40 } 'a' .. 'f') . '/long.sql', 'n' x 150;
	$odd{'binary'} = join '', map { chr } 0 .. 255;
	$odd{'empty'} = '';
	$odd{'no newline'} = 'x';
	$odd{'copy.sql'} = "COPY x FROM STDIN;\n\\.\n\\q\n";
	$odd{'large'} = join '', map { chr(32 + int rand 90) } 1 .. 300_000;
	pushed('names and contents of all kinds', \%odd, [ @to, source_dir(\%odd), 'odd' ], as => 'odd');
}

# one file that is not UTF-8 by its name
{
	my $bad = source_dir({ "1_\xe4.sql" => 'x' });
	refused('a name that is not UTF-8', 3, qr/not valid UTF-8/, @to, $bad);
}

# as Kubernetes mounts a ConfigMap; other links; what begins with a dot
{
	my $volume = source_dir({ '..2024_01_01/1_a.sql' => 'SELECT 1;', '..2024_01_01/2_b.sql' => 'SELECT 2;', '.git/config' => 'x',
		'.hidden.sql' => 'x', '...' => 'x', 'dot.in.the.middle.sql' => 'y', 'folder/3_c.sql' => 'z' });
	symlink '..2024_01_01', "$volume/..data" or die $!;
	symlink "..data/$_", "$volume/$_" or die $! for '1_a.sql', '2_b.sql';
	my %seen = ('1_a.sql' => 'SELECT 1;', '2_b.sql' => 'SELECT 2;', 'dot.in.the.middle.sql' => 'y', 'folder/3_c.sql' => 'z');
	pushed('a ConfigMap', \%seen, [ @to, $volume, 'volume' ], as => 'volume');

	# several names of one file
	symlink 'folder', "$volume/linked" or die $!;
	symlink 'folder/3_c.sql', "$volume/3_d.sql" or die $!;
	link "$volume/folder/3_c.sql", "$volume/hard.sql" or die $!;
	pushed('links to files that are there besides', { %seen, 'linked/3_c.sql' => 'z', '3_d.sql' => 'z', 'hard.sql' => 'z' },
		[ @to, $volume, 'volume' ], as => 'volume');
}
{
	my %dots = map { $_ => 'secret' } '.env', '.git/config', 'f/.env', 'f/.git/x', 'f/g/.env', 'f/g/..x', 'f/g/...', '.g/.git/x', '..g', '...', '.g/1_a.sql';
	my %seen = ('f/1_a.sql' => 'a', 'f/g/a.b' => 'b', 'f/g/x..' => 'c', "f/g/-" => 'd');
	pushed('what begins with a dot is not sent, in folders neither', \%seen, [ @to, source_dir({ %seen, %dots }) ]);
	$seen{"m/$_.sql"} = '' for 1 .. 4200;
	pushed('nor of a directory with thousands of names', { map { s,^m/,,r => $seen{$_} } keys %seen }, [ @to, source_dir({ (map { s,^m/,,r => $seen{$_} }
		keys %seen), %dots }) ]);
	local $ENV{GLOBIGNORE} = 'nothing';
	pushed('nor where the shell is told to', \%files, [ @to, source_dir({ %files, %dots }) ]);
}

# links: where they stay inside they are followed, out of it they are not
{
	my $outside = source_dir({ secret => 'SECRET', 'd/2_secret.sql' => 'SECRET' });
	for my $case ([ 'a file', '3_c.sql', "$outside/secret" ], [ 'a folder', 'folder', "$outside/d" ],
		[ 'a file, relative', '3_c.sql', '../' . ($outside =~ s,.*/,,r) . '/secret' ],
		[ 'a link in a folder', 'f/3_c.sql', "$outside/secret" ], [ 'a link behind a hidden link', '3_c.sql', '.hidden/secret', '.hidden' => $outside ],
		[ 'a folder behind a hidden link', 'folder', '.hidden', '.hidden' => "$outside/d" ],
			[ 'a link to a hidden link', '3_c.sql', '.hidden', '.hidden' => "$outside/secret" ],
		[ 'a link in a hidden folder', 'folder', '.hidden', '.hidden/3_c.sql' => "$outside/secret" ], [ 'nothing outside', '3_c.sql', "$outside/missing" ],
		[ 'the directory above', 'folder', '..' ], [ 'the root directory', 'folder', '/' ], [ 'a name with a newline', "3\nc.sql", "$outside/secret" ])
	{
		my ($what, @links) = @$case;
		my $dir = source_dir({ %files, 'f/x' => 'x' });
		while (my ($from, $to) = splice @links, 0, 2)
		{
			mkdir "$dir/.hidden" if $from =~ m,^\.hidden/,;
			symlink $to, "$dir/$from" or die $!;
		}
		refused("a link to the outside, $what", 2, qr/^migrator-push: link ".*" leads out of the directory, to ".*": use --follow-links to send it\n\z/s, @to, $dir);
	}
	my $dir = source_dir(\%files);
	symlink "$outside/secret", "$dir/3_c.sql" or die $!;
	symlink "$outside/d", "$dir/folder" or die $!;
	pushed('--follow-links', { %files, '3_c.sql' => 'SECRET', 'folder/2_secret.sql' => 'SECRET' }, [ @to, '--follow-links', $dir ]);

	# what nobody would send
	$dir = source_dir({ %files, 'f/g/x' => 'x', '.hidden/y' => 'y', 'unseen/.x' => '' });
	symlink "$outside/secret", "$dir/.hidden/out" or die $!;
	symlink "$outside/secret", "$dir/f/.out" or die $!;
	symlink $outside, "$dir/.out" or die $!;
	pushed('hidden links to the outside are no matter', { %files, 'f/g/x' => 'x' }, [ @to, $dir ]);

	# inside, in all forms
	symlink "$dir/f", "$dir/absolute" or die $!;
	symlink 'absolute/g', "$dir/twice" or die $!;
	symlink '../f/../.hidden/y', "$dir/f/up" or die $!;
	symlink '.', "$dir/f/g/.dot" or die $!;
	symlink "$dir/./f//g/../up", "$dir/odd" or die $!;
	pushed('links inside', { %files, 'f/g/x' => 'x', 'f/up' => 'y', 'absolute/g/x' => 'x', 'absolute/up' => 'y', 'twice/x' => 'x', 'odd' => 'y' }, [ @to, $dir ]);
	pushed('links inside, of a directory behind a link', { %files, 'f/g/x' => 'x', 'f/up' => 'y', 'absolute/g/x' => 'x',
		'absolute/up' => 'y', 'twice/x' => 'x', 'odd' => 'y' },
		[ @to, do { my $link = source_dir({}) . "/the 'link'"; symlink $dir, $link or die $!; $link } ]);

	for my $loop ([ 'folder', '.' ], [ 'f/back', '..' ], [ 'f/g', '../h', 'h/i' => '../f' ])
	{
		my $dir = source_dir({ %files, 'f/x' => 'x', 'h/x' => 'x' });
		my @links = @$loop;
		while (my ($from, $to) = splice @links, 0, 2) { symlink $to, "$dir/$from" or die $!; }
		refused("a link that goes round, $loop->[0] to $loop->[1]", 2, qr/leads to a directory that holds it/, @to, $dir);
	}
	$dir = source_dir(\%files);
	symlink '4_d.sql', "$dir/3_c.sql" or die $!;
	symlink '3_c.sql', "$dir/4_d.sql" or die $!;
	refused('links that go round', qr/^[1-9]/, qr/nothing was staged/, @to, $dir);
}
{
	my $dangling = source_dir(\%files);
	symlink 'nowhere', "$dangling/3_c.sql" or die $!;
	refused('a link to nothing', qr/^[1-9]/, qr/nothing was staged/, @to, $dangling);
}
refused('an empty directory', 2, qr/is empty, or cannot be read/, @to, source_dir({}));
refused('a directory of dot entries', 2, qr/is empty, or cannot be read/, @to, source_dir({ '.git/x' => 'x', '.hidden' => 'x' }));
refused('a directory of empty folders', 3, qr/the archive holds no files/, @to, do { my $folders = source_dir({}); mkdir "$folders/f" or die $!; $folders });

# a set that is there stays when something goes wrong
pushed('before', \%files, [ @to, $dir, 'kept' ], as => 'kept', keep => 1);
sub kept
{
	my ($name, $wanted_code, $wanted, @arguments) = @_;
	my ($code, undef, $err) = run_push(@arguments);

	like($code, $wanted_code, "$name: exit status");
	like($err, $wanted, "$name: the complaint");
	is(held('kept'), as_text(\%files), "$name: the set is the one from before");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, "$name: no lock is left");
	return;
}
SKIP:
{
	skip 'root reads everything', 1 if $> == 0;
	my $closed = source_dir({ %files, '3_c.sql' => 'c', 'large' => 'x' x 500_000 });
	chmod 0, "$closed/3_c.sql" or die $!;
	kept('a file that cannot be read', qr/^[1-9]/, qr/3_c\.sql.*nothing was staged/s, @to, $closed, 'kept');
	chmod 0644, "$closed/3_c.sql";
	mkdir "$closed/folder" or die $!;
	chmod 0, "$closed/folder" or die $!;
	kept('a folder that cannot be read', qr/^[1-9]/, qr/nothing was staged/, @to, $closed, 'kept');
	chmod 0755, "$closed/folder";
	chmod 0300, $closed or die $!;
	kept('a directory that cannot be listed', qr/^[1-9]/, qr/cannot be read|nothing was staged/, @to, $closed, 'kept');
	chmod 0400, $closed or die $!;
	kept('a directory that cannot be entered', qr/^[1-9]/, qr/cannot be read|nothing was staged/, @to, $closed, 'kept');
	chmod 0755, $closed;
}
kept('an empty directory', qr/^2$/, qr/is empty/, @to, source_dir({}), 'kept');
kept('too many files', qr/^3$/, qr/too many files/, do { my @with = @to; $node->safe_psql('postgres',
	'ALTER DATABASE postgres SET migrator.max_stage_files = 1'); @with }, $dir, 'kept');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET migrator.max_stage_files');
kept('no right to stage', qr/^3$/, qr/permission denied for function stage_archive/, @to, '-U', 'plain', $dir, 'kept');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION migrator.stage_archive TO plain');
kept("another role's set", qr/^3$/, qr/permission denied for staged files "stage:kept"/, @to, '-U', 'plain', $dir, 'kept');
kept('no such server', qr/^2$/, qr/could not|No such file|too long/, '-h', source_dir({}), '-p', $port, $dir, 'kept');
kept('no such database', qr/^2$/, qr/"nowhere" does not exist/, '-h', $host, '-p', $port, '-d', 'nowhere', $dir, 'kept');
kept('no such user', qr/^2$/, qr/"nobody" does not exist/, @to, '-U', 'nobody', $dir, 'kept');
kept('a database without the extension', qr/^3$/, qr/extension "migrator" is not installed in this database/, '-h', $host, '-p',
	$port, '-d', 'template1', $dir, 'kept');
{
	# tools that are missing, or break
	my $bindir = $node->config_data('--bindir');
	for my $missing ('tar', 'od', 'tr')
	{
		my $tools = source_dir({});
		for my $tool ('sh', 'cat', 'tar', 'gzip', 'od', 'tr')
		{
			my ($real) = grep { -x } map { "$_/$tool" } split /:/, $ENV{PATH};
			symlink $real, "$tools/$tool" if $real && $tool ne $missing;
		}
		symlink "$bindir/psql", "$tools/psql" or die $!;
		local $ENV{PATH} = $tools;
		kept("without $missing", qr/^[1-9]/, qr/$missing/, @to, $dir, 'kept');
	}
	for my $broken ('tar', 'gzip', 'od', 'tr')
	{
		my $tools = source_dir({ $broken => "#!/bin/sh\nhead -c 3000\necho '$broken breaks' >&2\nexit 1\n" });
		chmod 0755, "$tools/$broken";
		local $ENV{PATH} = "$tools:$ENV{PATH}";
		kept("$broken breaks", qr/^[1-9]/, qr/$broken breaks/, @to, source_dir({ %files, large => join '', map { chr(33 + int rand 90) } 1 .. 20_000 }), 'kept');
	}
	{
		# a tar that cannot leave out anything, as Debian's BusyBox
		my ($real) = grep { -x } map { "$_/tar" } split /:/, $ENV{PATH};
		my $tools = source_dir({ tar => "#!/bin/sh\ncase \"\$*\" in *--exclude*) echo no such option >&2; exit 1;; esac\nexec $real \"\$@\"\n" });
		chmod 0755, "$tools/tar";
		local $ENV{PATH} = "$tools:$ENV{PATH}";
		my %deep = (%files, 'f/x' => 'x', 'f/g/h/y' => 'y', "f/a b\nc" => 'z');
		pushed('a tar without --exclude', \%deep, [ @to, source_dir({ %deep, 'f/.env' => '', '.env' => '', 'f/g/.git/c' => '', 'f/only/.env' => '' }), 'plain' ],
			as => 'plain');
		$deep{"$_.sql"} = '' for 1 .. 4100;
		pushed('a tar without --exclude, of thousands of names', \%deep, [ @to, source_dir({ %deep, '.env' => '' }), 'plain' ], as => 'plain');
	}
	{
		# without gzip the archive goes as it is
		my $tools = source_dir({});
		for my $tool ('sh', 'cat', 'tar', 'od', 'tr')
		{
			my ($real) = grep { -x } map { "$_/$tool" } split /:/, $ENV{PATH};
			symlink $real, "$tools/$tool" or die $!;
		}
		symlink "$bindir/psql", "$tools/psql" or die $!;
		local $ENV{PATH} = $tools;
		pushed('without gzip', \%files, [ @to, $dir, 'plain' ], as => 'plain');
	}
}

# the same again writes nothing
{
	my $rows = q{SELECT * FROM (SELECT 'f', name || path, xmin, ctid::text, staged_at::text FROM migrator.staged_files UNION ALL } .
		q{SELECT 'c', name || sha256, xmin, ctid::text, '' FROM migrator.staged_contents UNION ALL SELECT 's', name, xmin, ctid::text, } .
		q{'' FROM migrator.stages) s (kind, name) WHERE name LIKE 'kept%' ORDER BY 1, 2};
	my $before = $node->safe_psql('postgres', $rows);
	utime 1, 1, "$dir/1_a.sql" or die $!;
	chmod 0600, "$dir/1_a.sql" or die $!;
	pushed('the same again, with other times and modes', \%files, [ @to, $dir, 'kept' ], as => 'kept', keep => 1);
	is($node->safe_psql('postgres', $rows), $before, 'the same again: nothing is written');
}
unstage('kept');

# ---------------------------------------------------------------------------------------------------------------------
# --up
# ---------------------------------------------------------------------------------------------------------------------
{
	my $out = pushed('--up', \%files, [ @to, '--up', $dir ], output => 1, keep => 1);
	like($out, qr/\A2 files are staged as stage:default\nservice default: applied\n *version *\| *name *\| *outcome *\|/, '--up: a table');
	like($out, qr/^ *1 *\| *a *\| *applied *\|.*\n *2 *\| *b *\| *applied *\|.*\n\(2 rows\)$/m, '--up: with a row for each migration');
	is(record_set($node), join("\n", map { "default|$_|applied|" . Digest::SHA::sha256_hex($files{ $_ == 1 ? '1_a.sql' : '2_b.sql' }) } 1, 2),
		'--up: they are on record');
	is($node->safe_psql('postgres', q{SELECT kind, source, outcome FROM migrator.runs}), 'up|stage:default|applied', '--up: so is the run');

	$out = pushed('--up again', \%files, [ '--up', @to, $dir ], output => 1);
	like($out, qr/\(0 rows\)/, '--up again: nothing to do');
	like((run_push(@to, '-At', '--up', $dir, 'again'))[1], qr/\A2 files are staged as stage:again\nservice default: up_to_date\n\z/, '-At: only the rows');
	unstage('again');

	# a directory of links, as Kubernetes mounts a ConfigMap: where they lead is no argument
	my $linked = source_dir({ map { ("..data/$_" => $files{$_}) } keys %files });
	symlink "..data/$_", "$linked/$_" or die $! for keys %files;
	like((run_push(@to, '-At', '--up', $linked, 'again'))[1], qr/\A2 files are staged as stage:again\nservice default: up_to_date\n\z/, '--up with links');
	unstage('again');

	# service, environment and target, in both forms; the service is the name
	$node->safe_psql('postgres', 'DROP TABLE a, b');
	$out = pushed('--service, --environment, --target', \%files, [ @to, '--up', '--service', 'shop', '--environment=staging', '--target', '1', $dir ],
		as => 'shop', output => 1);
	like($out, qr/\(1 row\)/, '--target: up to there');
	is($node->safe_psql('postgres', q{SELECT service, version, environment FROM migrator.migrations WHERE service <> 'default'}),
		'shop|1|staging', 'as it was asked for');
	$out = pushed('--service=X and a name', \%files, [ '--service=shop', '--up', @to, $dir, 'name', '--target=2' ], as => 'name', output => 1);
	is($node->safe_psql('postgres', q{SELECT service, source, outcome, applied FROM migrator.runs WHERE service <> 'default' ORDER BY run_id}),
		"shop|stage:shop|applied|1\nshop|stage:name|applied|1", 'two sets of one service');

	# the environment of the environment, where none is given; the service is in another one by now
	{
		local $ENV{MIGRATION_ENV} = 'production';
		my ($status, undef, $said) = run_push('--service=shop', '--up', @to, $dir, 'name');
		is($status, 3, 'MIGRATION_ENV is the environment');
		like($said, qr/service "shop" is in environment "staging" in this database, and not in "production"/, 'and is said to be another one');
		is((run_push('--service=shop', '--up', '--environment=staging', @to, $dir, 'name'))[0], 0, '--environment comes before MIGRATION_ENV');
		is((run_push(@to, $dir, 'name'))[0], 0, 'without --up it has no meaning');
		unstage('name');
	}

	# what goes wrong in the run is its exit status; the set stays, and so does what was applied before
	my %failing = (%files, '3_c.sql' => "CREATE TABLE c (i int);\n", '4_d.sql' => "SELECT 1;\nSELECT 1/0;\n");
	my $failing = source_dir(\%failing);
	my ($code, $err);
	($code, $out, $err) = run_push(@to, '--up', '--service=shop', $failing);
	is($code, 3, 'a migration that fails: exit status 3');
	like($err, qr/ERROR:  division by zero \(migration "4", file "4_d\.sql", line 2\)\n/, 'a migration that fails: the error');
	like($err, qr/^(?:HINT:  .*\n)?CONTEXT:  migration "4" \(file "4_d\.sql", line 2, column 1\)/m, 'and its CONTEXT');
	is($node->safe_psql('postgres', q{SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrator.migrations WHERE service = 'shop'}),
		'1 applied, 2 applied, 3 applied, 4 failed', 'a migration that fails: those before it stay');
	is(held('shop'), as_text(\%failing), 'a migration that fails: the files are staged');
	unstage('shop');
	for my $case ([ "--service=it's", qr/invalid service name "it's"/ ], [ '--service=a b', qr/invalid service name/ ],
		[ "--target=';", qr/target|version/ ], [ '--environment=No', qr/environment/ ])
	{
		($code, $out, $err) = run_push(@to, '--up', $case->[0], $failing, 'odd');
		is($code, 3, "$case->[0]: exit status 3");
		like($err, $case->[1], "$case->[0]: the complaint");
	}
	unstage('odd');
	($code, $out, $err) = run_push(@to, '--up', source_dir({ 'README' => 'x' }));
	is($code, 3, 'no migrations: exit status 3');
	like($err, qr/holds no migrations/, 'no migrations: the complaint');
	unstage('default');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.staged'), 0, 'all is taken back');
}

# a name that is a service's, and no service: it is not another service that is run
{
	$node->safe_psql('postgres', q{SELECT migrator.register('billing', 'stage:elsewhere')})
		if $node->safe_psql('postgres', q{SELECT migrator.stage('elsewhere', '1_a.sql', 'CREATE TABLE billed ()')});
	my $runs = $node->safe_psql('postgres', 'SELECT count(*) FROM migrator.runs');
	my ($code, $out, $err) = run_push(@to, '--up', $dir, 'billing');
	is($code, 3, 'the name of a registered service: exit status 3');
	my $complaint = qr/no service is named, and source "stage:billing" is not that of service "billing"/;
	like($err, qr/$complaint\nDETAIL:  Service "billing" is registered with source "stage:elsewhere"\.\nHINT: .*/,
		'the name of a registered service: the complaint');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrator.runs'), $runs, 'the name of a registered service: nothing ran');
	unstage('billing');
	$out = pushed('--service=billing', { '1_b.sql' => 'CREATE TABLE billed ();' },
		[ @to, '--up', '--service=billing', source_dir({ '1_b.sql' => 'CREATE TABLE billed ();' }) ], as => 'billing', output => 1);
	like($out, qr/^service billing: applied$/m, '--service=billing: it says which service it ran');
	$node->safe_psql('postgres', q{SELECT migrator.unregister('billing')});
	(undef, $out, $err) = run_push(@to, '--up', $dir, 'billing');
	like($err, qr/DETAIL:  Service "billing" is not registered, and has migrations on record\./, 'the name of a service on record: the complaint');
	(undef, $out, $err) = run_push(@to, '--up', '--service=shop', $dir, 'name');
	like($err, qr/^DETAIL:  Database "postgres", service "shop", system identifier \d+\.$/m, 'the run says its service before it begins')
		if $err =~ /lock acquired/;
	$node->safe_psql('postgres', 'SELECT migrator.unstage(name) FROM migrator.stages');
}

# --create: by many at once, each in time for its own push
{
	for my $round (1 .. 3)
	{
		$node->safe_psql('postgres', "DROP DATABASE IF EXISTS fresh");
		$node->safe_psql('postgres', "CREATE DATABASE fresh");
		my @to_fresh = ('-h', $host, '-p', $port, '-d', 'fresh');
		my @fleet = map { my %push = (out => '', err => ''); $push{run} = IPC::Run::start([ $push, @to_fresh, '--create', '--up', $dir ],
			'<', \undef, '>', \$push{out}, '2>', \$push{err}, IPC::Run::timeout($MigratorTest::net)); \%push } 1 .. 8;
		$_->{run}->finish for @fleet;
		is(join(' ', map { $_->{run}->result(0) } @fleet), join(' ', (0) x 8), "--create, eight at once, round $round: all end well")
			or diag(map { $_->{err} } @fleet);
		is(scalar(grep { $_->{out} =~ /^extension migrator is created$/m } @fleet) >= 1, 1, "--create, round $round: it is said");
		is($node->safe_psql('fresh', q{SELECT count(*) FROM migrator.runs WHERE outcome = 'applied'}), 1, "--create, round $round: one run");
	}
	pushed('--create where it is there', \%files, [ '-h', $host, '-p', $port, '-d', 'fresh', '--create', '-U', $me, $dir ], db => 'fresh');
	$node->safe_psql('fresh', q{GRANT EXECUTE ON FUNCTION migrator.stage_archive TO plain});
	pushed('--create where it is there, by an ordinary role', \%files, [ '-h', $host, '-p', $port, '-d', 'fresh', '--create', '-U',
		'plain', $dir, 'his' ], db => 'fresh', as => 'his');
	$node->safe_psql('fresh', 'DROP EXTENSION migrator');
	my ($code, $out, $err) = run_push('-h', $host, '-p', $port, '-d', 'fresh', '--create', '-U', 'plain', $dir);
	is($code, 3, '--create by an ordinary role: exit status 3');
	like($err, qr/permission denied to create extension "migrator"\nHINT:  Must be superuser/, '--create by an ordinary role: the reason');
	($code, $out, $err) = run_push('-h', $host, '-p', $port, '-d', 'fresh', $dir);
	like($err, qr/is not installed in this database\nHINT: .*--create/, 'without --create: the hint');
}

# whose files they are is whoever pushes
{
	$node->safe_psql('postgres',
		'GRANT EXECUTE ON PROCEDURE migrator.up TO plain; GRANT EXECUTE ON FUNCTION migrator.stage_archive, migrator.unstage TO plain; ' .
		'GRANT CREATE ON SCHEMA public TO plain');
	my $out = pushed('by a plain role', { '1_p.sql' => 'CREATE TABLE of_plain ();' },
		[ @to, '-U', 'plain', '--up', '--service', 'plain', source_dir({ '1_p.sql' => 'CREATE TABLE of_plain ();' }) ], as => 'plain', output => 1, keep => 1);
	is($node->safe_psql('postgres', q{SELECT tableowner FROM pg_tables WHERE tablename = 'of_plain'}), 'plain', 'it runs with his rights');
	is($node->safe_psql('postgres', q{SELECT DISTINCT staged_by FROM migrator.staged}), 'plain', 'and is his');
	unstage('plain');

	# several people, one role
	$node->safe_psql('postgres',
		'CREATE ROLE deploy; CREATE ROLE other LOGIN; GRANT deploy TO plain, other; GRANT EXECUTE ON FUNCTION migrator.stage_archive TO deploy');
	for my $user ('plain', 'other')
	{
		pushed("by $user as deploy", \%files, [ @to, '-U', $user, $dir, 'shared' ], as => 'shared', keep => 1, options => '-c role=deploy');
		is($node->safe_psql('postgres', q{SELECT owner::regrole, (SELECT string_agg(DISTINCT staged_by, ' ') FROM migrator.staged } .
			q{WHERE name = 'shared') FROM migrator.stages WHERE name = 'shared'}), "deploy|$user", "by $user as deploy: the set is deploy's");
	}
	unstage('shared');

	# who has no temporary tables
	$node->safe_psql('postgres', 'REVOKE TEMP ON DATABASE postgres FROM PUBLIC');
	refused('no right to make temporary tables', 3, qr/permission denied to create temporary tables/, @to, '-U', 'plain', $dir);
	$node->safe_psql('postgres', 'GRANT TEMP ON DATABASE postgres TO PUBLIC');
}

# ---------------------------------------------------------------------------------------------------------------------
# Surroundings
# ---------------------------------------------------------------------------------------------------------------------

# names of the server's own things, made by somebody else, in front of them
$node->safe_psql('app', q{
	CREATE TABLE public.trapped (what text);
	CREATE SCHEMA evil;
	CREATE FUNCTION evil.trap(what text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
	  AS $$ BEGIN INSERT INTO public.trapped VALUES (what); RETURN true; END $$;
	CREATE FUNCTION evil.jsonb_to_recordset(pg_catalog.jsonb) RETURNS SETOF record LANGUAGE plpgsql
	  AS $$ BEGIN PERFORM evil.trap('jsonb_to_recordset'); RETURN; END $$;
	CREATE FUNCTION evil.stage_archive(pg_catalog.text, pg_catalog.bytea) RETURNS int LANGUAGE sql AS $$ SELECT evil.trap('stage_archive')::int $$;
	CREATE FUNCTION evil.arrow(pg_catalog.jsonb, pg_catalog.text) RETURNS pg_catalog.jsonb LANGUAGE sql
	  AS $$ SELECT '[]'::pg_catalog.jsonb WHERE evil.trap('->') $$;
	CREATE OPERATOR evil.-> (FUNCTION = evil.arrow, LEFTARG = pg_catalog.jsonb, RIGHTARG = pg_catalog.text);
	CREATE DOMAIN evil.bytea AS pg_catalog.bytea CHECK (evil.trap('bytea'));
	CREATE DOMAIN evil.text AS pg_catalog.text CHECK (evil.trap('text'));
	CREATE DOMAIN evil.jsonb AS pg_catalog.jsonb CHECK (evil.trap('jsonb'));
	CREATE DOMAIN evil.float8 AS pg_catalog.float8 CHECK (evil.trap('float8'));
	CREATE TABLE evil.migrator_push (archive pg_catalog.bytea);
	GRANT ALL ON ALL TABLES IN SCHEMA evil TO PUBLIC;
	GRANT USAGE ON SCHEMA evil TO PUBLIC;
});
$node->safe_psql('app', q{ALTER DATABASE app SET search_path = evil, pg_catalog});
{
	my ($code, $stdout, $err) = run_push('-h', $host, '-p', $port, '-d', 'app', '--up',
		source_dir({ '1_s.sql' => 'SET LOCAL search_path = public; CREATE TABLE public.s ();' }));
	is($code, 0, 'a hostile search_path: exit status 0') or diag($err);
	like($stdout, qr/^ *1 *\| *s *\| *applied/m, 'a hostile search_path: the table is the true one');
	is($node->safe_psql('app', 'SET search_path = pg_catalog; SELECT string_agg(DISTINCT what, $$ $$) FROM public.trapped'), '',
		'a hostile search_path: nothing of it was called');
	is($node->safe_psql('app', 'SET search_path = pg_catalog; SELECT count(*) FROM migrator.staged'), 1, 'a hostile search_path: it is staged');
	is($node->safe_psql('app', 'SET search_path = pg_catalog; SELECT count(*) FROM evil.migrator_push'), 0, 'a hostile search_path: in no other table');
}
$node->safe_psql('app', q{ALTER DATABASE app RESET search_path});

# settings of a session that somebody may have
for my $setting ('default_transaction_isolation=serializable', 'default_transaction_deferrable=on', 'standard_conforming_strings=off',
	'client_min_messages=error', 'bytea_output=escape', 'DateStyle=german', 'client_encoding=LATIN1', 'quote_all_identifiers=on',
	'temp_tablespaces=', 'synchronous_commit=off')
{
	pushed($setting, \%files, [ @to, $dir ], options => "-c $setting");
}
{
	local $ENV{PGCLIENTENCODING} = 'LATIN1';
	pushed('PGCLIENTENCODING', \%files, [ @to, $dir ]);
	local $ENV{PSQLRC} = "$ENV{HOME}/.psqlrc";
	pushed('PSQLRC', \%files, [ @to, $dir ]);
	local $ENV{LC_ALL} = 'C';
	pushed('LC_ALL=C', { "\xc3\xa4.sql" => 'x' }, [ @to, source_dir({ "\xc3\xa4.sql" => 'x' }) ]);
	local $ENV{IFS} = 'a';
	local $ENV{CDPATH} = '/:/tmp';
	pushed('IFS and CDPATH', \%files, [ @to, $dir ]);
}

# scripts may hold secrets: no server log shows them, whatever it logs
{
	my $secret = 'Xq7secretXq7';
	$node->append_conf('postgresql.conf',
		"log_statement = all\nlog_min_duration_statement = 0\nlog_parameter_max_length = -1\nlog_parameter_max_length_on_error = -1\n");
	$node->reload;
	my $offset = -s $node->logfile;
	my $secrets = source_dir({ '1_a.sql' => "SELECT '$secret'" });
	{
		# as it is, without gzip in the way
		my $tools = source_dir({ gzip => "#!/bin/sh\nexec cat\n" });
		chmod 0755, "$tools/gzip";
		local $ENV{PATH} = "$tools:$ENV{PATH}";
		pushed('secrets', { '1_a.sql' => "SELECT '$secret'" }, [ @to, $secrets ]);
		refused('secrets under a bad name', 3, qr/invalid name/, @to, $secrets, 'a b');
	}
	my $log = slurp_file($node->logfile, $offset);
	like($log, qr/stage_archive/, 'the log shows the statement');
	unlike($log, qr/$secret/, 'but not the content');
	my $hex = unpack 'H*', $secret;
	unlike($log, qr/$hex/i, 'in no form');
	$node->append_conf('postgresql.conf', "log_statement = none\nlog_min_duration_statement = -1\n");
	$node->reload;
}

# 5,000 files
{
	my %many = map { (sprintf('%05d_x.sql', $_) => "-- $_\nSELECT $_;\n") } 1 .. 5000;
	pushed('5,000 files', \%many, [ @to, source_dir(\%many), 'many' ], as => 'many');
}

# through PgBouncer, where each transaction may be another session's
SKIP:
{
	my ($bouncer, $psql) = start_pgbouncer($node, 'push_pgbouncer');
	skip $psql, 1 unless $bouncer;
	my @through = @$psql[ grep { $psql->[ $_ - 1 ] eq '-d' } 1 .. $#$psql ];
	my $bounced = source_dir({ '1_x.sql' => 'CREATE TABLE bounced ();' });
	pushed("PgBouncer, time $_", { '1_x.sql' => 'CREATE TABLE bounced ();' },
		[ '-d', $through[0], '--up', '--service=bounced', $bounced, "bounced$_" ], as => "bounced$_", output => 1) for 1 .. 3;
	is($node->safe_psql('postgres', q{SELECT count(*) FROM migrator.runs WHERE service = 'bounced'}), 1, 'PgBouncer: one run');
	$bouncer->kill_kill;
}

# other shells and tools
for my $shell ('dash', 'bash', 'busybox', 'ksh', 'mksh', 'yash', 'posh', 'zsh')
{
	SKIP:
	{
		my ($path) = grep { -x } map { "$_/$shell" } split /:/, $ENV{PATH};
		skip "no $shell", 1 unless $path;
		my $tools = source_dir({});
		if ($shell eq 'busybox')
		{
			symlink $path, "$tools/$_" or die $! for 'sh', 'tar', 'gzip', 'od', 'tr', 'cat', 'readlink';
		}
		local $ENV{PATH} = "$tools:$ENV{PATH}";
		my @shell = $shell eq 'busybox' ? ("$tools/sh") : $shell eq 'bash' ? ($path, '--posix') : $shell eq 'zsh' ? ($path, '--emulate', 'sh') : ($path);
		my %some = (%files, "it's \"odd\" \xc3\xa4.sql" => 'x', 'd/deep.sql' => 'y', join('/', ('l' x 60) x 3) => 'long', 'link.sql' => 'linked');
		my $some = source_dir({ (map { $_ => $some{$_} } grep { $_ ne 'link.sql' } keys %some), '.hidden' => 'linked', '.git/config' => 'x' });
		symlink '.hidden', "$some/link.sql" or die $!;
		write_files($some, { 'd/.env' => 'x', 'd/.git/x' => 'x' });
		pushed($shell, \%some, [ [ @shell, $push ], @to, $some, 'shell' ], as => 'shell');
		is((run_push([ @shell, $push ], @to, '/nowhere'))[0], 2, "$shell: a wrong argument");
		if ($> != 0)
		{
			my $closed = source_dir({ %files, '3_c.sql' => 'c' });
			chmod 0, "$closed/3_c.sql" or die $!;
			refused("$shell: a file that cannot be read", qr/^[1-9]/, qr/nothing was staged/, [ @shell, $push ], @to, $closed);
		}
	}
}

is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relpersistence = 't'}), 0, 'no temporary table is left');
$node->stop;
done_testing();
