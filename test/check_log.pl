#!/usr/bin/perl
# check_log.pl ALLOWED EXPECTED-DIR LOG...: reads server logs and prints every line that a healthy server does not write:
# PANIC, FATAL, WARNING, failed assertions, leaks, processes that died from a signal. Exits 1 where there is one.
#
# Passed over: what a regular expression of ALLOWED matches (against `file name: line`; `#` lines above an expression give
# its reason, and an expression without one is an error), and warnings whose text some expected output pins.
use strict;
use warnings;

my ($allowed_file, $expected_dir, @logs) = @ARGV;
die "usage: $0 ALLOWED EXPECTED-DIR LOG...\n" unless @logs;

my (@allowed, $reason);
open my $list, '<', $allowed_file or die "$allowed_file: $!\n";
while (my $line = <$list>)
{
	chomp $line;
	if ($line =~ /^\s*$/) { undef $reason; }
	elsif ($line =~ /^#/) { $reason = $line; }
	elsif (!defined $reason) { die "$allowed_file:$.: an expression without a reason above it\n"; }
	else { push @allowed, qr/$line/; }
}
close $list;

my %pinned;
for my $file (glob("$expected_dir/*.out"))
{
	open my $out, '<', $file or die "$file: $!\n";
	while (<$out>) { $pinned{$1} = 1 if /WARNING:  (?:[0-9A-Z]{5}: )?(.*)$/; }
	close $out;
}

my $found = 0;
for my $log (@logs)
{
	(my $name = $log) =~ s,.*/,,;
	open my $in, '<', $log or die "$log: $!\n";
	while (my $line = <$in>)
	{
		chomp $line;
		# the statement, its context and the lines that continue a message may say anything
		next if $line =~ /^\t/;
		next if $line =~ /(?:STATEMENT|CONTEXT|QUERY|DETAIL|HINT|LOCATION):  /;
		next
		  unless $line =~ /(?:PANIC|FATAL|WARNING):  |TRAP: |\bleak|was terminated by signal|was terminated by exception/;
		next if $line =~ /WARNING:  (?:[0-9A-Z]{5}: )?(.*)$/ && $pinned{$1};
		next if grep { "$name: $line" =~ $_ } @allowed;
		print "$name:$.: $line\n";
		$found++;
	}
	close $in;
}
print "$found suspicious " . ($found == 1 ? "line" : "lines") . "\n" if $found;
exit($found ? 1 : 0);
