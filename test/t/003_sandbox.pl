# Which files a run reads, and that no kind of file makes it hang or read more than it may.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use File::Path qw(make_path);
use MigratorTest;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Socket;
use Test::More;

my $base = source_dir();
my ($root, $second, $outside) = map { mkdir "$base/$_"; chmod 0755, "$base/$_"; "$base/$_" } qw(root second outside);

my $node = PostgreSQL::Test::Cluster->new('sandbox');
$node->init;
$node->append_conf('postgresql.conf', qq{
migrator.source_roots = '$root, /does/not/exist, $second'
migrator.max_file_size = 64kB
migrator.record_failures = off
statement_timeout = 120s
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION migrator;
	CREATE ROLE reader LOGIN;
	CREATE ROLE server_reader LOGIN IN ROLE pg_read_server_files;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO reader, server_reader;
	GRANT CREATE ON SCHEMA public TO reader, server_reader;
});
my $superuser = $node->safe_psql('postgres', 'SELECT session_user');

my $serial = 0;

# What apply does with a source, as a service of its own, undone at the end: (SQLSTATE, versions applied, stderr)
sub run_as
{
	my ($role, $source) = @_;
	my $service = 'svc' . ++$serial;

	return outcome_of($node, 'postgres',
		"BEGIN; SELECT string_agg(version, ' ') FROM migrator.apply('$source', '$service') WHERE outcome = 'applied'; ROLLBACK;",
		psql_as($role));
}

sub both_apply
{
	my ($source, $versions, $name) = @_;

	for my $role ($superuser, 'reader')
	{
		my ($state, $out, $err) = run_as($role, $source);
		is("$state $out", "00000 $versions", "$name: applied by " . ($role eq 'reader' ? 'a user with roots' : 'a superuser'))
		  or diag($err);
	}
	return;
}

sub both_fail
{
	my ($source, $expected, $message, $name) = @_;

	for my $role ($superuser, 'reader')
	{
		my ($state, $out, $err) = run_as($role, $source);
		my $who = $role eq 'reader' ? 'a user with roots' : 'a superuser';
		is($state, $expected, "$name: refused to $who") or diag($err);
		like($err, $message, "$name: with the reason");
	}
	return;
}

# refused to a user who has only roots, and open to a superuser
sub fenced
{
	my ($source, $versions, $name) = @_;
	my ($state, $out, $err) = run_as('reader', $source);

	is($state, '42501', "$name: refused to a user with roots") or diag("$out $err");
	like($err, qr/permission denied for (?:file|directory)/, "$name: in one form of words");
	unlike($err, qr/classified/, "$name: nothing of the content is told");
	return unless defined $versions;
	($state, $out, $err) = run_as($superuser, $source);
	is("$state $out", "00000 $versions", "$name: open to a superuser") or diag($err);
	($state, $out, $err) = run_as('server_reader', $source);
	is("$state $out", "00000 $versions", "$name: and to a member of pg_read_server_files") or diag($err);
	return;
}

# new directory below the first root
sub below_root
{
	my ($name, $files) = @_;

	make_path("$root/$name");
	write_files("$root/$name", $files || {});
	return "$root/$name";
}

write_files($outside, { '1_secret.sql' => "SELECT 'classified'", 'sub/migration.sql' => "SELECT 'classified'" });
write_files("$base/outer", { '1_secret.sql' => "SELECT 'classified'" });
write_files("$base/root-evil", { '1_secret.sql' => "SELECT 'classified'" });

