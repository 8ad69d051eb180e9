# examples/postgres_exporter.yaml by postgres_exporter, before a server: its metrics have the names that metrics_text() has, and every name
# that the alerts and the dashboard use. Alerts are judged by promtool.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use HTTP::Tiny;
use JSON::PP;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $examples = "$FindBin::RealBin/../../examples";
my $find = sub { my ($program) = @_; return (grep { -x $_ } map { "$_/$program" } split(/:/, $ENV{PATH}), '/usr/bin', '/usr/local/bin')[0]; };
my $exporter = $find->('prometheus-postgres-exporter') // $find->('postgres_exporter');
my $promtool = $find->('promtool');
my $home = PostgreSQL::Test::Utils::tempdir();

plan skip_all => 'neither postgres_exporter nor promtool is installed' unless $exporter || $promtool;

# the names that an expression uses
sub names_in { return map { /\b((?:migrator|pg)_[a-z_]+)\b/g } @_; }

my $alerts = slurp_file("$examples/prometheus-alerts.yml");
my @alert_expressions = $alerts =~ /^\s+expr: (?:\|\n)?(.*?)^\s+(?:for|labels):/msg;
my $dashboard = decode_json(slurp_file("$examples/grafana.json"));
my @panel_expressions = map { $_->{expr} } map { @{ $_->{targets} } } @{ $dashboard->{panels} };
cmp_ok(scalar(@alert_expressions), '==', scalar(() = $alerts =~ /- alert:/g), 'each alert has an expression');
cmp_ok(scalar(@panel_expressions), '>', 10, 'the dashboard has expressions');
my %used = map { $_ => 1 } names_in(@alert_expressions, @panel_expressions, map { $_->{definition} // () } @{ $dashboard->{templating}{list} });

SKIP:
{
	skip 'promtool is not installed', 3 unless $promtool;
	my $out = '';
	my $says = sub { IPC::Run::run([ $promtool, @_ ], '>', \$out, '2>&1', IPC::Run::timeout($MigratorTest::net)) };

	ok($says->('check', 'rules', "$examples/prometheus-alerts.yml"), 'the alerts are well formed') or diag($out);

	# what each is for
	(my $tests = slurp_file("$FindBin::RealBin/../fixtures/prometheus/alerts_test.yml")) =~ s/^  - RULES$/  - $examples\/prometheus-alerts.yml/m;
	write_files($home, { 'alerts_test.yml' => $tests });
	ok($says->('test', 'rules', "$home/alerts_test.yml"), 'they go off when they should') or diag($out);

	# an expression of the dashboard is one of Prometheus'
	my $n = 0;
	write_files($home,
		{
			'panels.yml' => join '',
			"groups:\n- name: panels\n  rules:\n",
			map {
				my $expression = $_ =~ s/\$__rate_interval/5m/gr =~ s/\$service/.*/gr;
				"  - record: panel:" . $n++ . "\n    expr: '" . $expression =~ s/'/''/gr . "'\n"
			} @panel_expressions
		});
	ok($says->('check', 'rules', "$home/panels.yml"), 'the expressions of the dashboard are well formed') or diag($out);
}

SKIP:
{
	skip 'postgres_exporter is not installed', 1 unless $exporter;

	my $node = PostgreSQL::Test::Cluster->new('exporter');
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a (i int)' });
	my $bad = source_dir({ '1_a.sql' => 'SELECT 1/0' });
	$node->init;
	$node->start;

	# the role of docs/metrics.md
	$node->safe_psql('postgres', qq{
		CREATE EXTENSION migrator;
		CREATE ROLE app_metrics LOGIN IN ROLE pg_monitor;
		ALTER ROLE app_metrics SET migrator.source_roots = '$dir, $bad';
		SELECT migrator.register('default', '$dir');
		SELECT migrator.register('billing', '$bad')});
	$node->safe_psql('postgres', "CALL migrator.up(service => 'default')");
	$node->psql('postgres', "CALL migrator.up(service => 'billing')");

	local $ENV{DATA_SOURCE_NAME} = 'postgresql:///postgres?sslmode=disable&user=app_metrics&host=' . $node->host . '&port=' . $node->port;
	my $log = '';
	my $process = IPC::Run::start(
		[ $exporter, "--extend.query-path=$examples/postgres_exporter.yaml", "--web.listen-address=127.0.0.1:$port", '--disable-settings-metrics' ],
		'<', \undef, '>', \$log, '2>&1', IPC::Run::timeout($MigratorTest::net));
	my $scrape = sub {
		my $response;

		for (1 .. 10 * $MigratorTest::net)
		{
			$process->pump_nb;
			$response = HTTP::Tiny->new(timeout => 30)->get("http://127.0.0.1:$port/metrics");
			last if $response->{success} || !$process->pumpable;
			select undef, undef, undef, 0.1;
		}
		return $response->{success} ? $response->{content} : '';
	};
	my $text = $scrape->();
	$process->kill_kill;
	isnt($text, '', 'it answers') or diag($log);
	unlike($log, qr/error/i, 'without an error') or diag($log);

	my %names = map { /^([a-z_]+)[{ ]/ ? ($1 => 1) : () } split /\n/, $text;
	my $ours = $node->safe_psql('postgres', 'SELECT string_agg(DISTINCT name, chr(10)) FROM migrator.metrics');
	is(join("\n", sort grep { /^migrator_/ } keys %names), join("\n", sort split /\n/, $ours), 'the names are those of view metrics');
	is(join(' ', grep { !$names{$_} } sort keys %used), '', 'each name in the alerts and the dashboard is there');
	like($text, qr/^migrator_migrations_failed\{[^}]*service="billing"[^}]*\} 1$/m, 'a failed migration');
	like($text, qr/^migrator_migrations_pending\{[^}]*service="default"[^}]*\} 0$/m, 'nothing pending');
	like($text, qr/^migrator_migration_duration_seconds_bucket\{[^}]*service="default"[^}]*le="\+Inf"[^}]*\} 1$/m, 'the histogram');
	like($text, qr/^pg_up\S* 1$/m, 'the server is up');
	$node->stop;
}
done_testing();
