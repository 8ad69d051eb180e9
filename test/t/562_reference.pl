# docs/reference.md is what test/reference.pl makes of the catalog and the source: nothing is missing in it, and nothing is stale.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $node = PostgreSQL::Test::Cluster->new('reference');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

local $ENV{PATH} = $node->config_data('--bindir') . ":$ENV{PATH}";
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'postgres';

my ($out, $err) = run_command([ $^X, "$root/test/reference.pl" ]);
is($err, '', 'test/reference.pl knows every function, setting, SQLSTATE, check and word');
my $made = "$PostgreSQL::Test::Utils::tmp_check/reference.md";
append_to_file($made, "$out\n");
my ($differs) = run_command([ 'diff', '-u', "$root/docs/reference.md", $made ]);
is($differs, '', 'docs/reference.md is what comes: perl test/reference.pl > docs/reference.md');

# what other pages say of settings and functions is there
my %page = map { (m,^\Q$root\E/docs/(.+)$,)[0] => slurp_file($_) } glob "$root/docs/*.md $root/docs/*/*.md";
for my $setting (split /\n/, $node->safe_psql('postgres', "SELECT migrator.version(); SELECT name FROM pg_settings WHERE name LIKE 'migrator.%'") =~ s/^.*\n//r)
{
	like($page{'settings.md'}, qr/`\Q$setting\E`/, "docs/settings.md has $setting");
}
my %functions = map { $_ => 1 } split /\n/, $node->safe_psql('postgres',
	"SELECT proname FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace UNION SELECT relname FROM pg_class WHERE relnamespace = 'migrator'::regnamespace");
my %settings = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', "SELECT migrator.version(); SELECT name FROM pg_settings WHERE name LIKE 'migrator.%'");
$page{'README.md'} = slurp_file("$root/README.md");
for my $name (sort keys %page)
{
	my %stale = map { $_ => 1 } grep { !$functions{$_} && !$settings{"migrator.$_"} } $page{$name} =~ /\bmigrator\.([a-z_]+)\(/g;

	is(join(' ', sort keys %stale), '', "no function in $name that is not there");
	%stale = map { $_ => 1 } grep { !$settings{$_} } $page{$name} =~ /\bSET (?:PARAMETER |LOCAL )?(migrator\.[a-z_]+)/g;
	is(join(' ', sort keys %stale), '', "no setting in $name that is not there");
}

# arguments by name are those that there are
my %arguments;
for my $row (split /\n/, $node->safe_psql('postgres', q{
	SELECT proname, array_to_string(proargnames, ' ') FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace AND proargnames IS NOT NULL}))
{
	my ($function, $names) = split /\|/, $row;
	$arguments{$function}{$_} = 1 for split ' ', $names;
}
my $called = join '|', keys %arguments;
for my $name (sort keys %page)
{
	my @wrong;

	while ($page{$name} =~ /(?<![\w.])(?:migrator\.)?($called)(?=(\((?:[^()']|'[^']*'|(?2))*\)))/g)
	{
		my ($function, $given) = ($1, $2);
		my $outer = substr($given, 1, -1) =~ s/'[^']*'//gr =~ s/(\((?:[^()]|(?1))*\))//gr;

		push @wrong, map { "$function($_)" } grep { !$arguments{$function}{$_} } $outer =~ /(\w+) =>/g;
	}
	is("@wrong", '', "arguments by name in $name");
}

# who may call what
my ($public) = $page{'security.md'} =~ /^\| (`version`.*?) \| yes/m;
is(join(' ', sort $public =~ /`(\w+)`/g), $node->safe_psql('postgres', q{
	SELECT string_agg(proname, ' ' ORDER BY proname COLLATE "C") FROM pg_proc
	 WHERE pronamespace = 'migrator'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')}),
	'docs/security.md names what everybody may call');

# links between pages, and to their headings
my %anchors;
for my $name (keys %page)
{
	$anchors{$name}{ lc($_) =~ s/[^\w\- ]//gr =~ s/ /-/gr } = 1 for $page{$name} =~ /^#+ (.+)$/mg;
}
for my $name (sort keys %page)
{
	my @broken;
	my $folder = $name eq 'README.md' ? '' : "docs/$name" =~ s,[^/]*$,,r;

	while ($page{$name} =~ /\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)
	{
		my ($file, $anchor) = ($1, $2);
		next if $file =~ /^https?:/;
		my $path = $file eq '' ? $folder . $name =~ s,.*/,,r : "$folder$file";

		1 while $path =~ s,[^/]+/\.\./,,;
		push @broken, $file if !-e "$root/$path";
		my $base = $path =~ s,^docs/,,r;
		push @broken, "$file#$anchor" if defined $anchor && $anchors{$base} && !$anchors{$base}{$anchor};
	}
	is(join(' ', @broken), '', "links of $name");
}

# README.md leads to every page; to those of a folder by the page that is called like it
my @unlinked = grep { $page{'README.md'} !~ m,\(docs/\Q$_\E[)#], } grep { $_ ne 'README.md' && !m,/, } sort keys %page;
is("@unlinked", '', 'README.md has a link to every page');
@unlinked = grep { my ($index) = m,^(.*)/,; ($page{"$index.md"} // '') !~ m,\(\Q$_\E[)#], } grep { m,/, } sort keys %page;
is("@unlinked", '', 'the pages of a folder have a link of the page that is called like it');

$node->stop;
done_testing();