# where a source may lie
{
	my $plain = below_root('plain', { '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 2' });

	write_files($second, { '1_a.sql' => 'SELECT 1' });
	both_apply($plain, '1 2', 'below a root');
	both_apply($second, '1', 'the second root itself');
	both_apply("$plain/", '1 2', 'a slash at the end');
	both_apply("$outside/../root/plain/../plain/.", '1 2', 'dots that lead into a root');
	fenced("$base/outer", '1', 'outside');
	fenced("$root/../outer", '1', 'dots that lead outside');
	fenced("$root/plain/../../outer", '1', 'dots from deeper that lead outside');
	fenced("$base/root-evil", '1', "a name that begins like a root's");
	fenced("$base/does-not-exist", undef, 'what does not exist outside looks the same');
	fenced("$outside/1_secret.sql", undef, 'a file outside too');
	fenced('/', undef, 'the root directory');

	my ($state, $out, $err) = run_as($superuser, "$base/does-not-exist");
	is($state, '58P01', 'a superuser is told that it does not exist');
	write_files($plain, { 'notes.txt' => 'SELECT 1' });
	($state) = run_as('reader', "$plain/notes.txt");
	is($state, '42809', 'a file that is no SQL is no source');
	unlink "$plain/notes.txt";

	# before the library is loaded the server cannot know whose setting it is
	($state) = outcome_of($node, 'postgres', "SET migrator.source_roots = '/'; SELECT * FROM migrator.status('$base/outer')",
		psql_as('reader'));
	is($state, '42501', 'the roots are not for everybody to set');
	($state) = outcome_of($node, 'postgres', "SELECT migrator.version(); SET migrator.source_roots = '/'", psql_as('reader'));
	is($state, '42501', 'not after loading the library either');
	for my $call ("status('$base/outer')", "validate('$base/outer')", "pending('$base/outer')", "summary('$base/outer')",
		"is_current('$base/outer')", "baseline('$base/outer')", "register('mine', '$base/outer')")
	{
		($state) = outcome_of($node, 'postgres', "SELECT * FROM migrator.$call", psql_as('reader'));
		is($state, '42501', ($call =~ /^(\w+)/)[0] . ' reads no more than apply');
	}
}

# relative to the data directory
{
	my $data = $node->data_dir;

	make_path("$data/migrations");
	write_files("$data/migrations", { '1_a.sql' => 'SELECT 1' });
	fenced('migrations', '1', 'relative to the data directory');
	fenced('./migrations', '1', 'relative with a dot');
	$node->safe_psql('postgres', qq{ALTER SYSTEM SET migrator.source_roots = '$root, $data/migrations, $second'});
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('migrator.source_roots') LIKE '%migrations%'") or die;
	both_apply('migrations', '1', 'relative, and a root');
	both_apply("$data/migrations", '1', 'the same in full');
	fenced('migrations/..', undef, 'the data directory itself');
	unlink "$data/migrations/1_a.sql";
	rmdir "$data/migrations";
}

# links
{
	my $links = below_root('links', { '1_a.sql' => 'SELECT 1' });

	symlink "$outside/1_secret.sql", "$links/2_link.sql" or die $!;
	fenced($links, '1 2', 'a file that is a link to the outside');

	symlink "$base/outer", "$root/way-out" or die $!;
	fenced("$root/way-out", '1', 'a directory that is a link to the outside');

	my $prisma = below_root('prisma', { '20240101000000_a/migration.sql' => 'SELECT 1' });
	symlink "$outside/sub", "$prisma/20240102000000_b" or die $!;
	fenced($prisma, '20240101000000_a 20240102000000_b', 'a folder of a migration that is a link to the outside');

	my $inside = below_root('inside', { '1_a.sql' => 'SELECT 1' });
	symlink "$root/plain/2_b.sql", "$inside/2_b.sql" or die $!;
	symlink "$second/1_a.sql", "$inside/3_c.sql" or die $!;
	both_apply($inside, '1 2 3', 'links that stay inside, also from root to root');

	# A user with roots must not learn by a link what exists outside: the three look the same to him.
	my %target = (broken => "$root/nothing-here", loop => "$root/loop/2_b.sql", hidden => "$outside/nothing-here");
	my %superuser_gets = (broken => '58P01', loop => '58030', hidden => '58P01');
	for my $case (sort keys %target)
	{
		my $dir = below_root($case, { '1_a.sql' => 'SELECT 1' });
		symlink $target{$case}, "$dir/2_b.sql" or die $!;
		my ($state, $out, $err) = run_as($superuser, $dir);
		is($state, $superuser_gets{$case}, "a $case link: a superuser is told what is wrong");
		like($err, qr/"[^"]*2_b\.sql/, "a $case link: and with which file");
		fenced($dir, undef, "a $case link");
	}

	symlink "$root/loop-b", "$root/loop-a" or die $!;
	symlink "$root/loop-a", "$root/loop-b" or die $!;
	is((run_as('reader', "$root/loop-a"))[0], '42501', 'a source that is a loop');
}

