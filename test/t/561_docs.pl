# The examples of README.md and of each page of docs/: what they print is what the page says. test/README.md has the rules.
# PAGES="up drift" runs these pages alone.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorDocs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our $TODO;

my $root = "$FindBin::RealBin/../..";
my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(allows_streaming => 1, extra => [ '-U', 'postgres' ]);
$ENV{PGUSER} = 'postgres';
delete @ENV{qw(MIGRATION_ENV PGOPTIONS)};
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nlog_min_messages = error\n");
$node->start;

# pages whose examples have no setup yet
my %no_setup = map { $_ => 1 } qw(README dependencies development drift environments hooks layouts lint locks make operations policy prove
	record rollback security services settings stage up validate variables);

my %wanted = map { $_ => 1 } split ' ', $ENV{PAGES} // '';
my %count;
my $messages = MigratorDocs::messages_of($root);
for my $page ("$root/README.md", sort glob "$root/docs/*.md")
{
	my ($name) = $page =~ m,([^/]+)\.md$,;

	local $TODO = 'examples without a setup' if $no_setup{$name} && !%wanted;
	run_page($node, $root, $page, \%count, $messages) if !%wanted || $wanted{$name};
}
note(sprintf '%4d %s', $count{$_}, $_) for sort keys %count;
$node->stop;
done_testing();
