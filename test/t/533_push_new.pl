# migrator-push --new: the files that migrator.new_migration() makes for the same directory, without a server.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use File::Find ();
use File::Path ();
use MigratorTest;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('push_new');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

my $push = $node->config_data('--bindir') . '/migrator-push';
delete $ENV{MIGRATION_ENV};

# (exit status, stdout, stderr); no server is there for it
sub run_push
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');

	local %ENV = (%ENV, PGHOST => '/nowhere');
	my $run = IPC::Run::start([ $push, @arguments ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));
	$run->finish;
	return ($run->result(0), $out, $err);
}

# all files below a directory with their contents; what differs from one second to the next is the same
sub tree
{
	my ($dir) = @_;
	my %found;

	File::Find::find(
		{ no_chdir => 1, wanted => sub {
			return unless -f $_;
			my $name = substr $_, 1 + length $dir;
			$name =~ s/\b(20[23]\d)(-?)(\d\d)(-?)(\d\d)(-?)\d{6}(?=_)/time$2/g unless -M $_ > 1;
			$found{$name} = -s $_ ? slurp_file($_) : '';
		} }, $dir);
	return join "\n", map { "$_: $found{$_}" } sort keys %found;
}

# The same directory twice: once for each of them. names_only: what the comments of new files say is not compared, for
# migrator-push does not know all that is a mark, and is on its guard.
my $text = 'SELECT 1;';
sub same
{
	my ($name, $description, $files, %o) = @_;
	my ($ours, $theirs) = map { source_dir({ map { $_ => $text } grep { !m,/$, } @$files }) } 1 .. 2;
	my $old = time - 10 * 86400;

	for my $dir ($ours, $theirs)
	{
		for (grep { m,/$, } @$files) { mkdir "$dir/$_" or die "$dir/$_: $!\n"; }
		write_files($dir, $o{contents}) if $o{contents};
		File::Find::find({ no_chdir => 1, wanted => sub { utime $old, $old, $_ if -f $_ } }, $dir);
	}
	my $environment = $o{environment} ? "'$o{environment}'" : 'NULL';
	(my $quoted = $description) =~ s/'/''/g;
	my ($rc, $rows, $complaint) = $node->psql('postgres',
		"SELECT file FROM migrator.new_migration('$ours', '$quoted', environment => $environment)");
	my ($code, $out, $err) = run_push("--new=$description", $o{environment} ? "--environment=$o{environment}" : (), $theirs);

	if ($o{refused})
	{
		isnt($rc, 0, "$name: the server refuses");
		is($code, 2, "$name: so does migrator-push") or diag($out);
		like($err, $o{refused}, "$name: and says why");
		is(tree($theirs), tree($ours), "$name: nothing was made");
	}
	else
	{
		is("$rc $code $complaint$err", '0 0 ', "$name: both make files");
		my ($one, $other) = map { tree($_) } $theirs, $ours;
		if ($o{names_only}) { s/: -- .*$/:/mg for $one, $other; }
		is($one, $other, "$name: the same");
		my @printed = map { substr $_, 1 + length $theirs } split /\n/, $out;
		my @returned = split /\n/, $rows;
		s/\d{4}-?\d\d-?\d\d-?\d{6}/time/ for @printed, @returned;
		is("@printed", "@returned", "$name: and it prints what it made");
	}
	ok(!-e "$_/.migrator-new", "$name: nothing is left behind") for $ours, $theirs;
	return;
}

my $today = POSIX::strftime('%Y%m%d', gmtime);
my $tomorrow = POSIX::strftime('%Y%m%d', gmtime(time + 2 * 86400));

