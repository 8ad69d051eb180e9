# What docs/clients.md and docs/kubernetes.md show of programs and manifests stands in a file of examples/, as it is shown.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my %language = (js => 'js', python => 'py', java => 'java', go => 'go', csharp => 'cs', yaml => 'ya?ml', dockerfile => 'Dockerfile');

# without the indentation that all lines have, since a page may show a part of a block
sub dedented
{
	my ($text) = @_;
	my ($least) = sort { $a <=> $b } map { /^(\s*)\S/ ? length $1 : () } split /\n/, $text;

	return join '', map { (length > $least ? substr($_, $least) : '') . "\n" } split /\n/, $text;
}

sub shows
{
	my ($file, $snippet) = @_;
	my @lines = split /\n/, PostgreSQL::Test::Utils::slurp_file($file);
	my $count = () = $snippet =~ /\n/g;

	return grep { dedented(join "\n", @lines[ $_ .. $_ + $count - 1 ]) eq $snippet } 0 .. @lines - $count;
}

my @files = map { glob "$top/examples/$_" } '*', '*/*', '*/*/*';
for my $page ('clients', 'kubernetes')
{
	my $text = PostgreSQL::Test::Utils::slurp_file("$top/docs/$page.md");
	my $shown = 0;

	while ($text =~ /^```(\w+)\n(.*?)^```$/msg)
	{
		my ($language, $snippet) = ($1, $2);
		next unless $language{$language};
		my $line = 1 + (() = substr($text, 0, $-[0]) =~ /\n/g);
		my @found = grep { -f && /$language{$language}$/ && shows($_, dedented($snippet)) } @files;
		ok(scalar @found, "$page.md, line $line: in examples/");
		$shown++;
	}
	ok($shown > 3, "$page.md shows $shown");
}
done_testing();
