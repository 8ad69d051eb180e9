# The examples of README.md and of each page of docs/, but the reference, which is made: what they print is what the page
# says. test/README.md has the rules.
# PAGES="up drift" runs these pages alone.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorDocs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;


my $root = "$FindBin::RealBin/../..";
my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(allows_streaming => 1, extra => [ '-U', 'postgres' ]);
$ENV{PGUSER} = 'postgres';
delete @ENV{qw(MIGRATION_ENV PGOPTIONS)};
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nlog_min_messages = log\n");
$node->start;
if ((my $major = int($node->safe_psql('postgres', 'SHOW server_version_num') / 10000)) != 15)
{
	$node->stop;
	plan skip_all => "the pages show what PostgreSQL 15 prints, not $major";
}

my %wanted = map { $_ => 1 } split ' ', $ENV{PAGES} // '';
my %count;
my $messages = MigratorDocs::messages_of($root);
for my $page ("$root/README.md", grep { !m{/reference\.md$} } sort glob "$root/docs/*.md $root/docs/*/*.md")
{
	my ($name) = $page =~ m,^\Q$root\E/(?:docs/)?(.+)\.md$,;

	run_page($node, $root, $page, \%count, $messages) if !%wanted || $wanted{$name};
}
note(sprintf '%4d %s', $count{$_}, $_) for sort keys %count;
$node->stop;
done_testing();
