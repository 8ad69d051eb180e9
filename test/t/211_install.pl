# make: what install puts where, that uninstall takes all of it back, and what is said when something is missing.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Find ();
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
chomp(my $bindir = `$pg_config --bindir`);
chomp(my $mandir = `$pg_config --mandir`);

# A tree of its own, with something in place of the library: nothing is compiled here.
my $from = "$FindBin::RealBin/../..";
my $tree = source_dir({ 'migrator.so' => '', 'src/source/tar.c' => '' });
mkdir "$tree/$_" or die $! for 'bin', 'man', 'sql';
copy("$from/$_", "$tree/$_") or die "$_: $!"
  for qw(Makefile migrator.control bin/migrator-push man/migrator-push.1), map { s,.*/(sql/),$1,r } glob "$from/sql/*.sql";
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};

# (exit status, output)
sub run_make
{
	my (@arguments) = @_;
	my $out = '';
	my $run = IPC::Run::start([ 'make', '-s', '-C', $tree, '-o', 'migrator.so', "PG_CONFIG=$pg_config", @arguments ], '<', \undef,
		'>&', \$out, IPC::Run::timeout($MigratorTest::net));

	$run->finish;
	return ($run->result(0), $out);
}

sub found
{
	my ($dest) = @_;
	my @found;
	File::Find::find(sub { push @found, $File::Find::name =~ s/^\Q$dest\E//r if -l || !-d }, $dest);
	return join "\n", sort @found;
}

for my $link ('', '/usr/local/bin', '/opt/tools')
{
	my $dest = source_dir({});
	my @link = $link ? "LINK_DIR=$link" : ();
	my $name = $link || 'no link';
	my ($code, $out) = run_make('install', "DESTDIR=$dest", @link);

	is($code, 0, "$name: install") or diag($out);
	like(found($dest), qr,^\Q$bindir\E/migrator-push$,m, "$name: the script is beside psql");
	ok(-x "$dest$bindir/migrator-push", "$name: and may be run");
	like(found($dest), qr,^\Q$mandir\E/man1/migrator-push\.1$,m, "$name: the manual page is there");
	is($link ? readlink "$dest$link/migrator-push" : '', $link ? "$bindir/migrator-push" : '', "$name: the link");
	($code, $out) = run_make('install', "DESTDIR=$dest", @link);
	is($code, 0, "$name: install again") or diag($out);

	# what is the user's own stays
	write_files("$dest/usr/local/bin", { 'migrator-push' => 'mine' }) if $link ne '/usr/local/bin';
	($code, $out) = run_make('uninstall', "DESTDIR=$dest", $link eq '/opt/tools' ? @link : ());
	is($code, 0, "$name: uninstall") or diag($out);
	is(found($dest), $link ne '/usr/local/bin' ? '/usr/local/bin/migrator-push' : '', "$name: uninstall leaves nothing");
	($code, $out) = run_make('uninstall', "DESTDIR=$dest");
	is($code, 0, "$name: uninstall again") or diag($out);
}

# missing headers: only those that are missing are named, with Debian's packages
{
	my %package = ('openssl/evp.h' => 'libssl-dev', 'archive.h' => 'libarchive-dev', 'zlib.h' => 'zlib1g-dev');
	my ($code, $out) = run_make('headers');

	is("$code $out", '0 ', 'all headers are there');
	for my $missing (sort keys %package)
	{
		my $headers = source_dir({ map { $_ => '' } grep { $_ ne $missing } keys %package });
		($code, $out) = run_make('headers', "CPPFLAGS=-nostdinc -I$headers");
		isnt($code, 0, "without $missing: make fails");
		like($out, qr/^missing: \Q$missing\E, of \w+ \(Debian: $package{$missing}\)$/m, "without $missing: it is named, and its package");
		is(scalar(() = $out =~ /^missing/mg), 1, "without $missing: nothing else is");
	}
	($code, $out) = run_make('src/source/tar.o', 'CPPFLAGS=-nostdinc');
	isnt($code, 0, 'nothing is compiled without them');
	like($out, qr/missing: archive\.h/, 'and it is said why');
	unlike($out, qr/fatal error/, 'before the compiler does');
	($code, $out) = run_make('headers', 'includedir_server=/nowhere');
	like($out, qr/missing: postgres\.h, of PostgreSQL \d+ \(Debian: postgresql-server-dev-\d+\)/, "without PostgreSQL's headers");
	($code, $out) = run_make('PG_CONFIG=/bin/true');
	like($out, qr/development files of PostgreSQL are missing: .*postgresql-server-dev/, "without PostgreSQL's build system");
}

done_testing();
