#!/usr/bin/perl
# staged.pl PROGRAM [ARGUMENT...]: runs psql or isolationtester with the test on standard input changed so that each
# directory of migrations is staged first, and is read as stage:NAME; then prints the output changed back. For the option
# --launcher of pg_regress and pg_isolation_regress, which compare it with the expected output of the test as it stands.
# staged.pl rewrite DIRECTORY FILE...: writes the changed tests there.
#
# A directory is the literal 'm' or 'm/...' (test/include/setup.sql), 'migrator_iso_...' (test/specs), or psql's variable for
# one in test/fixtures. Where it is the source of a call, it is replaced.
use strict;
use warnings;

use FindBin;

my $directory = qr{(?:m|migrator_iso_\w+)(?:/[\w-]+)*};
my $literal = qr{''$directory''|'$directory'};
my $string = qr{'(?:[^']|'')*'};

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

sub rewrite
{
	my ($test) = @_;
	my $is_spec = $test =~ /^permutation /m;
	my %sources;
	my $staged = sub { $sources{ $_[0] } = 1; return $is_spec ? "'stage:" . substr($_[0], 1) : "files.staged($_[0])"; };

	# the first argument of what takes a source (a prepared statement may have such a name, too); the second one of
	# register(); a row of VALUES; in the place of a directory in the examples of help()
	$test =~ s/\b((?:apply|up|status|pending|summary|validate|is_current|assert_current|settings|baseline)\((?:source => )?)($literal)/$1 . $staged->($2)/ge;
	$test =~ s/\b(register\((?:$string|NULL|repeat\([^()]*\)), )($literal)/$1 . $staged->($2)/ge;
	$test =~ s/((?<!\w)\()($literal)/$1 . $staged->($2)/ge;
	$test =~ s/('\/srv\/\w+\/migrations', )($literal)/$1 . $staged->($2)/ge;

	# fixtures
	my @variables = $test =~ /^\\set (\w+) :dir '\/fixtures\//mg;
	$test =~ s/(:'$_')/files.staged($1)/g for @variables;
	$test =~ s/(:'dir' \|\| '\/fixtures\/\w+')/files.staged($1)/g;

	# In a spec files are written by its setup alone, and staged behind it: the sessions would wait for one another.
	if ($is_spec)
	{
		my $function = slurp("$FindBin::RealBin/include/staged.sql");
		my $calls = "DO \$\$ BEGIN\n" . join('', map { "  PERFORM files.staged($_);\n" } sort keys %sources) . "END \$\$;\n";
		$test =~ s/^(setup\n\{\n(?:.*\n)*?\}\n)/$1setup\n{\n$function}\nsetup\n{\n$calls}\n/m or die "no setup\n";
	}
	return $test;
}

sub restore
{
	my ($output) = @_;
	$output =~ s/files\.staged\(($literal|:'\w+')\)/$1/g;
	$output =~ s/\bstage:($directory)/$1/g;
	return $output;
}

my $command = shift @ARGV;
if ($command eq 'rewrite')
{
	my $to = shift @ARGV;
	for my $file (@ARGV)
	{
		(my $name = $file) =~ s{.*/}{};
		open my $out, '>', "$to/$name" or die "$to/$name: $!\n";
		print $out rewrite(slurp($file));
		close $out or die "$to/$name: $!\n";
	}
	exit 0;
}

# Through files, as without us: what a test leaves running may keep a pipe open.
my $test = do { local $/; <STDIN> };
open my $in, '+>', undef or die "temporary file: $!\n";
print $in rewrite($test);
$in->flush;
seek $in, 0, 0;
open my $out, '+>', undef or die "temporary file: $!\n";
open STDIN, '<&', $in or die $!;
open my $stdout, '>&', \*STDOUT or die $!;
open STDOUT, '>&', $out or die $!;
open STDERR, '>&', $out or die $!;
$ENV{MIGRATOR_STAGED} = 1;
my $status = system { $command } $command, @ARGV;
seek $out, 0, 0;
print $stdout restore(do { local $/; scalar <$out> } // '');
close $stdout;
kill $status & 127, $$ if $status & 127;
exit($status >> 8);
