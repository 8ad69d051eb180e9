#!/usr/bin/perl
# layering.pl [SRC]: src/README.md draws the floors of the house; refuses an #include of a higher floor.
#
# The table there: first column floor number and name (empty: the floor of the row above), second column its files in
# backticks, `*` allowed. A room is x.c with x.h: either name stands for both. Lower floors may always be included, the
# same floor only where the second column draws an arrow: `a.c` -> `b.c` lets a include b, along a chain as well. Every
# file of SRC must be in the table and every room of the table in SRC, except in rows that say "(later)".
use strict;
use warnings;

my $src = shift // 'src';
my ($floor, %floor_of, @rows, @complaints);

sub room { my ($name) = @_; $name =~ s/\.[ch]$//; return $name; }

my %exists;
for my $path (glob "$src/*.[ch] $src/*/*.[ch]")
{
	(my $name = $path) =~ s,^\Q$src\E/,,;
	$exists{ room($name) }{$name} = $path;
}

sub rooms_matching
{
	my ($pattern) = @_;
	my $re = join '.*', map { quotemeta } split /\*/, room($pattern), -1;
	return grep { /^$re$/ } sort keys %exists;
}

# First the rows as drawn. A name beats a pattern, so patterns come last.
open my $readme, '<', "$src/README.md" or die "$src/README.md: $!\n";
while (<$readme>)
{
	if (!/^\|/) { undef $floor; }    # another table begins anew
	next unless /^\|([^|]*)\|([^|]*)\|/;
	my ($first, $cell) = ($1, $2);
	if ($first =~ /^\s*(\d+)/) { $floor = $1; }
	next unless defined $floor && $cell =~ /`[^`]*\.[ch]`/;
	push @rows, { floor => $floor, cell => $cell, later => scalar($cell =~ /\(later\)/), line => $. };
}
close $readme;
die "$src/README.md: no table of floors found\n" unless @rows;

my %may;    # room -> rooms of the same floor that an arrow leads to
for my $wild (0, 1)
{
	for my $row (@rows)
	{
		for my $name ($row->{cell} =~ /`([^`]*\.[ch])`/g)
		{
			next if ($name =~ /\*/ ? 1 : 0) != $wild;
			my @rooms = rooms_matching($name);
			push @complaints, "$src/README.md:$row->{line}: no file for `$name`" unless @rooms || $row->{later};
			for my $room (@rooms)
			{
				if (!defined $floor_of{$room}) { $floor_of{$room} = $row->{floor}; }
				elsif (!$wild && $floor_of{$room} != $row->{floor})
				{
					push @complaints, "$src/README.md:$row->{line}: `$name` stands on two floors";
				}
			}
		}
	}
}
for my $row (@rows)
{
	while ($row->{cell} =~ /((?:`[^`]+`\s*(?:->|→)\s*)+`[^`]+`)/g)
	{
		my @chain = $1 =~ /`([^`]+)`/g;
		for my $from (0 .. $#chain)
		{
			for my $to ($from + 1 .. $#chain)
			{
				for my $room (rooms_matching($chain[$from])) { $may{$room}{$_} = 1 for rooms_matching($chain[$to]); }
			}
		}
	}
}

my $checked = 0;
for my $room (sort keys %exists)
{
	if (!defined $floor_of{$room})
	{
		push @complaints, "$src/$_: on no floor of $src/README.md" for sort keys %{ $exists{$room} };
		next;
	}
	for my $name (sort keys %{ $exists{$room} })
	{
		my $path = $exists{$room}{$name};
		open my $file, '<', $path or die "$path: $!\n";
		while (<$file>)
		{
			next unless /^\s*#\s*include\s*"([^"]+)"/;
			my $other = room($1);
			# the server's headers are no rooms of ours
			next if $other eq $room || !defined $floor_of{$other};
			$checked++;
			next if $floor_of{$other} < $floor_of{$room};
			next if $floor_of{$other} == $floor_of{$room} && $may{$room}{$other};
			push @complaints,
			  "$path:$.: floor $floor_of{$room} includes \"$1\" of floor $floor_of{$other}"
			  . ($floor_of{$other} == $floor_of{$room} ? ', and no arrow is drawn' : '');
		}
		close $file;
	}
}

print "$_\n" for @complaints;
printf "%d files, %d includes of our own headers, %d complaints\n",
  scalar(map { keys %$_ } values %exists), $checked, scalar @complaints;
exit(@complaints ? 1 : 0);
