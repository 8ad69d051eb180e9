#!/usr/bin/perl
# indent.pl [--check] [--typedefs OBJECT...] [FILE...]: lays C files out as PostgreSQL's pgindent does.
#
# pgindent is not in the packages of PostgreSQL, pg_bsd_indent is, from 17 on. This calls it with pgindent's switches and
# does what pgindent does before and behind it (src/tools/pgindent/pgindent of PostgreSQL 18), for C without C++ and catalog
# headers. The program is looked for beside pg_config (PG_CONFIG), in PATH, and in the chroots that test/matrix.sh keeps; or
# PG_BSD_INDENT names it, with arguments in front of it where it needs any.
#
#   (none)       lays out, and adds types that the sources define to typedefs.list
#   --check      changes nothing, shows what would change, and fails if anything would; 77 where there is no program
#   --typedefs   writes typedefs.list anew: the type names in the debugging data of these objects (make COPT=-g) that
#                the sources speak of; without them an asterisk behind a type looks like a multiplication
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;

my $root = "$FindBin::RealBin/..";
my $list = "$root/typedefs.list";

# As in pgindent: types by these names, but words of other meaning in most places. "text" is one here, too: pg_bsd_indent
# knows the few declarations of the type from their initialisers, but takes text->x and text + 1 for types.
my %other = map { $_ => 1 } qw(ANY FD_SET U abs allocfunc boolean date digit ilist interval iterator other pointer printfunc
  reference string text timestamp type wrap);

sub slurp
{
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	local $/;
	return scalar <$in>;
}

sub spew
{
	my ($name, $text) = @_;
	open my $out, '>', $name or die "$name: $!\n";
	print $out $text;
	close $out or die "$name: $!\n";
	return;
}

# The types that the sources define: in no debugging data if no variable has them.
sub own_types
{
	my ($sources) = @_;
	return ($sources =~ /^\}\s*(\w+);/gm, $sources =~ /^typedef\b[^{};]*?\b(\w+);/gm, $sources =~ /^typedef\b[^{};]*?\(\*(\w+)\)/gm);
}

sub program
{
	return split ' ', $ENV{PG_BSD_INDENT} if $ENV{PG_BSD_INDENT};
	my $config = $ENV{PG_CONFIG} // 'pg_config';
	chomp(my $bin = `$config --bindir 2>/dev/null` // '');
	for my $dir ($bin, split /:/, $ENV{PATH})
	{
		return "$dir/pg_bsd_indent" if -x "$dir/pg_bsd_indent";
	}
	for my $chroot (reverse glob(($ENV{MIGRATOR_MATRIX_CACHE} // '/var/cache/migrator-matrix') . '/*'))
	{
		my ($found) = glob "$chroot/usr/lib/postgresql/*/bin/pg_bsd_indent";
		my ($loader) = glob "$chroot/lib*/ld-linux*.so.*";
		my ($library) = glob "$chroot/lib/*-linux-gnu*";
		return $loader, '--library-path', $library, $found if $found && $loader && $library;
	}
	return;
}

sub indented
{
	my ($source, $scratch, $types, @program) = @_;

	$source =~ s!^([ \t]*)//(.*)$!$1/* $2 */!gm;
	$source =~ s!/\* +---!/*---X_X!g;    # a comment that is not to be filled
	spew($scratch, $source);

	my @switches = qw(-bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -i4 -l79 -lp -lpl -nip -npro -sac -tpg -ts4);
	my $output = '';
	open my $pipe, '-|', @program, $scratch, "$scratch.new", @switches, "-U$types" or die "@program: $!\n";
	$output .= $_ while <$pipe>;
	close $pipe or die "@program: ended with $?\n";
	die "$scratch: $output\n" if $output =~ /\S/;

	$source = slurp("$scratch.new");
	$source =~ s!/\*---X_X!/* ---!g;
	$source =~ s!\*/(/\*.*\*/)$!*/\t$1!gm;
	$source =~ s!^([A-Za-z_]\S*)[ \t]+\*$!$1 *!gm;
	return $source;
}

sub write_typedefs
{
	my ($sources, @objects) = @_;
	my %word = map { $_ => 1 } $sources =~ /\b(\w+)\b/g;
	my %type = map { $_ => 1 } 'bool', own_types($sources);

	for my $object (@objects)
	{
		my $is_type = 0;
		open my $pipe, '-|', 'readelf', '--debug-dump=info', $object or die "readelf: $!\n";
		while (<$pipe>)
		{
			if (/Abbrev Number:.*\((DW_TAG_\w+)\)/) { $is_type = $1 eq 'DW_TAG_typedef'; }
			elsif ($is_type && /DW_AT_name.*?: (?:\(.*?\): )?(\w+)\s*$/) { $type{$1} = 1; }
		}
		close $pipe;
	}
	my @names = sort grep { $word{$_} && !$other{$_} } keys %type;
	die "no types found: compile with COPT=-g\n" if @names < 100;
	spew($list, join '', map { "$_\n" } @names);
	return;
}

my $check = @ARGV && $ARGV[0] eq '--check' ? shift : undef;
my @all = glob "$root/src/*/*.[ch] $root/test/modules/*/*.[ch]";
my $sources = join "\n", map { slurp($_) } @all;
if (@ARGV && $ARGV[0] eq '--typedefs')
{
	shift;
	write_typedefs($sources, @ARGV);
	exit 0;
}

my @program = program();
if (!@program)
{
	print "no pg_bsd_indent: it comes with the server, from PostgreSQL 17 on\n";
	exit 77;
}

my $changed = 0;
my $types = slurp($list);
my %known = map { $_ => 1 } split ' ', $types;
my @new = grep { !$known{$_} && !$other{$_} } own_types($sources);
if (@new)
{
	$changed++;
	print "typedefs.list lacks @new\n";
	spew($list, join '', map { "$_\n" } sort(keys %known, @new)) if !$check;
}

my $dir = tempdir(CLEANUP => 1);
my $scratch = "$dir/source.c";
my @files = @ARGV ? @ARGV : @all;
spew("$dir/types", join "\n", keys %known, @new, '');
for my $file (@files)
{
	my $old = slurp($file);
	my $new = indented($old, $scratch, "$dir/types", @program);
	next if $new eq $old;
	$changed++;
	if ($check)
	{
		spew($scratch, $new);
		system 'diff', '-u', '--label', $file, '--label', "$file, as pgindent has it", $file, $scratch;
	}
	else { spew($file, $new); }
}
printf "%d files, %d %s\n", scalar @files, $changed, $check ? 'not as pgindent has them' : 'changed';
print "perl test/indent.pl lays them out\n" if $check && $changed;
exit($check && $changed ? 1 : 0);
