# metrics_text() is read by those who know the format: promtool, and Prometheus' client library for Python. What they read is what the
# view has.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use JSON::PP;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($promtool) = grep { -x $_ } map { "$_/promtool" } split(/:/, $ENV{PATH}), '/usr/bin', '/usr/local/bin';
my $python = system_log('python3', '-c', 'import prometheus_client.parser') == 0;

plan skip_all => "neither promtool nor Python's prometheus_client is installed" unless $promtool || $python;

my $node = PostgreSQL::Test::Cluster->new('prometheus');
$node->init;
$node->start;

my $name = q{it's "odd" \\ {x="1"}};
$node->safe_psql('postgres', 'CREATE DATABASE "' . $name =~ s/"/""/gr . '"');
my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a (i int)', '2_b.sql' => 'SELECT 1' });
my $bad = source_dir({ '1_a.sql' => 'SELECT 1/0' });
$node->safe_psql($name, 'CREATE EXTENSION migrator');

sub text
{
	my $text = $node->safe_psql($name, 'SELECT migrator.metrics_text()');
	return "$text\n";
}

# what promtool says of it, '' if it is content
sub promtool_says
{
	my ($text) = @_;
	my $out = '';

	return '' unless $promtool;
	my $ok = IPC::Run::run([ $promtool, 'check', 'metrics' ], '<', \$text, '>', \$out, '2>&1', IPC::Run::timeout($MigratorTest::net));
	return $ok ? $out : "exit code\n$out";
}

is(promtool_says(text()), '', 'without any service');
$node->safe_psql($name, "SELECT migrator.register('default', '$dir'); SELECT migrator.register('billing', '$bad'); CALL migrator.up(service => 'default')");
$node->psql($name, "CALL migrator.up(service => 'billing')");

# what nobody would call a kind, and yet
$node->safe_psql($name, q{UPDATE migrator.runs SET kind = E'two\nlines "quoted" \\\\n', lock_wait_ms = 1e-9, lock_retries = 3 WHERE service = 'billing'});
my $text = text();
is(promtool_says($text), '', 'with services');

SKIP:
{
	skip "Python's prometheus_client is not installed", 5 unless $python;

	my $parse = <<'PYTHON';
import json, sys
from prometheus_client.parser import text_string_to_metric_families
rows = []
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        rows.append([sample.name, family.type, sample.labels, sample.value, family.documentation])
print(json.dumps(rows))
PYTHON
	my ($out, $err) = ('', '');
	ok(IPC::Run::run([ 'python3', '-c', $parse ], '<', \$text, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net)),
		'the client library reads it') or diag($err);
	my $read = decode_json($out);
	my $view = decode_json($node->safe_psql($name, 'SELECT json_agg(json_build_array(name, kind, labels, value, help)) FROM migrator.metrics'));
	my $key = sub { my ($row) = @_; return join '|', $row->[0], map { "$_=$row->[2]{$_}" } sort keys %{ $row->[2] }; };
	my %seen = map { $key->($_) => $_ } @$read;

	is(scalar(keys %seen), scalar(@$view), 'each sample once, all of them');
	is_deeply([ sort keys %seen ], [ sort map { $key->($_) } @$view ], 'the names and labels are those of the view');
	is_deeply([ grep { $seen{ $key->($_) }[1] ne $_->[1] || $seen{ $key->($_) }[4] ne $_->[4] } @$view ], [], 'so are kinds and help');
	is_deeply([ map { $_->[0] } grep { $_->[0] !~ /last_run_duration/ && abs($seen{ $key->($_) }[3] - $_->[3]) > 1e-9 * (1 + abs $_->[3]) } @$view ], [],
		'so are the values');
	my ($odd) = grep { ($_->[2]{kind} // '') =~ /lines/ } @$read;
	is($odd->[2]{kind}, qq{two\nlines "quoted" \\n}, 'a label of more than one line');
	my ($info) = grep { $_->[0] eq 'migrator_extension_info' } @$read;
	is($info->[2]{database}, $name, 'the name of the database');
}
$node->stop;
done_testing();