same('empty', 'Add e-mail', []);
same('documents only', 'a', ['README.md']);
same('golang-migrate', 'Add e-mail', [ '0009_a.up.sql', '0009_a.down.sql' ]);
same('no zeros', 'a', [ '9_a.up.sql', '08_b.up.sql' ]);
same('more digits', 'a', [ '999_a.up.sql', '99_b.up.sql', '0999_c.down.sql' ]);
same('many digits', 'a', ['99999999999999999999999999_a.up.sql']);
same('a way back alone', 'a', [ '1_a.up.sql', '3_b.down.sql' ]);
same('times', 'a', ['20240101120000_a.up.sql']);
same('dates as numbers', 'a', ['20240101_a.up.sql']);
same('a date as number, of the future', 'a', ["${tomorrow}_a.up.sql"]);
same('upper case', 'a', [ '01_A.UP.SQL', '01_A.DOWN.SQL' ]);
same('prisma', 'Add e-mail', [ '20240101120000_a/migration.sql', 'migration_lock.toml' ]);
same('diesel', 'a', [ '2024-01-01-120000_a/up.sql', '2024-01-01-120000_a/down.sql' ]);
same('diesel, the first', 'a', [ '00000000000000_diesel_initial_setup/up.sql', '00000000000000_diesel_initial_setup/down.sql' ]);
same('dated', 'Add e-mail', ['20240101-a.sql']);
same('dated, with a way back', 'a b', [ '20240101-a.sql', '20240101-a.down.sql' ]);
same('dated, up and down', 'a b', [ '20240101-a.up.sql', '20240101-a.down.sql' ]);
same('dated, times', 'a b', ['20240101120000_a.sql']);
same('dated, today, behind', 'z', ["$today-a.sql"]);
same('dated, today, before', 'a', ["$today-z.sql"]);
same('dated, of the future', 'a', ['29990228-z.sql']);
same('dated, the end of a year', 'a', ['29991231235959_z.sql']);
same('dated, a leap day', 'a', ['29920228235959_z.sql']);
same('dated, no leap day', 'a', ['29900228235959_z.sql']);
same('numbered', 'Add e-mail', ['0007_a.sql']);
same('numbered with dashes', 'Add e-mail', [ '01-a.sql', '02-b.sql' ]);
same('numbered with dots', 'a', ['3.a.sql']);
same('numbers alone', 'a', [ '1.sql', '2.sql' ]);
same('a name of another kind', 'a', [ '1_a.sql', '5_a.mysql.sql', '6_b_down.sql', 'notes.txt' ]);
same('hooks', 'a', [ '1_a.up.sql', 'pre_migrate.sql', 'bootstrap.sql' ]);
same('environments', 'a', [ 'common/1_a.up.sql', 'production/2_b.up.sql', 'staging/' ]);
same('an environment', 'a', [ 'common/1_a.up.sql', 'production/2_b.up.sql', 'staging/' ], environment => 'production');
same('an empty one', 'a', [ 'common/1_a.up.sql', 'production/2_b.up.sql', 'staging/' ], environment => 'staging');
same('one of the file', 'a', ['1_a.up.sql'], environment => 'test',
	contents => { 'environments.json' => '{"current_environment": "test", "environments": {"test": {}}}' });
same('prisma in environments', 'a', [ 'common/20240101120000_a/migration.sql', 'production/20240102120000_b/migration.sql' ],
	environment => 'production');
same('words', "  It's: \"\$x\" `a` \\ ä ; | 9  ", ['1_a.up.sql'], names_only => 1);
same('a path', '../../x', ['1_a.up.sql'], names_only => 1);

same('unknown names', 'a', [ 'a.sql', 'b.sql' ], refused => qr/holds no migrations/);
same('two layouts', 'a', [ '1_a.up.sql', '20240101120000_b/migration.sql' ], refused => qr/more than one layout/);
same('mostly others', 'a', [ '1_a.sql', 'b.sql', 'c.sql', 'd.sql' ], refused => qr/no known layout/);
same('a word that goes back', 'slow down', ['1_a.sql'], refused => qr/goes back/);
same('no word', '!?', ['1_a.sql'], refused => qr/no letter or digit/);
same('too many', 'x' x 101, ['1_a.sql'], refused => qr/longer than 100/);
same('no such environment', 'a', ['common/1_a.sql'], environment => 'nowhere', refused => qr/does not exist/);
same('common is none', 'a', ['common/1_a.sql'], environment => 'common', refused => qr/does not exist/);
same('no time behind', 'a', ['99999999999999_a/migration.sql'], refused => qr/no time sorts behind/);