# one file as the source
{
	my $at = below_root('one', { 'a.sql' => 'SELECT 1', 'b.sql' => 'SELECT nobody' });
	my $data = $node->data_dir;

	both_apply("$at/a.sql", 'a', 'a file below a root');
	both_apply("$second/../second/1_a.sql", '1_a', 'a file in a root, by dots');
	fenced("$base/outer/1_secret.sql", '1_secret', 'a file outside');
	fenced("$root/../outer/1_secret.sql", '1_secret', 'dots to a file outside');
	fenced("$base/root-evil/1_secret.sql", '1_secret', 'a file beside the root');
	fenced("$at/missing.sql", undef, 'a file that is not there');
	symlink 'a.sql', "$at/link.sql" or die $!;
	both_apply("$at/link.sql", 'link', 'a link to a file beside it');
	symlink "$second/1_a.sql", "$at/other.sql" or die $!;
	both_apply("$at/other.sql", 'other', 'a link to a file of another root');
	symlink "$outside/1_secret.sql", "$at/out.sql" or die $!;
	fenced("$at/out.sql", 'out', 'a link to a file outside');
	symlink "$base/outer", "$at/folder" or die $!;
	fenced("$at/folder/1_secret.sql", '1_secret', 'a file in a folder that is a link to the outside');
	symlink "$at/a.sql", "$base/in.sql" or die $!;
	fenced("$base/in.sql", 'in', 'a link outside that leads to a file below a root');
	symlink "$at/loop.sql", "$at/loop.sql" or die $!;
	fenced("$at/loop.sql", undef, 'a link to itself');
	# the directory need not be readable for its file to be
	POSIX::mkfifo("$at/fifo.sql", 0644) or die $!;
	both_fail("$at/fifo.sql", '42809', qr/is not a regular file/, 'a FIFO');
	symlink '/dev/zero', "$at/zero.sql" or die $!;
	is((run_as($superuser, "$at/zero.sql"))[0], '42809', 'a device');
	is((run_as('reader', "$at/zero.sql"))[0], '42501', 'and for a user with roots');
	write_files($at, { 'big.sql' => '-' x (65 * 1024) });
	both_fail("$at/big.sql", '54000', qr/is larger than 64 kB/, 'a file that is too large');
	write_files($data, { 'data.sql' => 'SELECT 1' });
	fenced('data.sql', 'data', 'relative to the data directory');
	fenced('./data.sql', 'data', 'the same with a dot');
	unlink "$data/data.sql", "$base/in.sql";
	for my $call ('status', 'validate', 'pending', 'summary', 'is_current', 'baseline')
	{
		my ($state) = outcome_of($node, 'postgres', "SELECT * FROM migrator.$call('$base/outer/1_secret.sql')", psql_as('reader'));
		is($state, '42501', "a file outside: $call reads no more than apply");
	}
	my ($state) = outcome_of($node, 'postgres', "SELECT migrator.register('mine', '$base/outer/1_secret.sql')", psql_as('reader'));
	is($state, '42501', 'a file outside: nor does register');
}

