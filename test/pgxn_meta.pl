#!/usr/bin/perl
# pgxn_meta.pl META.json: is it what PGXN takes? The rules of its meta specification, version 1.0.0; and that the files it names
# are there. The rules are tried first on descriptions that break one each.
use strict;
use warnings;

use JSON::PP;

my $number = qr/(?:0|[1-9][0-9]*)/;
my $version = qr/$number\.$number\.$number(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/;
my $range = qr/(?:(?:==|!=|[<>]=?)\s*)?(?:$version|0)(?:,\s*(?:(?:==|!=|[<>]=?)\s*)?$version)*/;

# A rule is a function that returns what is wrong with a value, or nothing.
my $text = like(qr/.+/s, 'text');
my $term = like(qr{[^/\\\s[:cntrl:]]{2,}}, 'a term: two characters or more, no spaces, slashes or control characters');
my $uri = like(qr,[a-z][a-z0-9+.-]*://\S+,i, 'a URI');
my $release = like($version, 'a semantic version');
my $license = one_of(qw(agpl_3 apache_1_1 apache_2_0 artistic_1 artistic_2 bsd freebsd gfdl_1_2 gfdl_1_3 gpl_1 gpl_2 gpl_3 lgpl_2_1 lgpl_3_0
	mit mozilla_1_0 mozilla_1_1 openssl perl_5 postgresql qpl_1_0 ssleay sun zlib open_source restricted unrestricted unknown));
my $needs = all(any => like($range, 'a range of versions'), 1);
my $phase = object(map { $_ => $needs } qw(requires recommends suggests conflicts));
my $files = either($text, list($text));

my $distribution = object(
	'!name' => $term,
	'!version' => $release,
	'!abstract' => $text,
	'!maintainer' => either($text, list($text)),
	'!license' => either($license, list($license), all(text => $uri, 1)),
	'!provides' => all(
		term => object('!file' => $text, '!version' => $release, abstract => $text, docfile => $text), 1),
	'!meta-spec' => object('!version' => like(qr/1\.0\.[0-9]+/, 'version 1.0.x'), url => one_of('https://pgxn.org/meta/spec.txt')),
	description => $text,
	generated_by => $text,
	tags => list(like(qr{[^/\\[:cntrl:]]{2,255}}, 'a tag: 2 to 255 characters, no slashes or control characters')),
	no_index => object(file => $files, directory => $files),
	prereqs => object(map { $_ => $phase } qw(configure build test runtime develop)),
	release_status => one_of(qw(stable testing unstable)),
	resources => object(
		homepage => $uri,
		bugtracker => object(web => $uri, mailto => like(qr/\S+@\S+/, 'an address')),
		repository => object(url => $uri, web => $uri, type => like(qr/[a-z]+/, 'lower case'))));

sub like
{
	my ($pattern, $what) = @_;
	return sub { defined $_[0] && !ref $_[0] && $_[0] =~ /\A$pattern\z/ ? () : "is not $what" };
}

sub one_of
{
	my %known = map { $_ => 1 } @_;
	return sub { defined $_[0] && !ref $_[0] && $known{ $_[0] } ? () : 'is none of the words it may be' };
}

sub either
{
	my (@rules) = @_;
	return sub {
		my ($value) = @_;
		my @wrong;
		for my $rule (@rules)
		{
			@wrong = $rule->($value) or return;
		}
		return @wrong;
	};
}

# At least one, none twice.
sub list
{
	my ($rule) = @_;
	return sub {
		my ($value) = @_;
		return 'is no list' if ref $value ne 'ARRAY';
		return 'is empty' if !@$value;
		my %seen;
		return map { my $item = $_; ($seen{$item}++ ? 'has one twice' : (), map { "[$item] $_" } $rule->($item)) } @$value;
	};
}

# An object with any names, whose values follow one rule.
sub all
{
	my ($kind, $rule, $least) = @_;
	my $name_rule = $kind eq 'text' ? $text : $term;
	return sub {
		my ($value) = @_;
		return 'is no object' if ref $value ne 'HASH';
		return 'is empty' if keys %$value < $least;
		return map { my $name = $_; map { "$name: $_" } $name_rule->($name), $rule->($value->{$name}) } sort keys %$value;
	};
}

# An object with these names, those that begin with ! required; a custom one begins with x_.
sub object
{
	my (%rules) = @_;
	return sub {
		my ($value) = @_;
		my @wrong;
		return 'is no object' if ref $value ne 'HASH';
		return 'is empty' if !%$value;
		push @wrong, "lacks $_" for sort grep { !exists $value->{$_} } map { /^!(.*)/ ? $1 : () } keys %rules;
		for my $name (sort grep { !/^x_./i } keys %$value)
		{
			my $rule = $rules{$name} // $rules{"!$name"};
			push @wrong, $rule ? map { "$name: $_" } $rule->($value->{$name}) : "$name: there is no such field";
		}
		return @wrong;
	};
}

# A description that is right, with these fields exchanged.
sub broken
{
	my (%change) = @_;
	my %meta = (name => 'pair', version => '1.0.0', abstract => 'a', maintainer => 'm', license => 'mit',
		provides => { pair => { file => 'pair.sql', version => '1.0.0' } }, 'meta-spec' => { version => '1.0.0' });
	while (my ($name, $value) = each %change)
	{
		if (defined $value) { $meta{$name} = $value; }
		else { delete $meta{$name}; }
	}
	return \%meta;
}

my $failed = 0;

for my $good ({}, { license => [ 'mit', 'bsd' ] }, { license => { Own => 'https://example.com/licence' } }, { x_own => 1 },
	{ prereqs => { runtime => { requires => { PostgreSQL => '>= 15.0.0, < 19.0.0', plpgsql => 0 } } } }, { version => '1.0.0-rc.1' })
{
	my @wrong = $distribution->(broken(%$good));
	next if !@wrong;
	print 'what is right is refused: ', JSON::PP->new->canonical->encode($good), ": @wrong\n";
	$failed = 1;
}
for my $bad ({ name => 'a b' }, { name => undef }, { version => '1.0' }, { version => '1.0.00' }, { license => 'PostgreSQL' }, { maintainer => [] },
	{ provides => {} }, { provides => { pair => { version => '1.0.0' } } }, { 'meta-spec' => { version => '2.0.0' } }, { colour => 'red' },
	{ tags => [ 'a/b' ] }, { tags => [ 'aa', 'aa' ] }, { prereqs => { runtime => { needs => {} } } }, { abstract => '' },
	{ prereqs => { runtime => { requires => { PostgreSQL => '15' } } } }, { resources => { homepage => 'here' } })
{
	next if $distribution->(broken(%$bad));
	print 'what is wrong is taken: ', JSON::PP->new->canonical->encode($bad), "\n";
	$failed = 1;
}

my $json = do { local (@ARGV, $/) = $ARGV[0]; <> };
my $meta = decode_json($json);
my @wrong = $distribution->($meta);

for my $extension (values %{ $meta->{provides} })
{
	push @wrong, "there is no file $_" for grep { defined && !-e } @$extension{ 'file', 'docfile' };
}
print "$ARGV[0]: $_\n" for @wrong;
exit($failed || @wrong ? 1 : 0);
