#!/usr/bin/perl
# checks.pl [SRC [DOCS]]: the table of checks in docs/validate.md has the rows of the registry (src/base/checks.c).
#
# Row by row, in order: name, severity, what it finds (but for links in parentheses and backticks), and where an error stops
# a run by a SQLSTATE of ours, that SQLSTATE. Rows of the registry that only a run finds (.of_runs) are in no table.
use strict;
use warnings;

my $src = shift // 'src';
my $docs = shift // 'docs';
my @complaints;

sub slurp
{
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	local $/;
	return scalar <$in>;
}

my %code;
my $errors = slurp("$src/base/errors.h");
while ($errors =~ /#define\s+(\w+)\s+MAKE_SQLSTATE\(([^)]*)\)/g) { my ($name, $letters) = ($1, $2); $code{$name} = join '', $letters =~ /'(.)'/g; }

my ($enum) = slurp("$src/base/checks.h") =~ /typedef enum CheckId\s*\{(.*?)\}/s or die "no enum CheckId\n";
my @ids = $enum =~ /\b(CHECK_\w+)/g;

my %registry;
my $source = slurp("$src/base/checks.c");
while ($source =~ /^\t\[(CHECK_\w+)\] = \{(.*?)\n\t\}/gms)
{
	my ($id, $fields) = ($1, $2);
	my %row = (id => $id, of_runs => scalar($fields =~ /\.of_runs = true/));
	($row{name}) = $fields =~ /\.name = "([^"]*)"/;
	($row{severity}) = $fields =~ /\.severity = FINDING_(\w+)/;
	($row{sqlstate}) = $fields =~ /\.sqlstate = (\w+)/;
	($row{text}) = $fields =~ /\.text = "((?:[^"\\]|\\.)*)"/;
	for my $field (qw(name severity sqlstate text))
	{
		push @complaints, "$id: no $field that can be read" unless defined $row{$field} && $row{$field} ne '';
		$row{$field} //= '';
	}
	$registry{$id} = \%row;
}
for my $id (@ids) { push @complaints, "$id: no row in checks.c" unless $registry{$id}; }

my @documented;
my ($section) = slurp("$docs/validate.md") =~ /^## The checks\n(.*?)^## /ms or die "$docs/validate.md: no section of checks\n";
for (split /\n/, $section)
{
	next unless /^\|\s*`(\w+)`\s*\|\s*([^|]*?)\s*\|\s*([^|]*?)\s*\|\s*([^|]*?)\s*\|$/;
	my %row = (name => $1, severity => $2, text => $3, run => $4);
	$row{text} =~ s/\s*\(\[[^]]*\]\([^)]*\)\)//g;
	push @documented, \%row;
}

my @wanted = grep { $_ && !$_->{of_runs} } map { $registry{$_} } @ids;
for my $i (0 .. ($#wanted > $#documented ? $#wanted : $#documented))
{
	my ($row, $doc) = ($wanted[$i], $documented[$i]);
	if (!$row) { push @complaints, "docs: `$doc->{name}` $doc->{severity}: no such row in checks.c"; next; }
	if (!$doc) { push @complaints, "$row->{id}: no row in validate.md"; next; }
	(my $text = $row->{text}) =~ s/\\"//g;
	(my $found = $doc->{text}) =~ s/`//g;
	my $severity = lc $row->{severity};
	push @complaints, "$row->{id}: name \"$row->{name}\", documented in its place \"$doc->{name}\"" if $row->{name} ne $doc->{name};
	push @complaints, "$row->{id}: severity $severity, documented $doc->{severity}" if $severity ne $doc->{severity};
	push @complaints, "$row->{id}: finds \"$text\", documented \"$found\"" if $text ne $found;
	my $state = $code{ $row->{sqlstate} };
	push @complaints, "$row->{id}: stops with $state, documented \"$doc->{run}\""
	  if $severity eq 'error' && $state && index($doc->{run}, $state) < 0;
}

print "$_\n" for @complaints;
printf "%d checks, %d documented, %d complaints\n", scalar @ids, scalar @documented, scalar @complaints;
exit(@complaints || !@documented ? 1 : 0);