# more ways that links go: each leads to the same file below a root
{
	my $ways = below_root('ways', { 'real/deep/1_a.sql' => 'SELECT 1' });
	my ($base_name) = $root =~ m,/([^/]+)$,;
	my %link = (
		relative => 'real/deep',
		absolute => "$root/ways/real/deep",
		'dots inside' => 'real/../real/./deep/',
		'out of the root and in again' => "../../$base_name/ways/real/deep",
		'from root to root' => "$second/back",
		'dots behind a link' => 'absolute/../deep',
		'link to a link' => 'relative');

	symlink "$root/ways/real/deep", "$second/back" or die $!;
	symlink $link{$_}, "$ways/$_" or die $! for sort keys %link;
	both_apply("$ways/$_", '1', "a directory behind a link, $_") for sort keys %link;
	both_apply("$root/ways/absolute/../..//real/./deep/.", '1', 'dots behind a link, written by the caller');

	my $files = below_root('ways-files', {});
	symlink '../ways/real/deep/1_a.sql', "$files/1_a.sql" or die $!;
	symlink "$files/1_a.sql", "$files/2_a.sql" or die $!;
	symlink "../../$base_name/ways-files/2_a.sql", "$files/3_a.sql" or die $!;
	symlink "$second/back/1_a.sql", "$files/4_a.sql" or die $!;
	both_apply($files, '1 2 3 4', 'files behind links');
	my ($state, $out, $err) = outcome_of($node, 'postgres',
		"SELECT version, outcome FROM migrator.apply('$files', 'ways'); SELECT * FROM migrator.apply('$files', 'ways')", psql_as('reader'));
	is("$state $out", "00000 1|applied\n2|applied\n3|applied\n4|applied", 'they are up to date afterwards');

	symlink '40', "$ways/41" or die $!;
	symlink $_ - 1, "$ways/$_" or die $! for 2 .. 40;
	symlink 'real/deep', "$ways/1" or die $!;
	both_apply("$ways/40", '1', 'forty links');
	is((run_as('reader', "$ways/41"))[0], '42501', 'one link more');
	is((run_as('reader', "$root/" . 'x/../' x 100_000))[0], '42501', 'a path without an end');
	is((run_as('reader', "$root/" . 'n' x 300 . '/../plain'))[0], '42501', 'a name that is too long');

	# A root may be a link: what it leads to is the root, under both names. Links outside of the roots are not looked at.
	symlink $root, "$base/root-link" or die $!;
	$node->safe_psql('postgres', qq{ALTER SYSTEM SET migrator.source_roots = '$base/root-link/plain, $base/root-link/ways, $second'});
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('migrator.source_roots') LIKE '%root-link%'") or die;
	both_apply("$base/root-link/plain", '1 2', 'a root behind a link, as it is written');
	both_apply("$root/plain", '1 2', 'and without links');
	both_apply("$base/root-link/ways/absolute", '1', 'an absolute link below it');
	symlink "$root/plain", "$base/to-plain" or die $!;
	fenced("$base/to-plain", '1 2', 'a link outside that leads to a root');
	fenced("$base/root-link", undef, 'what holds the root');
	$node->safe_psql('postgres', qq{ALTER SYSTEM SET migrator.source_roots = '$root, $second'});
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('migrator.source_roots') NOT LIKE '%root-link%'") or die;
}