# Files of another tool are for the server, which may know it.
{
	my $dir = source_dir({ '1_a.sql' => "-- migrate:up\nSELECT 1;\n-- migrate:down\n" });
	my ($code, $out, $err) = run_push('--new=a', $dir);
	is($code, 2, 'marks of another tool: refused');
	like($err, qr/another tool's marks/, 'marks of another tool: the complaint');
	is(scalar(() = tree($dir) =~ /sql:/g), 1, 'marks of another tool: nothing was made');
}

# Arguments.
for (
	[ [ '--new=a', '--up' ], qr/no server/ ], [ [ '--new=a', '-d', 'x' ], qr/no server/ ], [ ['--layout=prisma'], qr/needs --new/ ],
	[ [ '--new=a', '--layout=x' ], qr/no layout "x"/ ], [ [ '--new=a', '--layout=' ], qr/needs a value/ ],
	[ [ '--new=' ], qr/no letter/ ], [ [ '--new=a', '--target=1' ], qr/no server/ ])
{
	my $dir = source_dir();
	my ($code, $out, $err) = run_push(@{ $_->[0] }, $dir);
	is($code, 2, "@{ $_->[0] }: refused");
	like($err, $_->[1], "@{ $_->[0] }: the complaint");
	is(tree($dir), '', "@{ $_->[0] }: nothing was made");
}
for (
	[ 'prisma', qr,^\d{14}_a/migration\.sql$, ], [ 'diesel', qr,^\d{4}-\d\d-\d\d-\d{6}_a/up\.sql$, ],
	[ 'dated', qr/^\d{14}_a\.sql$/ ], [ 'numbered', qr/^000001_a\.sql$/ ], [ 'golang-migrate', qr/^000001_a\.up\.sql$/ ])
{
	my ($layout, $like) = @$_;
	my $dir = source_dir();
	my ($code, $out) = run_push("--new=a", "--layout=$layout", $dir);
	my ($first) = split /\n/, $out;
	like(substr($first, 1 + length $dir), $like, "$layout: in an empty directory");
	($code, undef, my $err) = run_push('--new=b', '--layout=' . ($layout eq 'prisma' ? 'diesel' : 'prisma'), $dir);
	is($code, 2, "$layout: is not mixed with another one");
	like($err, qr/its layout is $layout/, "$layout: says so");
	my $rows = $node->safe_psql('postgres', "SELECT count(*) FROM migrator.pending('$dir')");
	is($rows, 1, "$layout: the server reads it");
}

# Words that others take for theirs are none in the comment, for either of them.
for my $words ('migrator: manual', 'migrate:up', '+goose Up', 'rollback', 'Down', "two\nlines", '-- x')
{
	my $dir = source_dir();
	my ($code) = run_push("--new=$words", $dir);
	is($code, 0, "\"$words\" as description");
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.validate('$dir') WHERE severity <> 'ok'"), 0, "\"$words\": no word to a tool");
}

