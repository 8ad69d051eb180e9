# new_migration(): what is written, by whom, next to whom, and what is left when it goes wrong.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use File::Find ();
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $base = source_dir();
my $node = PostgreSQL::Test::Cluster->new('new_migration');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nmigrator.source_roots = '$base/root'\n");
$node->start;
for my $db ('postgres', 'other', 'latin1')
{
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0" .
			($db eq 'latin1' ? " ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'" : '')) if $db ne 'postgres';
	$node->safe_psql($db, 'CREATE EXTENSION migrator');
}

sub all_of
{
	my ($dir) = @_;
	my @found;
	File::Find::find({ no_chdir => 1, wanted => sub { push @found, substr($_, 1 + length $dir) if $_ ne $dir } }, $dir);
	return join ' ', sort @found;
}

sub make_dir
{
	my ($name, @files) = @_;
	mkdir "$base/$name" or die "$base/$name: $!\n";
	write_files("$base/$name", { map { $_ => 'SELECT 1;' } @files });
	return "$base/$name";
}

# (SQLSTATE or 0, output, error)
sub try_new
{
	my ($dir, %o) = @_;
	my ($rc, $out, $err) = $node->psql($o{db} // 'postgres',
		($o{before} // '') . ";SELECT file, written FROM migrator.new_migration('$dir', " . ($o{arguments} // "'x'") . ')',
		extra_params => [ '-v', 'VERBOSITY=verbose', $o{user} ? ('-U', $o{user}) : () ]);
	return ($err =~ /(?:ERROR|FATAL):  (\w{5}):/ ? $1 : 0, $out, $err);
}

# What is written.
my $plain = make_dir('plain', '1_a.up.sql');
is((try_new($plain))[1], "2_x.up.sql|t\n2_x.down.sql|t", 'two files');
is(sprintf('%o', (stat "$plain/2_x.up.sql")[2] & 07777), '600', 'of the mode that the server gives to its files');
is((stat "$plain/2_x.up.sql")[3], 1, 'with one name each');
$node->safe_psql('latin1', "SET client_encoding = 'UTF8'; SELECT migrator.new_migration('$plain', 'y', up => 'SELECT ''\xc3\xa4''')");
is(slurp_file("$plain/3_y.up.sql"), "SELECT '\xc3\xa4'\n", 'in UTF-8, whatever the encoding of the database');

# Where the server may not write.
SKIP:
{
	skip 'root may write everywhere', 9 if $> == 0;

	my $shut = make_dir('shut', '1_a.up.sql');
	chmod 0555, $shut or die $!;
	my ($state, undef, $err) = try_new($shut);
	is($state, '42501', 'a read-only directory: the SQLSTATE');
	like($err, qr/could not write into directory ".*shut": Permission denied.*operating system user must be allowed/s, 'the message');
	is(all_of($shut), '1_a.up.sql', 'nothing was made');
	chmod 0755, $shut;

	my $half = make_dir('half', 'common/1_a.up.sql', 'production/2_b.up.sql');
	chmod 0555, "$half/production" or die $!;
	($state) = try_new($half, arguments => "'x', environment => 'production'");
	is($state, '42501', 'a read-only folder of an environment: the SQLSTATE');
	is(all_of($half), 'common common/1_a.up.sql production production/2_b.up.sql', 'nothing is left of it');
	chmod 0755, "$half/production";

	my $folder = make_dir('folder', 'common/20240101120000_a/migration.sql', 'production/20240101120001_a/migration.sql');
	chmod 0555, "$folder/production" or die $!;
	($state) = try_new($folder, arguments => "'x', environment => 'production'");
	is($state, '42501', 'a read-only folder, of prisma');
	unlike(all_of($folder), qr/_x|migrator-new/, 'nothing is left of it');
	chmod 0755, "$folder/production";

	my $secret = make_dir('secret', '1_a.up.sql');
	chmod 0300, $secret or die $!;
	($state) = try_new($secret);
	is($state, '42501', 'a directory that can be written and not read');
	chmod 0755, $secret;
	is(all_of($secret), '1_a.up.sql', 'nothing was made there');
}

# What another call left that died, and what looks like it.
my $left = make_dir('left', '1_a.up.sql');
make_dir('elsewhere');
for my $kind ('folder', 'link', 'file')
{
	my $there = "$left/.migrator-new";
	if ($kind eq 'folder') { mkdir $there or die $!; }
	elsif ($kind eq 'link') { symlink "$base/elsewhere", $there or die $!; }
	else { write_files($left, { '.migrator-new' => 'x' }); }
	my ($state, undef, $err) = try_new($left, before => 'SET statement_timeout = 300');
	is($state, '57014', "$kind: waiting for it can be cancelled");
	if ($kind eq 'folder')
	{
		($state, undef, $err) = try_new($left);
		is($state, '55006', "$kind: waiting has an end");
		like($err, qr/another call is making files in directory.*remove "\.migrator-new" there/s, "$kind: and says what to do");
	}
	ok(-e $there, "$kind: it stays");
	$kind eq 'folder' ? rmdir $there : unlink $there;
	is(all_of($left) . all_of("$base/elsewhere"), '1_a.up.sql', "$kind: nothing was made");
}

# A backend that is ended, or cancelled, while it is at it. It waits in its look at the record, which another session has locked.
my $ended = make_dir('ended', '1_a.up.sql');
for my $end ('pg_terminate_backend', 'pg_cancel_backend')
{
	my $holder = start_psql($node, 'postgres', 'BEGIN; LOCK TABLE migrator.migrations; SELECT pg_sleep(3600)');
	my $holding = wait_for_sleep($node, 'postgres');
	my $victim = start_psql($node, 'postgres', "SELECT migrator.new_migration('$ended', 'x')");
	my $waiting = q{FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%new_migration%'};
	ok($node->poll_query_until('postgres', "SELECT count(*) = 1 $waiting"), "$end: it waits");
	ok(-d "$ended/.migrator-new", "$end: with the directory kept from others");
	$node->safe_psql('postgres', "SELECT $end(pid) $waiting");
	isnt(finish_psql($victim), 0, "$end: it ended");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($holding)");
	finish_psql($holder);
	is(all_of($ended), '1_a.up.sql', "$end: nothing is left");
}
is((try_new($ended))[0], 0, 'and the next call goes on');

# Many at once, of two databases.
my $herd = make_dir('herd', '1_a.up.sql');
my @calls;
for my $i (1 .. 10)
{
	my ($out, $err) = ('', '');
	push @calls, [
		IPC::Run::start([ 'psql', '-XAt', '-d', $node->connstr($i % 2 ? 'postgres' : 'other'), '-c',
				"SELECT migrator.new_migration('$herd', 'n$i') FROM generate_series(1, 3)" ], '<', \undef, '>', \$out, '2>', \$err), \$err ];
}
for (@calls) { $_->[0]->finish; is(${ $_->[1] }, '', 'no error'); }
my %versions;
for (split / /, all_of($herd)) { $versions{$1} .= $2 if /^(\d+)_\w+\.(up|down)\.sql$/; }
is(scalar(keys %versions), 31, 'each has its own version');
is(scalar(grep { $_ eq 'downup' } values %versions), 30, 'and both files');
is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.pending('$herd')"), 31, 'which a run takes');

# Who may: a writer reads below the roots only, and whoever registered a service does not choose where others write.
mkdir "$base/root" or die $!;
write_files("$base/root", { 'app/1_a.up.sql' => 'SELECT 1;' });
symlink "$base/plain", "$base/root/out" or die $!;
symlink 'app', "$base/root/in" or die $!;
$node->safe_psql('postgres', q{
	CREATE ROLE writer LOGIN IN ROLE pg_write_server_files;
	CREATE ROLE reader LOGIN IN ROLE pg_read_server_files;
	CREATE ROLE nobody LOGIN;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO writer, reader;
});
is((try_new("$base/root/app", user => 'writer'))[1], "2_x.up.sql|t\n2_x.down.sql|t", 'a writer below a root');
is((try_new("$base/root/in", user => 'writer'))[1], "3_x.up.sql|t\n3_x.down.sql|t", 'by a link that stays below it');
is((try_new("$base/root/out", user => 'writer'))[0], '42501', 'a link that leads out');
is((try_new($plain, user => 'writer'))[0], '42501', 'a directory outside');
is((try_new("$base/root/app", user => 'reader'))[1], "4_x.up.sql|f\n4_x.down.sql|f", 'a reader gets names');
is((try_new("$base/root/app", user => 'nobody'))[0], '42501', 'whoever has no right to call it');
$node->safe_psql('postgres', "SELECT migrator.register('app', '$base/root/app')", extra_params => [ '-U', 'writer' ]);
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN IN ROLE pg_write_server_files, pg_read_server_files;' .
		' GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO stranger');
my ($rc, $out, $err) = $node->psql('postgres', "SELECT migrator.new_migration(NULL, 'x', 'app')", extra_params => [ '-U', 'stranger' ]);
like($err, qr/permission denied to use the registration/, 'a registration of somebody else, for one who is no less');
is($node->safe_psql('postgres', "SELECT file FROM migrator.new_migration(NULL, 'x', 'app')", extra_params => [ '-U', 'writer' ]),
	"4_x.up.sql\n4_x.down.sql", 'and of oneself');
$node->stop;
done_testing();
