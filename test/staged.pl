#!/usr/bin/perl
# staged.pl PROGRAM [ARGUMENT...]: runs psql or isolationtester with the test on standard input changed so that each
# directory of migrations is staged first, and is read as stage:NAME; then prints the output changed back. For the option
# --launcher of pg_regress and pg_isolation_regress, which compare it with the expected output of the test as it stands.
# staged.pl rewrite FILE...: prints the changed tests alone.
#
# A source is the literal 'm' or 'm/...' (test/include/setup.sql), or 'migrator_iso_...' (test/specs), where an argument of
# one of the extension's functions can be; or a directory of test/fixtures, in psql's form (test/pgtap).
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

	# the first argument of what takes a source; a prepared statement may have such a name, too
	$test =~ s/\b((?:apply|up|status|pending|summary|validate|is_current|assert_current|settings|baseline)\((?:source => )?)($literal)/$1files.staged($2)/g;
	# the second one of register()
	$test =~ s/\b(register\((?:$string|NULL|repeat\([^()]*\)), (?:source => )?)($literal)/$1files.staged($2)/g;
	# a row of VALUES
	$test =~ s/((?<!\w)\()($literal)/$1files.staged($2)/g;
	# examples of help()
	$test =~ s/('\/srv\/\w+\/migrations', )($literal)/$1files.staged($2)/g;
	$test =~ s/(:'dir' \|\| '\/fixtures\/\w+')/files.staged($1)/g;
	$test =~ s/^(\\set (\w+) :dir '\/fixtures\/\w+'\n)/$1SELECT files.staged(:'$2') AS $2 \\gset\n/mg;
	return $test if $test !~ /^permutation /m;

	# A spec: staged before its sessions are at work, or they would wait for each other's files.
	my %seen;
	my @sources = grep { !$seen{$_}++ } $test =~ /files\.staged\('+([^']*)'+\)/g;
	my $stage = join '', map { "  PERFORM files.staged('$_');\n" } @sources;
	$test =~ s/^setup\n\{\n/"setup\n{\n" . slurp("$FindBin::RealBin\/include\/staged.sql") . "}\nsetup\n{\n"/me;
	$test =~ s/\A((?:.*\n)*?setup\n\{(?:.*\n)*?\}\n)(?!setup)/$1setup\n{\nDO \$\$ BEGIN\n$stage END \$\$;\n}\n/;
	return $test;
}

# What a directory's message and a set's say in other words; 1 is the folder.
my @same = (
	[ qr{the files staged under the name "m" have no folder "([^"]*)"}, sub { qq{could not open directory "m/$_[0]": No such file or directory} } ],
);

sub restore
{
	my ($output) = @_;
	my @lines = split /^/m, $output;

	for my $i (0 .. $#lines)
	{
		# the caret goes to the left with what stands under it
		if ($i > 0 && $lines[$i] =~ /^( *)\^$/ && $lines[ $i - 1 ] =~ /^LINE \d+: /)
		{
		}
	}
	$output = join '', @lines;
	$output =~ s/files\.staged\(($literal)\)/$1/g;
	$output =~ s/\bstage:($directory)/$1/g;
	return $output;
}

my $command = shift @ARGV;
if ($command eq 'rewrite')
{
	print rewrite(slurp($_)) for @ARGV;
	exit 0;
}

# Files, as they would be without us: what a test leaves running may keep a pipe open.
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
my $status = system { $command } $command, @ARGV;
seek $out, 0, 0;
print $stdout restore(do { local $/; scalar <$out> } // '');
close $stdout;
kill $status & 127, $$ if $status & 127;
exit($status >> 8);
