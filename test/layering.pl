#!/usr/bin/perl
# layering.pl [SRC]: src/README.md draws the folders and their layers; refuses an #include that leads up.
#
# The table there: first column the layer (empty: that of the row above), second column the folder in backticks, third
# column its modules in backticks. A module is x.c with x.h: either name stands for both. Modules of lower layers may always
# be included; those of the same folder, or of another folder of the same layer, only where the third column draws an arrow:
# `a.c` -> `b.c` lets a include b, along a chain as well. A name with a slash, `folder/x.c`, is of that folder. Every file of
# SRC must be in the table and every module of the table in SRC, except in rows that say "(later)". An arrow that begins a chain
# stands in one row: two rows of the same, as a merge leaves them, would be kept in step by nobody.
#
# A function that a header promises must be named by another module, or by those of ../test/modules: else it is its file's own.
use strict;
use warnings;

my $src = shift // 'src';
my ($layer, %layer_of, %may, %drawn_in, %promised, %named_by, @complaints);

sub module { my ($name) = @_; $name =~ s/\.[ch]$//; return $name; }

my %exists;    # folder/module -> its files
for my $path (glob "$src/*.[ch] $src/*/*.[ch] $src/*/*/*.[ch]")
{
	(my $name = $path) =~ s,^\Q$src\E/,,;
	push @{ $exists{ module($name) } }, $path;
}

open my $readme, '<', "$src/README.md" or die "$src/README.md: $!\n";
while (<$readme>)
{
	if (!/^\|/) { undef $layer; }    # another table begins anew
	next unless /^\|([^|]*)\|\s*`(\w+)\/`\s*\|([^|]*)\|/;
	my ($first, $folder, $cell) = ($1, $2, $3);
	if ($first =~ /^\s*(\d+)/) { $layer = $1; }
	next unless defined $layer;
	(my $drawn = $cell) =~ s/`([^`\/]+\.[ch])`/`$folder\/$1`/g;
	for my $name ($drawn =~ /`\Q$folder\E\/([^`\/]+\.[ch])`/g)
	{
		my $module = module("$folder/$name");
		$layer_of{$module} = $layer;
		push @complaints, "$src/README.md:$.: no file for `$name`" unless $exists{$module} || $cell =~ /\(later\)/;
	}
	while ($drawn =~ /((?:`[^`]+`\s*->\s*)+`[^`]+`)/g)
	{
		my @chain = map { module($_) } $1 =~ /`([^`]+)`/g;
		my $row = $drawn_in{"$chain[0] -> $chain[1]"} //= $.;
		push @complaints, "$src/README.md:$.: $chain[0] -> $chain[1] is drawn in line $row, too" if $row != $.;
		for my $from (0 .. $#chain) { $may{ $chain[$from] }{$_} = 1 for @chain[ $from + 1 .. $#chain ]; }
	}
}
close $readme;
die "$src/README.md: no table of folders found\n" unless %layer_of;

my ($files, $checked) = (0, 0);
for my $module (sort keys %exists)
{
	for my $path (@{ $exists{$module} })
	{
		$files++;
		if (!defined $layer_of{$module})
		{
			push @complaints, "$path: in no row of $src/README.md";
			next;
		}
		look_for_names($path, $module);
		open my $file, '<', $path or die "$path: $!\n";
		while (<$file>)
		{
			next unless /^\s*#\s*include\s*"([^"]+)"/;
			my $included = $1;
			my $other = module($included);
			if ($included !~ /\// && $exists{ ($module =~ s,/.*,,r) . "/$other" })
			{
				push @complaints, "$path:$.: \"$included\" without its folder";
			}
			# the server's headers are no modules of ours
			next if $other eq $module || !defined $layer_of{$other};
			$checked++;
			next if $layer_of{$other} < $layer_of{$module};
			next if $layer_of{$other} == $layer_of{$module} && $may{$module}{$other};
			push @complaints,
			  "$path:$.: layer $layer_of{$module} includes \"$included\" of layer $layer_of{$other}"
			  . ($layer_of{$other} == $layer_of{$module} ? ', and no arrow is drawn' : '');
		}
		close $file;
	}
}

# which names a file has, and which functions it promises
sub look_for_names
{
	my ($path, $module) = @_;
	local $/;
	open my $file, '<', $path or die "$path: $!\n";
	my $text = <$file> =~ s,/\*.*?\*/,,gsr;
	close $file;
	if ($path =~ /\.h$/ && $module ne 'base/compat')
	{
		while ($text =~ /^extern\b[^;{]*?\b(\w+)\s*\(/mg) { $promised{$1} = $path; }
	}
	$named_by{$_}{$module} = 1 for $text =~ /\w+/g;
}

look_for_names($_, "test/$_") for glob "$src/../test/modules/*/*.c";
for my $name (sort keys %promised)
{
	push @complaints, "$promised{$name}: nobody but its own module names $name()" if keys %{ $named_by{$name} } < 2;
}

print "$_\n" for @complaints;
printf "%d files, %d includes of our own headers, %d complaints\n", $files, $checked, scalar @complaints;
exit(@complaints || !$checked ? 1 : 0);
