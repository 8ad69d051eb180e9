# stage_archive(): archives as tar, git and Perl write them, and those that nobody should send. What is refused leaves the
# old set whole, and costs the server little.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use Digest::SHA ();
use Encode ();
use IO::Compress::Bzip2 ();
use IO::Compress::Gzip ();
use IO::Compress::Zip ();
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('stage_archive');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nlog_statement = none\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

my $shelf = PostgreSQL::Test::Utils::tempdir();
my $serial = 0;

# ---------------------------------------------------------------------------------------------------------------------
# Archives by hand
# ---------------------------------------------------------------------------------------------------------------------

# header(name, size, type => '0', link => '', magic => "ustar\0" . '00', prefix => '', raw_size => 12 bytes, tail => 155 bytes)
sub header
{
	my ($name, $size, %o) = @_;
	my $block = pack('a100 a8 a8 a8 a12 a12 a8 a1 a100 a8 a32 a32 a8 a8 a155 x12',
		$name, "0000644\0", "0001750\0", "0001750\0", $o{raw_size} // sprintf("%011o\0", $size), "00000000000\0", ' ' x 8,
		$o{type} // '0', $o{link} // '', $o{magic} // "ustar\00000", 'user', 'group', "0000000\0", "0000000\0",
		$o{tail} // $o{prefix} // '');

	substr($block, 148, 8) = sprintf("%06o\0 ", unpack('%32C*', $block));
	return $block;
}

sub padded { my ($bytes) = @_; return $bytes . "\0" x (-length($bytes) % 512); }
sub entry { my ($name, $content, %o) = @_; return header($name, length $content, %o) . padded($content); }
sub dir { my ($name) = @_; return header($name, 0, type => '5'); }
sub long_number { my ($n) = @_; return "\x80" . pack('x3 N N', $n >> 32, $n & 0xffffffff); }

# records of a pax header, each with its own length in front
sub pax
{
	my ($type, @pairs) = @_;
	my $records = '';

	while (my ($key, $value) = splice @pairs, 0, 2)
	{
		my $rest = " $key=$value\n";
		my $length = length($rest) + 1;
		$length++ while length("$length$rest") > $length;
		$records .= "$length$rest";
	}
	return entry('PaxHeaders/x', $records, type => $type);
}


# A long string that is not folded into a constant: each fork would copy its pages' table.
sub times_of { my ($text, $n) = @_; return $text x $n; }
sub gnu_long { my ($type, $text) = @_; return entry('././@LongLink', "$text\0", type => $type, magic => "ustar  \0"); }
sub gzip { my ($bytes, %o) = @_; my $out; IO::Compress::Gzip::gzip(\$bytes => \$out, -Minimal => 1, %o) or die 'gzip'; return $out; }

my $end = "\0" x 1024;

# ---------------------------------------------------------------------------------------------------------------------
# What the server makes of them
# ---------------------------------------------------------------------------------------------------------------------

# The file for the server; it reads it as a superuser may.
sub put_away
{
	my ($bytes) = @_;
	my $file = "$shelf/" . ++$serial;

	open my $out, '>:raw', $file or die $!;
	print $out $bytes;
	close $out or die $!;
	return $file;
}

# What is held, by paths in UTF-8 and the contents' own checksums.
my $held_query = q{SELECT encode(convert_to(path, 'UTF8'), 'hex'), length(content), encode(sha256(content), 'hex')
	FROM migrator.staged_files JOIN migrator.staged_contents USING (name, sha256) WHERE name = 'x'};

# ("00000" or the error's SQLSTATE, the number that is returned, the error's message, what is held then)
sub send_archive
{
	my ($bytes, %o) = @_;
	my $file = put_away($bytes);
	my ($out, $err) = ('', '');

	$node->psql($o{db} // 'postgres', qq{
		SELECT migrator.stage_archive('x', pg_read_binary_file('$file'));
		\\echo ended :SQLSTATE
		$held_query;}, stdout => \$out, stderr => \$err, on_error_stop => 0, timeout => $MigratorTest::net);
	unlink $file;
	my ($returned, $state, $held) = $out =~ /^(?:(\d+)\n)?ended (\w{5})\n?(.*)/s or return ('gone', '', $err, '');
	my ($message) = $err =~ /ERROR:  (.*)/;
	return ($state, $returned // '', $message // '', join("\n", sort split /\n/, $held));
}

# {path => content} as the server shows it
sub as_text
{
	my ($files) = @_;
	return join "\n", sort map { unpack('H*', $_) . '|' . length($files->{$_}) . '|' . Digest::SHA::sha256_hex($files->{$_}) } keys %$files;
}

sub held { my ($db) = @_; return join "\n", sort split /\n/, $node->safe_psql($db // 'postgres', $held_query); }

sub accepted
{
	my ($name, $bytes, $files, %o) = @_;
	my ($state, $out, $message, $held) = send_archive($bytes, %o);

	is("$state $out $message", '00000 ' . keys(%$files) . ' ', "$name: accepted");
	is($held, as_text($files), "$name: as it was sent");
	return;
}

my %old = ('1_old.sql' => 'SELECT 1;', 'f/2_old.sql' => "SELECT 2;\n" x 1000);
my $old_archive = join('', map { entry($_, $old{$_}) } sort keys %old) . $end;

sub refused
{
	my ($name, $bytes, $wanted_state, $wanted, %o) = @_;
	my ($state, undef, $message, $held) = send_archive($bytes, %o);

	like($state, ref $wanted_state ? $wanted_state : qr/^$wanted_state$/, "$name: refused");
	like($message, $wanted, "$name: with a message");
	is($held, as_text(\%old), "$name: the old set is whole");
	send_archive($old_archive, %o) if $state eq '00000';
	return;
}

# ---------------------------------------------------------------------------------------------------------------------
# Good ones
# ---------------------------------------------------------------------------------------------------------------------
my %two = ('1_a.sql' => "SELECT 1;\n", '2_b.sql' => 'x' x 512);
my $folder = join '/', ('folder' x 10) x 2;
my $long = join('/', map { chr(ord('a') + $_) x 60 } 0 .. 7) . '/1_long.sql';
my $umlaut = Encode::encode('UTF-8', "\x{e4}\x{f6}\x{fc}/1_\x{df}.sql");
my $wide = Encode::encode('UTF-8', "\x{20ac}/\x{1f600}_\x{43f}.sql");

accepted('ustar', entry('1_a.sql', $two{'1_a.sql'}) . entry('2_b.sql', $two{'2_b.sql'}) . $end, \%two);
accepted('"./" in front, and directories', dir('./') . entry('./1_a.sql', 'a') . dir('./d/') . dir('./d/e') . entry('././d/e/2_b.sql', 'b') . dir('f') . $end,
	{ '1_a.sql' => 'a', 'd/e/2_b.sql' => 'b' });
accepted('the old format', entry('1_a.sql', 'a', magic => '') . entry('2_b.sql', 'b', magic => '', type => "\0") . entry('d/', '', magic => '') . $end,
	{ '1_a.sql' => 'a', '2_b.sql' => 'b' });
accepted('a contiguous file', entry('1_a.sql', 'a', type => '7') . $end, { '1_a.sql' => 'a' });
accepted('prefix field', entry("1_a.sql", 'a', prefix => $folder) . entry('2_' . 'b' x 90, 'b', prefix => 'p' x 155) . $end,
	{ "$folder/1_a.sql" => 'a', 'p' x 155 . '/2_' . 'b' x 90 => 'b' });
accepted('a name that fills its field', entry('n' x 100, 'a') . $end, { 'n' x 100 => 'a' });
accepted('GNU long names', gnu_long('L', $long) . entry(substr($long, 0, 100), 'long', magic => "ustar  \0") . gnu_long('L', './a')
	. entry('other', 'a', magic => "ustar  \0") . $end,
	{ $long => 'long', a => 'a' });
accepted('pax long and UTF-8 names', pax('x', path => $long, mtime => '1.5') . entry('short', 'long') . pax('x', path => $umlaut) . entry('ascii', 'umlaut') .
	pax('x', path => $wide, comment => 'x') . entry('ascii', 'wide') . $end, { $long => 'long', $umlaut => 'umlaut', $wide => 'wide' });
accepted('pax size', pax('x', size => 3) . header('1_a.sql', 0) . padded('abc') . entry('2_b.sql', 'b') . $end, { '1_a.sql' => 'abc', '2_b.sql' => 'b' });
accepted('pax global header', pax('g', comment => '0123456789012345678901234567890123456789') . entry('1_a.sql', 'a')
	. pax('g', comment => 'again') . entry('2_b.sql', 'b') . $end,
	{ '1_a.sql' => 'a', '2_b.sql' => 'b' });
accepted('UTF-8 names in plain headers', entry($umlaut, 'umlaut') . entry($wide, 'wide', magic => "ustar  \0") . $end,
	{ $umlaut => 'umlaut', $wide => 'wide' });
accepted('pax and plain names are the same', entry('s', 's') . $end, { s => 's' });
accepted('names that need care', join('', map { entry($_, $_) } "a\nb", "a'b", 'a"b', 'a\\b', 'a b', '%s', '-rf', '$(id)', '*', "\t", '{a,b}', 'a|b') . $end,
	{ map { $_ => $_ } "a\nb", "a'b", 'a"b', 'a\\b', 'a b', '%s', '-rf', '$(id)', '*', "\t", '{a,b}', 'a|b' });
accepted('dot names', entry('.git/config', 'a') . entry('._1_a.sql', 'b') . entry('...', 'c') . $end,
	{ '.git/config' => 'a', '._1_a.sql' => 'b', '...' => 'c' });
accepted('contents', entry('empty', '') . entry('zeros', "\0" x 5000) . entry('all', join('', map { chr } 0 .. 255) x 9)
	. entry('tar', $old_archive) . entry('511', 'x' x 511) . entry('513', 'x' x 513) . $end,
	{ empty => '', zeros => "\0" x 5000, all => join('', map { chr } 0 .. 255) x 9, tar => $old_archive, 511 => 'x' x 511, 513 => 'x' x 513 });
accepted('a size in base 256', header('1_a.sql', 0, raw_size => long_number(3)) . padded('abc') . $end, { '1_a.sql' => 'abc' });
accepted('gzip', gzip(entry('1_a.sql', $two{'1_a.sql'}) . entry('2_b.sql', $two{'2_b.sql'}) . $end), \%two);
accepted('gzip in two members', gzip(entry('1_a.sql', $two{'1_a.sql'})) . gzip(entry('2_b.sql', $two{'2_b.sql'}) . $end), \%two);
accepted('blocks behind the end', entry('1_a.sql', 'a') . $end . "\0" x 9216, { '1_a.sql' => 'a' });
accepted('a large file in small pieces of gzip', gzip(entry('1_a.sql', join('', map { pack('N', ($_ * 2654435761) & 0xffffffff) } 1 .. 500_000)) . $end),
	{ '1_a.sql' => join('', map { pack('N', ($_ * 2654435761) & 0xffffffff) } 1 .. 500_000) });

# the same again is nothing: no row is written
{
	my $rows = q{SELECT f.xmin, c.xmin, f.ctid, c.ctid, staged_at FROM migrator.staged_files f JOIN migrator.staged_contents c } .
		q{USING (name, sha256) WHERE name = 'x' ORDER BY path};
	my $archive = entry('1_a.sql', 'a') . entry('2_b.sql', 'b') . $end;

	send_archive($archive);
	my $before = $node->safe_psql('postgres', $rows);
	accepted('the same again', gzip($archive), { '1_a.sql' => 'a', '2_b.sql' => 'b' });
	is($node->safe_psql('postgres', $rows), $before, 'the same again: nothing is written');
}

# a directory's entry is passed over, whatever it is called
accepted('names of directories', dir('/') . dir('/etc/') . dir('../') . dir('a/../../b/') . dir('1_a.sql/') . entry('1_a.sql', 'a')
	. $end, { '1_a.sql' => 'a' });

# ---------------------------------------------------------------------------------------------------------------------
# As programs write them
# ---------------------------------------------------------------------------------------------------------------------
my %tree = (
	'20240101000000_a/migration.sql' => "SELECT 'a';\n", '20240102000000_b/migration.sql' => "SELECT 'b';\n" x 5000, 'empty.txt' => '',
	"with 'quotes' and \"spaces\".sql" => 'q', $long => 'long', $umlaut => 'umlaut', "new\nline\\.sql" => 'n', '-dash.sql' => '-');
my $tree = source_dir(\%tree);
mkdir "$tree/empty" or die $!;

sub output_of
{
	my (@command) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err);
	diag("@command: $err") unless $ok;
	return $out;
}

SKIP:
{
	my ($tar) = grep { -x } map { "$_/tar" } split /:/, $ENV{PATH};
	skip 'no GNU tar', 1 unless $tar && `tar --version 2>/dev/null` =~ /GNU tar/;

	accepted("tar --format=$_", output_of('tar', "--format=$_", '-C', $tree, '-cf', '-', '.'), \%tree) for qw(gnu oldgnu pax posix);
	accepted('tar c of names', output_of('tar', '-C', $tree, '-cf', '-', '--', grep { !m,/, } keys %tree), { map { $_ => $tree{$_} } grep { !m,/, } keys %tree });
	accepted('tar cz', output_of('tar', '-C', $tree, '-czf', '-', '.'), \%tree);
	accepted('tar --sort, owners and times', output_of('tar', '--sort=name', '--owner=0', '--group=0', '--mtime=@0', '-C', $tree, '-cf', '-', '.'), \%tree);
	accepted('tar -h', do { my $links = source_dir({ 'data/1_a.sql' => 'a' }); symlink 'data/1_a.sql',
		"$links/2_b.sql" or die $!; output_of('tar', '-h', '--hard-dereference', '-C', $links, '-cf', '-', '.') },
		{ 'data/1_a.sql' => 'a', '2_b.sql' => 'a' });
	my %short = map { $_ => $tree{$_} } grep { length() < 100 } keys %tree;
	my $short = source_dir(\%short);
	accepted("tar --format=$_", output_of('tar', "--format=$_", '-C', $short, '-cf', '-', '.'), \%short) for qw(ustar v7);
}

SKIP:
{
	my ($git) = grep { -x } map { "$_/git" } split /:/, $ENV{PATH};
	skip 'no git', 1 unless $git;
	my @git = ('git', '-c', 'user.name=x', '-c', 'user.email=x@example.org', '-c', 'init.defaultBranch=main', '-c', 'core.autocrlf=false', '-C', $tree);

	local $ENV{HOME} = $shelf;
	local $ENV{GIT_CONFIG_NOSYSTEM} = 1;
	output_of(@git, @$_) for [ 'init', '-q' ], [ 'add', '.' ], [ 'commit', '-q', '-m', 'all' ];
	like(output_of(@git, 'archive', 'HEAD'), qr/pax_global_header/, 'git archive has its global header');
	accepted('git archive', output_of(@git, 'archive', 'HEAD'), \%tree);
	accepted('git archive --format=tar.gz --prefix', output_of(@git, 'archive', '--format=tar.gz', '--prefix=db/', 'HEAD'),
		{ map { ("db/$_" => $tree{$_}) } keys %tree });
	accepted('git archive of a folder', output_of(@git, 'archive', 'HEAD:20240101000000_a'), { 'migration.sql' => $tree{'20240101000000_a/migration.sql'} });
}

SKIP:
{
	skip 'no Archive::Tar', 1 unless eval { require Archive::Tar; 1 };
	my $tar = Archive::Tar->new;
	$tar->add_data($_, $tree{$_}) for grep { length() < 100 } keys %tree;
	$tar->write("$shelf/archive.tar");
	accepted('Archive::Tar', slurp_raw("$shelf/archive.tar"), { map { $_ => $tree{$_} } grep { length() < 100 } keys %tree });
}

SKIP:
{
	my ($bsdtar) = grep { -x } map { ("$_/bsdtar", "$_/busybox") } split /:/, $ENV{PATH};
	skip 'neither bsdtar nor busybox', 1 unless $bsdtar;
	accepted($bsdtar, output_of($bsdtar, $bsdtar =~ /busybox/ ? 'tar' : (), '-C', $tree, '-cf', '-', '20240101000000_a', 'empty.txt'),
		{ map { $_ => $tree{$_} } '20240101000000_a/migration.sql', 'empty.txt' });
}

sub slurp_raw { my ($file) = @_; open my $in, '<:raw', $file or die "$file: $!"; local $/; return scalar <$in>; }

# ---------------------------------------------------------------------------------------------------------------------
# Refused: what they hold
# ---------------------------------------------------------------------------------------------------------------------
accepted('the old set', $old_archive, \%old);
my $good = entry('0_good.sql', 'good');

sub refused_after_good { my ($name, $bytes, @more) = @_; refused($name, $good . $bytes . $end, @more); return; }

refused_after_good('an absolute path', entry('/etc/passwd', 'a'), '22023', qr,invalid path of a staged file: "/etc/passwd",);
refused_after_good('an absolute path of a pax header', pax('x', path => '/etc/passwd') . entry('a', 'a'), '22023',
	qr,invalid path of a staged file: "/etc/passwd",);
refused_after_good('an absolute path behind "./"', entry('.//etc/passwd', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('.. in front', entry('../1_a.sql', 'a'), '22023', qr/invalid path of a staged file: "\.\.\/1_a\.sql"/);
refused_after_good('.. behind "./"', entry('./../1_a.sql', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('.. in the middle', entry('a/../../1_a.sql', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('.. by the prefix field', entry('1_a.sql', 'a', prefix => 'a/..'), '22023', qr/invalid path of a staged file/);
refused_after_good('.. by a long name', gnu_long('L', 'a/../../1_a.sql') . entry('a', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('. in the middle', entry('a/./1_a.sql', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('an empty part', entry('a//1_a.sql', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('a path that is too long', gnu_long('L', 'd/' x 600 . '1_a.sql') . entry('a', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('a part that is too long', gnu_long('L', 'd' x 300) . entry('a', 'a'), '22023', qr/invalid path of a staged file/);
refused_after_good('no name', entry('', 'a'), '22023', qr/invalid (?:archive|path of a staged file)/);
refused_after_good('a symbolic link', header('1_a.sql', 0, type => '2', link => '/etc/passwd'), '22023',
	qr/entry "1_a\.sql" of the archive is a symbolic link/);
refused_after_good('a symbolic link by a long name', gnu_long('K', $long) . header('1_a.sql', 0, type => '2', magic => "ustar  \0"),
	'22023', qr/is a symbolic link/);
refused_after_good('a symbolic link of a pax header', pax('x', linkpath => '/etc/passwd') . header('1_a.sql', 0, type => '2'), '22023', qr/is a symbolic link/);
refused_after_good('a symbolic link to a folder', header('d', 0, type => '2', link => '..') . entry('d/1_a.sql', 'a'), '22023',
	qr/entry "d" of the archive is a symbolic link/);
refused_after_good('a hard link', header('1_a.sql', 0, type => '1', link => '0_good.sql'), '22023',
	qr/entry "1_a\.sql" of the archive is a link to another entry/);
refused_after_good('a hard link with content', header('1_a.sql', 5, type => '1', link => '/etc/passwd') . padded('abcde'),
	'22023', qr/is a link to another entry|invalid archive/);
refused_after_good('a character device', header('zero', 0, type => '3'), '22023', qr/entry "zero" of the archive is a device or another special file/);
refused_after_good('a block device', header('sda', 0, type => '4'), '22023', qr/is a device or another special file/);
refused_after_good('a fifo', header('1_a.sql', 0, type => '6'), '22023', qr/is a device or another special file/);
refused_after_good('GNU sparse', header('1_a.sql', 5, type => 'S', magic => "ustar  \0",
		tail => pack('x41 a12 a12 x72 a1 a12', "00000000000\0", "00000000005\0", "\0", "00000100000\0")) . padded('abcde'), '22023',
			qr/entry "1_a\.sql" of the archive is a sparse file|invalid archive/);
refused_after_good('pax sparse 1.0', pax('x', 'GNU.sparse.major' => 1, 'GNU.sparse.minor' => 0, 'GNU.sparse.name' => '1_a.sql',
	'GNU.sparse.realsize' => 100_000) .
	header('GNUSparseFile.0/1_a.sql', 517) . padded("1\n0\n5\n") . padded('abcde'), '22023', qr/is a sparse file|invalid archive/);
refused_after_good('pax sparse 0.1', pax('x', 'GNU.sparse.name' => '1_a.sql', 'GNU.sparse.size' => 100_000,
	'GNU.sparse.numblocks' => 1, 'GNU.sparse.map' => '0,5') . entry('a', 'abcde'), '22023', qr/is a sparse file|invalid archive/);
refused_after_good('pax sparse 0.0', pax('x', 'GNU.sparse.size' => 100_000, 'GNU.sparse.numblocks' => 1, 'GNU.sparse.offset' => 0,
	'GNU.sparse.numbytes' => 5) . entry('a', 'abcde'), '22023', qr/is a sparse file|invalid archive/);
refused_after_good('a pax sparse file that is 1 TB', pax('x', 'GNU.sparse.major' => 1, 'GNU.sparse.minor' => 0,
	'GNU.sparse.name' => '1_a.sql', 'GNU.sparse.realsize' => 1 << 40) .
	header('a', 517) . padded("1\n0\n5\n") . padded('abcde'), '22023', qr/is a sparse file|invalid archive/);
refused_after_good('a name that is not UTF-8', entry("1_\xe4.sql", 'a'), '22021', qr/not valid UTF-8/);
refused_after_good('a pax name that is not UTF-8', pax('x', path => "1_\xe4.sql") . entry('a', 'a'), '22021', qr/not valid UTF-8/);
refused_after_good('a pax name that says it is binary', pax('x', hdrcharset => 'BINARY', path => "1_\xe4.sql") . entry('a', 'a'), '22021', qr/not valid UTF-8/);
refused_after_good('an overlong name', entry("a\xc0\xafb", 'a'), '22021', qr/not valid UTF-8/);
refused_after_good('a surrogate in a name', entry("a\xed\xa0\x80", 'a'), '22021', qr/not valid UTF-8/);
refused_after_good('a file twice', entry('1_a.sql', 'a') . entry('1_a.sql', 'a'), '22023', qr/file "1_a\.sql" is given twice/);
refused_after_good('a file twice, in two ways', entry('./1_a.sql', 'a') . gnu_long('L', '1_a.sql') . entry('b', 'b'), '22023',
	qr/file "1_a\.sql" is given twice/);
refused_after_good('the same umlaut in two ways', entry($umlaut, 'a') . pax('x', path => $umlaut) . entry('a', 'b'), '22023', qr/is given twice/);
refused_after_good('a file as a folder', entry('a', 'a') . entry('a/b', 'b'), '22023', qr/"a" is both a file and a folder/);
refused_after_good('a folder as a file', entry('a/b/c', 'a') . entry('a/b', 'b'), '22023', qr/"a\/b" is both a file and a folder/);
refused_after_good('a size below zero', header('1_a.sql', 0, raw_size => "\xff" x 12), '22023', qr/unknown size|invalid archive/);

# sizes that cannot be: whichever way they are refused
for my $size ("\x80\x7f" . "\xff" x 10, "\x80\0\0\0\x7f" . "\xff" x 7, "\x80\0\0\0\xff" . "\xff" x 7, "\xff" . "\0" x 11, '777777777777')
{
	refused_after_good('a size of ' . unpack('H*', $size), header('1_a.sql', 0, raw_size => $size), qr/^(?:22023|54000)$/,
		qr/unknown size|invalid archive|larger than/);
}
for my $size ('-1', '9223372036854775807', '9223372036854775808', '99999999999999999999999')
{
	refused_after_good("a pax size of $size", pax('x', size => $size) . entry('1_a.sql', ''), qr/^(?:22023|54000)$/, qr/unknown size|invalid archive|larger than/);
}

# ---------------------------------------------------------------------------------------------------------------------
# Refused: what they are
# ---------------------------------------------------------------------------------------------------------------------
my $archive = entry('1_a.sql', 'SELECT 1;' x 100) . entry('d/2_b.sql', 'SELECT 2;' x 200) . entry('3_c.sql', '') . $end;
my $content = index($archive, 'SELECT 1;');

refused('empty', '', '22023', qr/invalid archive/);
refused('one byte', 'x', '22023', qr/invalid archive/);
refused('only zeros', "\0" x 10240, '22023', qr/invalid archive|holds no files/);
refused('only the end', $end, '22023', qr/invalid archive|holds no files/);
refused('only the end, in gzip', gzip($end), '22023', qr/invalid archive|holds no files/);
refused('only directories', dir('a/') . dir('b/') . $end, '22023', qr/the archive holds no files/);
refused('only a global header', pax('g', comment => 'x') . $end, '22023', qr/invalid archive|holds no files/);
refused('text', "SELECT 1;\n" x 1000, '22023', qr/invalid archive/);
srand 1;
refused('random bytes', join('', map { chr int rand 256 } 1 .. 20_000), '22023', qr/invalid archive/);
refused('random bytes that begin as gzip', "\x1f\x8b\x08\0\0\0\0\0\0\x03" . join('', map { chr int rand 256 } 1 .. 20_000), '22023', qr/invalid archive/);
refused('gzip of random bytes', gzip(join '', map { chr int rand 256 } 1 .. 20_000), '22023', qr/invalid archive/);
refused('a bad checksum', do { my $bad = $archive; substr($bad, 0, 1) = '2'; $bad }, '22023', qr/invalid archive/);
refused('a bad checksum further on', do { my $bad = $archive; substr($bad, index($bad, 'd/2_b.sql'), 1) = 'e'; $bad }, '22023', qr/invalid archive/);
refused('garbage between entries', $good . 'x' x 512 . $good . $end, '22023', qr/invalid archive/);
refused('cut off in a header', substr($archive, 0, index($archive, 'd/2_b.sql') + 200), '22023', qr/invalid archive/);
refused('cut off in a content', substr($archive, 0, $content + 100), '22023', qr/invalid archive/);
refused('cut off between two entries', $good, '22023', qr/invalid archive: it is truncated/);
refused('cut off between two entries, in gzip', gzip($good), '22023', qr/invalid archive: it is truncated/);
refused('cut off behind a pax header', $good . pax('x', path => 'x'), '22023', qr/invalid archive/);
refused('cut off behind a directory', $good . dir('d/'), '22023', qr/invalid archive: it is truncated/);
refused('gzip, cut off', substr(gzip($archive), 0, 60), '22023', qr/invalid archive/);
refused('gzip, without its beginning', substr(gzip($archive), 10), '22023', qr/invalid archive/);

# gzip has a checksum of what it holds, and tar has none of contents
{
	my $damaged = gzip($archive, -Level => 0);
	my $at = index($damaged, 'SELECT 2;');
	substr($damaged, $at, 9) = 'DELETE 2;';
	refused('gzip whose content does not have its checksum', $damaged, '22023', qr/invalid archive/);
}

{
	my ($zip, $bzip2);
	IO::Compress::Zip::zip(\$archive => \$zip, Name => '1_a.sql') or die;
	IO::Compress::Bzip2::bzip2(\$archive => \$bzip2) or die;
	refused('zip', $zip, '22023', qr/invalid archive/);
	refused('bzip2', $bzip2, '22023', qr/invalid archive/);
	refused('bzip2 in gzip', gzip($bzip2), '22023', qr/invalid archive/);
	refused('cpio', '0707010000000100008180000000000000000000000001000000000000000100000000000000000000000000000000000000080000000'
		. "01_a.sql\0\0\0a\0\0\0" . '07070100000000' . '0' x 80 . "0000000B00000000TRAILER!!!\0", '22023', qr/invalid archive/);
	refused('ar', "!<arch>\n1_a.sql/        0           0     0     100644  1         `\na\n", '22023', qr/invalid archive/);
	refused('uuencode', "begin 644 a.tar\n#0V%T\n`\nend\n", '22023', qr/invalid archive/);
	refused('zstd', "\x28\xb5\x2f\xfd\x04\x00" . 'x' x 600, '22023', qr/invalid archive/);
	refused('compress', "\x1f\x9d\x90" . 'x' x 600, '22023', qr/invalid archive/);
	refused('7z', "7z\xbc\xaf\x27\x1c" . "\0" x 600, '22023', qr/invalid archive/);
	SKIP:
	{
		my ($xz) = grep { -x } map { "$_/xz" } split /:/, $ENV{PATH};
		skip 'no xz', 1 unless $xz;
		my $out = '';
		IPC::Run::run([$xz, '-c'], '<', \$archive, '>', \$out) or die;
		refused('xz', $out, '22023', qr/invalid archive/);
	}
}

# Cut off at any byte, changed at any byte: refused, or what it was; the server lives.
$node->safe_psql('postgres', q{
	CREATE FUNCTION try(archive bytea) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
	  PERFORM migrator.stage_archive('try', archive);
	  RETURN '00000';
	EXCEPTION WHEN OTHERS THEN
	  RETURN SQLSTATE;
	END $$;
	CREATE FUNCTION set_of(which text) RETURNS text LANGUAGE sql AS $$
	  SELECT string_agg(path || sha256, ',' ORDER BY path) FROM migrator.staged WHERE name = which;
	$$;
	CREATE FUNCTION cuts(archive bytea) RETURNS TABLE (state text, n bigint) LANGUAGE plpgsql AS $$
	DECLARE
	  whole text; outcome text; tally jsonb := '{}';
	BEGIN
	  ASSERT try(archive) = '00000';
	  whole := set_of('try');
	  FOR i IN 0 .. length(archive) - 1 LOOP
	    outcome := try(substring(archive FROM 1 FOR i));
	    IF outcome = '00000' AND set_of('try') <> whole THEN
	      outcome := 'a part';
	    END IF;
	    tally := jsonb_set(tally, ARRAY[outcome], to_jsonb(coalesce((tally->>outcome)::int, 0) + 1));
	  END LOOP;
	  RETURN QUERY SELECT key, value::bigint FROM jsonb_each_text(tally) ORDER BY 1;
	END $$;
	CREATE FUNCTION flips(archive bytea, n integer) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  damaged bytea; states text[] := '{}';
	BEGIN
	  FOR i IN 1 .. n LOOP
	    damaged := set_byte(archive, (random() * (length(archive) - 1))::int, (random() * 255)::int);
	    damaged := set_byte(damaged, (random() * least(length(archive) - 1, 511))::int, (random() * 255)::int);
	    states := states || try(damaged) || try(set_byte(archive, i % length(archive), (random() * 255)::int));
	  END LOOP;
	  RETURN (SELECT string_agg(DISTINCT s, ' ' ORDER BY s) FROM unnest(states) s);
	END $$;
});
for my $case ([ 'plain', $archive ], [ 'gzip', gzip($archive) ], [ 'pax', pax('g', comment => 'x') . pax('x', path => $umlaut) . $archive ],
	[ 'GNU', gnu_long('L', $long) . $archive ])
{
	my ($name, $bytes) = @$case;
	my $file = put_away($bytes);

	my %tally = map { split /\|/ } split /\n/, $node->safe_psql('postgres', "SELECT * FROM cuts(pg_read_binary_file('$file'))");
	is(join(' ', grep { !/^(?:22023|00000)$/ } sort keys %tally), '', "$name, cut off at every byte: refused, or nothing is missing");
	cmp_ok($tally{'00000'} // 0, '<=', 1024, "$name, cut off at every byte: only in the blocks of the end is it accepted");
	cmp_ok($tally{'22023'} // 0, '>=', length($bytes) - 1024, "$name, cut off at every byte: else refused");
	like($node->safe_psql('postgres', "SELECT setseed(0.5); SELECT flips(pg_read_binary_file('$file'), 700)"),
		qr/^\n(?:(?:00000|22021|22023|54000) ?)+$/, "$name, changed at random: accepted or refused");
}
is(held(), as_text(\%old), 'the old set is whole');

# ---------------------------------------------------------------------------------------------------------------------
# Refused: what costs too much. The backend's memory stays small, where the system tells.
# ---------------------------------------------------------------------------------------------------------------------
my $memory = q{SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+) kB')};
my $has_memory = -r '/proc/self/status';

sub refused_cheaply
{
	my ($name, $bytes, $wanted_state, $wanted) = @_;
	my $file = put_away($bytes);
	my $first = $has_memory ? $memory : 'SELECT 0';
	my ($out, $err) = ('', '');

	$node->psql('postgres', qq{
		SELECT length(pg_read_binary_file('$file')) > 0;
		$first;
		SELECT migrator.stage_archive('x', pg_read_binary_file('$file'));
		\\echo :SQLSTATE
		$first;
		$held_query;}, stdout => \$out, stderr => \$err, on_error_stop => 0, timeout => $MigratorTest::net);
	my (undef, $before, $state, $after, @held) = split /\n/, $out;
	unlink $file;
	is($state, $wanted_state, "$name: refused");
	like($err, $wanted, "$name: with a message");
	SKIP:
	{
		skip 'no /proc', 1 unless $has_memory;
		cmp_ok($after - $before, '<', 200_000, "$name: with little memory") or diag("$before kB before, $after kB after");
	}
	is(join("\n", sort @held), as_text(\%old), "$name: the old set is whole");
	return;
}

refused_cheaply('10 GB of zeros', gzip(header('1_a.sql', 0, raw_size => long_number(10 << 30)) . times_of("\0", 50_000_000)),
	'54000', qr/files for "stage:x" are larger than 262144 kB together/);
refused_cheaply('256 MB and a byte', gzip(header('1_a.sql', (256 << 20) + 1) . times_of("\0", 50_000_000)), '54000', qr/larger than 262144 kB/);
refused_cheaply('many files that are too much together', gzip(entry('0', times_of('x', 5_000_000)) . header('1', 255 << 20)
	. times_of("\0", 50_000_000)), '54000', qr/larger than 262144 kB/);
refused_cheaply('zeros that are cut off', gzip(header('1_a.sql', 60_000_000) . times_of("\0", 30_000_000)), '22023', qr/invalid archive/);
my $headers = gzip(join '', map { header("$_.sql", 0) } 1 .. 10_000);
refused_cheaply('1,000,000 names', $headers x 100, '54000', qr/too many files for "stage:x": more than 50000/);
my $folders = gzip(join '', map { dir("$_/") } 1 .. 10_000);
refused_cheaply('1,000,000 directories', $folders x 100, '54000', qr/too many files/);
refused_cheaply('a flood of pax global headers', gzip(times_of(pax('g', comment => 'x' x 400), 10_000)) x 30, '22023', qr/invalid archive/);
refused_cheaply('a flood of pax headers', gzip(times_of(pax('x', comment => 'x' x 400), 10_000)) x 30, '22023', qr/invalid archive/);
refused_cheaply('a flood of long names', gzip(times_of(gnu_long('L', 'x' x 400), 10_000)) x 30, '22023', qr/archive/);
refused_cheaply('a flood of long links', gzip(times_of(gnu_long('K', 'x' x 400), 10_000)) x 30, '22023', qr/invalid archive/);
refused_cheaply('a pax header of 200 MB', gzip(header('x', 200_000_000, type => 'x') . times_of('x', 50_000_000))
	. gzip(times_of('x', 50_000_000)) x 3, '22023', qr/invalid archive/);
refused_cheaply('a pax header of many records', gzip(entry('PaxHeaders/x', times_of("20 SCHILY.xattr.a=b\n", 2_000_000), type => 'x') . $good . $end),
	'22023', qr/invalid archive/);
refused_cheaply('a long name of 200 MB', gzip(header('././@LongLink', 200_000_000, type => 'L', magic => "ustar  \0") . times_of('x', 50_000_000))
	. gzip(times_of('x', 50_000_000)) x 3, '22023', qr/invalid archive/);
refused_cheaply('a map of holes without end', gzip(pax('x', 'GNU.sparse.major' => 1, 'GNU.sparse.minor' => 0,
	'GNU.sparse.name' => 'a', 'GNU.sparse.realsize' => 1 << 40) .
	header('a', 8_000_000_000) . "1000000000\n") . gzip(times_of("0\n1\n", 2_500_000)) x 10, '22023', qr/invalid archive|sparse/);

refused_cheaply('names that are too much together', gzip(pax('x', path => times_of('x', 500_000)) . dir('x')) x 560,
	'54000', qr/names of files and folders for "stage:x" are larger than 262144 kB together/);

# what is accepted: never all contents at once, and none more than once where it can be compressed
SKIP:
{
	skip 'no /proc', 2 unless $has_memory;
	my $file = put_away(gzip(join('', map { entry("$_.sql", times_of($_, 20_000_000)) } 1 .. 9) . $end));
	my (undef, $before, $count, $after) = split /\n/, $node->safe_psql('postgres', qq{
		SELECT length(pg_read_binary_file('$file')) > 0; $memory;
		SELECT migrator.stage_archive('memory', pg_read_binary_file('$file')); $memory; SELECT migrator.unstage('memory')});

	unlink $file;
	is($count, 9, '9 files of 20 MB: accepted');
	cmp_ok($after - $before, '<', 100_000, '9 files of 20 MB: with the memory of a few') or diag("$before kB before, $after kB after");
}

# what the library allocates is given back, whether it ends well or not
SKIP:
{
	skip 'no /proc', 1 unless $has_memory;
	my @files = map { put_away($_) } $archive, gzip($archive), substr($archive, 0, 700),
		gzip($good . pax('x', path => '../x') . entry('a', 'a') . $end), gzip($good . header('l', 0, type => '2', link => 'x') . $end);
	my $loop = "SELECT DISTINCT try(pg_read_binary_file(f)) IS NULL FROM unnest(ARRAY[" . join(', ', map { "'$_'" } @files) . ']) f, generate_series(1, 400)';
	my (undef, $before, undef, $after) = split /\n/, $node->safe_psql('postgres', "$loop LIMIT 1; $memory; $loop; $memory");

	cmp_ok($after - $before, '<', 20_000, '2,000 archives in one session: the memory is given back');
}

# ---------------------------------------------------------------------------------------------------------------------
# Cancelled in the middle
# ---------------------------------------------------------------------------------------------------------------------
{
	my $big = put_away(gzip(join '', (map { entry("$_.sql", $_ . times_of("\0", 9_000_000)) } 1 .. 80), $end));
	my $call = "SET migrator.max_stage_size = '1000MB'; SELECT migrator.stage_archive('x', pg_read_binary_file('$big'))";
	my $cancelled = 0;

	for my $timeout (5, 30, 100, 250, 500, 900)
	{
		my ($state) = outcome_of($node, 'postgres', "SET statement_timeout = $timeout; $call");
		if ($state eq '00000') { send_archive($old_archive); last; }
		$cancelled++;
		is($state, '57014', "statement_timeout of $timeout ms: cancelled");
		is(held(), as_text(\%old), "statement_timeout of $timeout ms: the old set is whole");
	}
	cmp_ok($cancelled, '>', 0, 'it was in the middle');
	for my $function ('pg_cancel_backend', 'pg_terminate_backend')
	{
		my $upload = start_psql($node, 'postgres', "SET application_name = 'upload'", split /; /, $call);
		my $running = q{application_name = 'upload' AND state = 'active' AND query LIKE '%stage_archive%'};
		ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE $running"), 'an upload is in progress');
		is($node->safe_psql('postgres', "SELECT $function(pid) FROM pg_stat_activity WHERE $running"), 't', $function);
		isnt(finish_psql($upload), 0, "$function: it ends with an error");
		like($upload->{err}, qr/57014|57P01/, "$function: that says so");
		is(held(), as_text(\%old), "$function: the old set is whole");
	}
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, 'no lock is left');
	unlink $big;
}
accepted('and again', $archive, { '1_a.sql' => 'SELECT 1;' x 100, 'd/2_b.sql' => 'SELECT 2;' x 200, '3_c.sql' => '' });

# ---------------------------------------------------------------------------------------------------------------------
# Other encodings and locales: names are the same path, however the archive writes them
# ---------------------------------------------------------------------------------------------------------------------
my @locales = split /\n/, `locale -a 2>/dev/null`;
for my $case ([ 'UTF8', 'C' ], [ 'SQL_ASCII', 'C' ], [ 'LATIN1', 'C' ],
	(map { [ 'SQL_ASCII', $_ ] } grep { /^C\.utf-?8$/i } @locales), (map { [ 'LATIN1', $_ ] } (grep { /\.iso-?8859-?1$/i } @locales)[ 0 .. 0 ]))
{
	my ($encoding, $locale) = @$case;
	my $db = 'db' . ++$serial;
	my @in = (db => $db);

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0 ENCODING '$encoding' LC_COLLATE '$locale' LC_CTYPE '$locale'");
	my $name = $locale eq 'C' ? $encoding : "$encoding in locale $locale";
	$node->safe_psql($db, 'CREATE EXTENSION migrator');
	my $bytes = $encoding eq 'LATIN1' ? Encode::encode('ISO-8859-1', Encode::decode('UTF-8', $umlaut)) : $umlaut;
	for my $form ([ 'ustar', entry($umlaut, 'umlaut') ], [ 'GNU', gnu_long('L', $umlaut) . entry('a', 'umlaut', magic => "ustar  \0") ],
		[ 'pax', pax('x', path => $umlaut) . entry('a', 'umlaut') ], [ 'pax, binary', pax('x', hdrcharset => 'BINARY', path => $umlaut)
			. entry('a', 'umlaut') ], [ 'pax, prefix', pax('x', path => "./$umlaut") . entry('a', 'umlaut', prefix => 'p') ])
	{
		accepted("$name, $form->[0]", $form->[1] . entry('2_b.sql', 'b') . $end, { $umlaut => 'umlaut', '2_b.sql' => 'b' }, @in);
		is($node->safe_psql($db, q{SELECT encode(textsend(path), 'hex') FROM migrator.staged WHERE path <> '2_b.sql'},
			extra_params => [ '-v', 'ENCODING=SQL_ASCII' ]), unpack('H*', $umlaut), "$name, $form->[0]: the client reads it")
			if $encoding ne 'LATIN1';
		is($node->safe_psql($db, "SELECT path::bytea = decode('" . unpack('H*', $bytes) . q{', 'hex') FROM migrator.staged WHERE path <> '2_b.sql'}),
			't', "$name, $form->[0]: in the database's encoding");
	}
	is((send_archive(entry($umlaut, 'a') . pax('x', path => $umlaut) . entry('a', 'b') . $end, @in))[0], '22023', "$name: one name in two ways is given twice");
	my ($state, undef, $message) = send_archive(pax('x', path => $wide) . entry('a', 'wide') . $end, @in);
	is($state, $encoding eq 'LATIN1' ? '22P05' : '00000', "$name: a name that " . ($encoding eq 'LATIN1' ? 'has no such characters is refused' : 'fits'));
	is((send_archive(entry("1_\xe4.sql", 'a') . $end, @in))[0], '22021', "$name: a name that is not UTF-8");

	# the text form: paths and contents of the database's encoding, contents stored in UTF-8
	my $letter = $encoding eq 'SQL_ASCII' ? q{E'\303\244'} : 'chr(228)';
	is((outcome_of($node, $db, "SELECT migrator.stage('text', $letter || '.sql', $letter || ' is a letter')"))[0], '00000', "$name: staged as text");
	is($node->safe_psql($db, q{SELECT encode(convert_to(path, 'UTF8'), 'hex'), encode(content, 'hex') FROM migrator.staged_files } .
		q{JOIN migrator.staged_contents USING (name, sha256) WHERE name = 'text'}),
		'c3a42e73716c|' . unpack('H*', "\xc3\xa4 is a letter"), "$name: in UTF-8");
	is((outcome_of($node, $db, q{SELECT migrator.stage('text', 'bad.sql', E'\344')}))[0], $encoding eq 'LATIN1' ? '00000' : '22021',
		"$name: a byte that is " . ($encoding eq 'LATIN1' ? 'a letter' : 'none'));

	# a run reads scripts under such names
	is((send_archive(pax('x', path => Encode::encode('UTF-8', "1_\x{e4}.sql"))
		. entry('a', Encode::encode('UTF-8', "CREATE TABLE t AS SELECT '\x{e4}'::text AS a")) . $end, @in))[0], '00000', "$name: a migration with an umlaut");
	is((outcome_of($node, $db, q{SELECT migrator.apply('stage:x')}))[0], '00000', "$name: it runs");
	is($node->safe_psql($db, q{SELECT encode(a::bytea, 'hex') FROM t}), $encoding eq 'LATIN1' ? 'e4' : 'c3a4', "$name: as it was meant");
}

# The session's locale is what it was, after good and bad ones: they are read in locale C.
{
	my ($good_file, $bad_file) = (put_away($archive), put_away($good . pax('x', path => $umlaut) . header('1_a.sql', 0, type => '2', link => 'x') . $end));
	my $locale = q{SELECT upper(U&'\00e4\00df') || lower('AI') || to_char(1234.5, '9G999D9') || (U&'\00e4' < 'b')};
	my $out = '';
	my ($utf8) = ((grep { /^C\.utf-?8$/i } `locale -a 2>/dev/null`), 'C');

	chomp $utf8;
	$node->safe_psql('postgres', "CREATE DATABASE db_locale TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE '$utf8' LC_CTYPE '$utf8'");
	$node->safe_psql('db_locale', 'CREATE EXTENSION migrator');
	$node->psql('db_locale',
		"$locale; SELECT migrator.stage_archive('x', pg_read_binary_file('$good_file')); $locale; SELECT migrator.stage_archive('x', " .
		"pg_read_binary_file('$bad_file')); $locale", stdout => \$out, on_error_stop => 0);
	my ($before, undef, $between, $after) = split /\n/, $out;
	is("$between $after", "$before $before", "the session's locale stays");
}

$node->stop;
done_testing();