# nothing tells a user with roots what exists outside, nor what it is
{
	my %outside = (missing => "$base/missing", 'a directory' => $outside, 'a file' => "$outside/1_secret.sql",
		'below a file' => "$outside/1_secret.sql/x", closed => "$base/closed");
	mkdir $outside{closed}, 0 or die $!;
	my $at = below_root('to-outside', {});
	my %seen;
	my $settled = sub { my ($text, $path) = @_; $text =~ s/\Q$path\E/PATH/g; $text =~ s/svc\d+/SERVICE/g; return $text; };
	for my $what (sort keys %outside)
	{
		# by name, by dots that pass by it, by a link that is the source, a folder, a script, something else
		my $path = $outside{$what};
		$seen{dots}{ join(' ', (run_as('reader', "$path/../root/plain"))[ 0, 1 ]) } = $what if $path =~ m,^\Q$base\E/[^/]+$,;
		$seen{name}{ $settled->(join(' ', run_as('reader', $path)), $path) } = $what;
		for my $name ('source', '20240102000000_b', '1_a.sql', 'README.md')
		{
			symlink $path, "$at/$name" or die $!;
			for my $call ('apply', 'status', 'validate')
			{
				$seen{"$name $call"}{ $settled->(join(' ', outcome_of($node, 'postgres',
					"SET client_min_messages = debug5; SELECT * FROM migrator.$call('$at" . ($name eq 'source' ? '/source' : '') . "', 'none')",
					psql_as('reader'), '-v', 'SHOW_CONTEXT=always')) =~ s/^.*(?:DEBUG|LOCATION|LOG):.*\n//mgr =~ s/xid[^\n]*//gr, $path) } = $what;
			}
			unlink "$at/$name";
		}

		# a registered source is not found by another path outside
		$node->safe_psql('postgres', "SELECT migrator.register('known', '$root/plain')");
		symlink "$root/plain", "$base/closed-link" unless -l "$base/closed-link";
		$seen{settings}{ $settled->(join(' ', outcome_of($node, 'postgres', "SELECT name, value, origin FROM migrator.settings('$_') " .
			"WHERE name IN ('source', 'service')",
					psql_as('reader'))), $_) } = $_ for $path, "$base/closed-link";
	}
	is(scalar(keys %{ $seen{$_} }), 1, "outside, $_: all looks the same") or diag(explain($seen{$_})) for sort keys %seen;
	my ($state, $out) = outcome_of($node, 'postgres', "SELECT value FROM migrator.settings('$root/inside/../plain/') WHERE name = 'service'", psql_as('reader'));
	is("$state $out", '00000 known', 'a registered source is found by another path inside');
	is($node->safe_psql('postgres', "SELECT value FROM migrator.settings('$base/closed-link') WHERE name = 'service'"), 'known',
		'and by a superuser through any link');
	$node->safe_psql('postgres', "SELECT migrator.unregister('known')");
	chmod 0700, $outside{closed};
}

# a folder that a link leads to nowhere is not passed over, by nobody
{
	my $lost = below_root('lost', { '20240101000000_a/migration.sql' => 'SELECT 1' });
	symlink 'gone', "$lost/20240102000000_b" or die $!;
	is((run_as($superuser, $lost))[0], '58P01', "a superuser is told that a migration's folder is missing");
	fenced($lost, undef, 'a folder that is missing');
}

# A directory in the middle of the path that is exchanged, again and again, for a link to the outside.
SKIP:
{
	my %renameat2 = (x86_64 => 316, aarch64 => 276);
	my $number = $renameat2{ (POSIX::uname())[4] };
	skip 'the number of renameat2() is not known here', 4 unless $number;
	my $race = below_root('race', { 'mid/sub/1_a.sql' => 'SELECT 1' });
	write_files("$base/outer", { 'sub/1_a.sql' => "classified content'", 'sub/2_classified_name.sql' => 'SELECT 2' });
	symlink "$base/outer", "$race/alt" or die $!;
	my ($from, $to) = ("$race/mid", "$race/alt");
	skip 'no renameat2() here', 4 unless syscall($number, -100, $from, -100, $to, 2) == 0;

	my $swapper = fork() // die $!;
	if ($swapper == 0)
	{
		syscall($number, -100, $from, -100, $to, 2) while getppid() != 1;
		POSIX::_exit(0);
	}
	$node->safe_psql('postgres', q{
		CREATE FUNCTION look_often(source text, times int) RETURNS TABLE (what text, n int) LANGUAGE plpgsql AS $$
		DECLARE
			seen jsonb := '{}';
			found text;
			detail text;
		BEGIN
			FOR i IN 1 .. times LOOP
				BEGIN
					IF i % 2 = 0 THEN
						SELECT 'rows ' || coalesce(string_agg(v::text, E'
'), '') INTO found FROM migrator.validate(source, 'race') v;
					ELSE
						SELECT 'rows ' || coalesce(string_agg(s.name, ' '), '') INTO found FROM migrator.status(source, 'race') s;
					END IF;
				EXCEPTION WHEN OTHERS THEN
					GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
					found := 'error ' || SQLSTATE || ' ' || SQLERRM || ' ' || detail;
				END;
				seen := seen || jsonb_build_object(found, coalesce((seen ->> found)::int, 0) + 1);
			END LOOP;
			RETURN QUERY SELECT key, value::int FROM jsonb_each_text(seen);
		END$$});
	my $seen = $node->safe_psql('postgres', "SET client_min_messages = error; SELECT n, what FROM look_often('$race/mid/sub', 6000)",
		extra_params => [ psql_as('reader') ]);
	kill 'KILL', $swapper;
	waitpid $swapper, 0;
	note($seen);
	like($seen, qr/rows /, 'an exchanged directory: sometimes it was read');
	like($seen, qr/error 42501 permission denied for /, 'and sometimes refused');
	unlike($seen, qr/2_classified_name/, 'no name from outside was ever seen');
	unlike($seen, qr/classified content/, 'and no content');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_stat_activity WHERE state IS NOT NULL AND pid <> pg_backend_pid()'), 0, 'nobody is left');
}

# a Kubernetes ConfigMap volume: files are links through ..data, which a change swaps at once
{
	my $map = below_root('configmap',
		{
			'..2024_01_01/1_a.sql' => 'CREATE TABLE a (i int)',
			'..2024_01_01/2_b.sql' => 'CREATE TABLE b (i int)',
			'..2024_01_02/1_a.sql' => 'CREATE TABLE a (i int)',
			'..2024_01_02/2_b.sql' => 'CREATE TABLE b (i int)',
			'..2024_01_02/3_c.sql' => 'CREATE TABLE c (i int)'
		});

	symlink '..2024_01_01', "$map/..data" or die $!;
	symlink "..data/$_", "$map/$_" or die $! for ('1_a.sql', '2_b.sql');
	both_apply($map, '1 2', 'a ConfigMap');
	is( $node->safe_psql('postgres', "SELECT count(*) FROM migrator.validate('$map', 'map') WHERE check_name = 'names' AND severity <> 'ok'"),
		0, 'its hidden entries are no news');
	my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT version, outcome FROM migrator.apply('$map', 'map')", psql_as('reader'));
	is("$state $out", "00000 1|applied\n2|applied", 'applied for good');

	symlink '..2024_01_02', "$map/..data_tmp" or die $!;
	rename "$map/..data_tmp", "$map/..data" or die $!;
	symlink '..data/3_c.sql', "$map/3_c.sql" or die $!;
	($state, $out, $err) = outcome_of($node, 'postgres', "SELECT version, outcome FROM migrator.apply('$map', 'map')", psql_as('reader'));
	is("$state $out", '00000 3|applied', 'and after its contents were swapped');
	unlike($err, qr/WARNING/, 'nothing seems changed');
}

# what is no file
{
	my $fifo = below_root('fifo', { '1_a.sql' => 'SELECT 1' });
	POSIX::mkfifo("$fifo/2_b.sql", 0666) or die $!;
	both_fail($fifo, '42809', qr/2_b\.sql" is not a regular file/, 'a FIFO');
	my ($state, $out, $err) = outcome_of($node, 'postgres',
		"SELECT check_name, severity FROM migrator.validate('$fifo') WHERE file = '2_b.sql' AND severity = 'error'");
	is("$state $out", '00000 readable|error', 'validate tells of it as well');

	# the name of a socket has room for 107 bytes
	my $short = PostgreSQL::Test::Utils::tempdir_short();
	chmod 0755, $short;
	write_files($short, { '1_a.sql' => 'SELECT 1' });
	socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or die $!;
	bind($socket, sockaddr_un("$short/2_b.sql")) or die $!;
	($state, $out, $err) = run_as($superuser, $short);
	is($state, '58030', 'a socket');
	like($err, qr/2_b\.sql/, 'is named');

	my $device = below_root('device', { '1_a.sql' => 'SELECT 1' });
	symlink '/dev/zero', "$device/2_b.sql" or die $!;
	($state) = run_as($superuser, $device);
	is($state, '42809', 'a device without an end');
	($state) = run_as('reader', $device);
	like($state, qr/^42(?:809|501)$/, 'also for a user with roots');

	my $directory = below_root('directory', { '1_a.sql' => 'SELECT 1', '2_b.sql/note.txt' => 'x' });
	both_fail($directory, 'MG013', qr/"2_b\.sql" can neither be run nor be left out/, 'a directory named like a migration');
	is( $node->safe_psql('postgres',
			"SELECT count(*) FROM migrator.validate('$directory') WHERE file LIKE '2_b.sql%' AND check_name = 'names' AND severity <> 'ok'"),
		1, 'and validate says so');

  SKIP:
	{
		skip 'root reads everything', 5 if $> == 0;
		my $locked = below_root('locked', { '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 2' });
		chmod 0, "$locked/2_b.sql" or die $!;
		both_fail($locked, '42501', qr/could not open file ".*2_b\.sql": Permission denied/, 'an unreadable file');
		chmod 0, $locked or die $!;
		is((run_as($superuser, $locked))[0], '42501', 'an unreadable directory');
		chmod 0755, $locked;
	}
}

# size
{
	my $limit = 64 * 1024;
	my $exact = below_root('exact', { '1_a.sql' => 'SELECT 1;' . ' ' x ($limit - 9) });
	both_apply($exact, '1', 'a file of just the largest size');

	my $large = below_root('large', { '1_a.sql' => 'SELECT 1', '2_b.sql' => 'SELECT 1;' . ' ' x ($limit - 8) });
	both_fail($large, '54000', qr/2_b\.sql" is larger than 64 kB/, 'a file one byte larger');
	my ($state) = outcome_of($node, 'postgres', "SELECT migrator.version(); SET migrator.max_file_size = '1GB'", psql_as('reader'));
	is($state, '42501', 'the limit is not for everybody to raise');

	# One that says it has no bytes and has many: what a file looks like that grows after its size was taken.
  SKIP:
	{
		my ($grown) = grep { -r $_ && -f $_ && -s $_ == 0 && length(slurp_file($_)) > $limit } '/proc/kallsyms', '/proc/cpuinfo';
		skip 'no such file here', 2 unless $grown;
		my $proc = below_root('proc', { '1_a.sql' => 'SELECT 1' });
		symlink $grown, "$proc/2_b.sql" or die $!;
		my ($state, $out, $err) = run_as($superuser, $proc);
		is($state, '54000', 'a file with more than its size says');
		like($err, qr/2_b\.sql" is larger than 64 kB/, 'is named');
	}

	# A writer that never rests: whenever the file is looked at, it has grown, or has just been emptied.
	my $growing = below_root('growing', { '1_a.sql' => "SELECT 1;\n" });
	my $writer = fork() // die $!;
	if ($writer == 0)
	{
		for (1 .. 60)
		{
			open my $out, '>', "$growing/1_a.sql" or POSIX::_exit(1);
			$out->autoflush(1);
			for (1 .. 1_500)
			{
				print $out '-- ' . 'x' x 60 . "\n";
				select undef, undef, undef, 0.001 if $_ % 50 == 0;
			}
			close $out;
		}
		POSIX::_exit(0);
	}
	my %seen;
	while (waitpid($writer, POSIX::WNOHANG()) == 0)
	{
		($state) = run_as('reader', $growing);
		$seen{$state}++;
	}
	is($?, 0, 'the writer wrote');
	note(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
	delete @seen{ '00000', '55000', '54000' };
	is_deeply(\%seen, {}, 'a growing file is applied as it was checked, or refused');
	both_fail($growing, '54000', qr/1_a\.sql" is larger than 64 kB/, 'when it has grown');
}

# what was checked is what is run
{
	my $swap = below_root('swap', { '2_b.sql' => 'CREATE TABLE honest (i int)', '3_c.sql' => 'SELECT 3' });
	write_files($swap,
		{ '1_a.sql' => "CREATE TABLE swapper (i int); COPY (SELECT 'CREATE TABLE evil (i int)') TO '$swap/2_b.sql'" });
	my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.apply('$swap', 'swap')");

	is($state, '55000', 'a file that changes in the middle of a run');
	like($err, qr/"2_b\.sql" changed while the run was under way/, 'is named');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname IN ('swapper', 'honest', 'evil')"), 0, 'nothing is left');

	write_files($swap, { '2_b.sql' => 'SELECT 2',
			'1_a.sql' => "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm $swap/2_b.sql'" });
	($state) = outcome_of($node, 'postgres', "SELECT migrator.apply('$swap', 'swap')");
	is($state, '55000', 'a file that goes away');

	write_files($swap, { '2_b.sql' => 'SELECT 2',
			'1_a.sql' => "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm $swap/2_b.sql; mkfifo $swap/2_b.sql'" });
	($state) = outcome_of($node, 'postgres', "SELECT migrator.apply('$swap', 'swap')");
	is($state, '55000', 'a file that becomes a FIFO');
	unlink "$swap/2_b.sql";
}

# nothing is readable where no root is set
{
	$node->safe_psql('postgres', "ALTER SYSTEM SET migrator.source_roots = ''");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('migrator.source_roots') = ''") or die;
	fenced("$root/plain", '1 2', 'without roots');
}

$node->stop;
done_testing();