# Relative names, a directory with a strange name, and one that is a link.
my $base = source_dir({ q{a b'$(x)"-/1_a.up.sql} => $text });
symlink q{a b'$(x)"-}, "$base/link" or die $!;
for my $dir (q{a b'$(x)"-}, 'link', q{./a b'$(x)"-/})
{
	my ($code, $out, $err);
	my $run = IPC::Run::start([ $push, '--new=x', '--', $dir ], '<', \undef, '>', \$out, '2>', \$err,
		init => sub { chdir $base or die $! }, IPC::Run::timeout($MigratorTest::net));
	$run->finish;
	is($run->result(0), 0, "$dir: made") or diag($err);
	(my $shown = $dir) =~ s,/$,,;
	like($out, qr,^\Q$shown\E/\d_x\.up\.sql\n,, "$dir: named as given");
}
is(scalar(() = tree($base) =~ /\d_x\.up\.sql/g), 3, 'three migrations');

# Other shells, and other versions of awk.
for my $with ('dash', 'bash', 'busybox', 'ksh', 'mksh', 'yash', 'posh', 'zsh', 'mawk', 'gawk', 'original-awk')
{
	my ($path) = grep { -x } map { "$_/$with" } split /:/, $ENV{PATH};
	SKIP:
	{
		skip "no $with", 1 unless $path;
		my $tools = source_dir({});
		if ($with eq 'busybox') { symlink $path, "$tools/$_" or die $! for qw(sh awk tr mkdir ln mv rm cat date grep sleep); }
		if ($with =~ /awk/) { symlink $path, "$tools/awk" or die $!; }
		local $ENV{PATH} = "$tools:$ENV{PATH}";
		my @shell = $with =~ /awk/ ? () : $with eq 'busybox' ? "$tools/sh" : $with eq 'bash' ? ($path, '--posix') :
			$with eq 'zsh' ? ($path, '--emulate', 'sh') : $path;
		my @names;
		for (['099_a.up.sql'], ['29991231235959_z.sql'], [ 'common/1-a.sql', 'x y/2.sql' ], ['2999-12-31-000000_a/up.sql'])
		{
			my $some = source_dir({ map { $_ => $text } @$_ });
			my ($out, $err) = ('', '');
			IPC::Run::run([ @shell, $push, '--new=Add e-mail', $some ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));
			push @names, map({ substr $_, 1 + length $some } split /\n/, $out), $err;
		}
		is("@names", '100_add_e_mail.up.sql 100_add_e_mail.down.sql  30000101000000_add_e_mail.sql  common/2-add-e-mail.sql  ' .
				'2999-12-31-000001_add_e_mail/up.sql 2999-12-31-000001_add_e_mail/down.sql ', "$with: the same names");
	}
}

# Many at once get different versions, from either side.
my $herd = source_dir({ '1_a.up.sql' => $text });
chmod 0777, $herd;
my @pushes = map { IPC::Run::start([ $push, "--new=c$_", $herd ], '<', \undef, '>', \my $out, '2>', \my $err) } 1 .. 4;
$node->safe_psql('postgres', join ';', map { "SELECT migrator.new_migration('$herd', 's$_')" } 1 .. 4);
$_->finish for @pushes;
is(scalar(grep { $_->result(0) != 0 } @pushes), 0, 'all made theirs');
my %versions;
for (split /\n/, tree($herd)) { $versions{$1}++ if /^(\d+)_\w+\.up\.sql/; }
is(join(' ', sort { $a <=> $b } keys %versions), '1 2 3 4 5 6 7 8 9', 'each its own version');

# What one that died left stops others, with a word; nothing is made.
mkdir "$herd/.migrator-new" or die $!;
my ($code, $out, $err) = run_push('--new=x', $herd);
is($code, 2, 'a folder of one that died');
like($err, qr/another call is making files .* remove ".*\.migrator-new"/, 'says what to do');
ok(-d "$herd/.migrator-new", 'which is left to the user');
rmdir "$herd/.migrator-new";

# Where nothing may be written.
SKIP:
{
	skip 'root may write everywhere', 2 if $> == 0;
	chmod 0555, $herd;
	($code, $out, $err) = run_push('--new=x', $herd);
	is($code, 2, 'a directory that cannot be written');
	like($err, qr/cannot be written/, 'says so');
	chmod 0755, $herd;
}
$node->stop;
done_testing();
