# kill -9 of the backend in every hook of a CALL up, in bootstrap.sql too: the next up makes of it what a run that nobody disturbed
# makes, and what a hook did is there with its record or not at all.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('hook_kill');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\nfsync = off\n");
$node->start;

# A commit that waits for the disk takes all those before it along: what is left is what was committed.
my $flush = join ' ', $node->config_data('--bindir') . '/psql', '-Xq', '-h', $node->host, '-p', $node->port, '-c "CREATE TABLE f (); DROP TABLE f"',
	'postgres';

# Scripts call tap_point(); the one that is named in the file control is the backend's last statement.
my $desk = source_dir({ control => '' });
$node->safe_psql('postgres', qq{
	CREATE DATABASE fresh;
	\\connect fresh
	CREATE EXTENSION migrator;
	CREATE TABLE done (n int GENERATED ALWAYS AS IDENTITY, what text);
	CREATE FUNCTION tap_point(here text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
	  INSERT INTO done (what) VALUES (here);
	  IF pg_read_file('$desk/control') = here THEN
	    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', '$flush; kill -9 ' || pg_backend_pid());
	    PERFORM pg_sleep(3600);
	  END IF;
	END \$\$;
	CREATE FUNCTION told() RETURNS void LANGUAGE sql AS \$\$SELECT tap_point('function ' || coalesce(version, 'run')) FROM migrator.current_run()\$\$;
	SELECT migrator.add_hook('post_migrate', 'told()');
});

my %script = (
	'pre_migrate.sql' => 'before all',
	'pre_migrate_1.sql' => 'before 1', '1_a.sql' => '1', 'post_migrate_1.sql' => 'after 1',
	'pre_migrate_2.sql' => 'before 2', 'post_migrate_2.sql' => 'after 2',
	'bootstrap.sql' => 'bootstrap', 'post_migrate.sql' => 'after all');
my %files = map { ($_ => "SELECT tap_point('$script{$_}');") } keys %script;
$files{'2_b.sql'} = "-- migrator: no-transaction\nSELECT tap_point('2'); SELECT tap_point('3');";
my $dir = source_dir(\%files);
my $serial = 0;
my $db;

sub new_database
{
	my $old = $db;
	$db = 'd' . ++$serial;
	$node->safe_psql('postgres', ($old ? "DROP DATABASE $old (FORCE);" : '') . "CREATE DATABASE $db TEMPLATE fresh");
	return;
}

sub control { my ($text) = @_; write_files($desk, { control => $text }); return; }
sub up { return finish_psql(start_psql($node, $db, "CALL migrator.up('$dir')")); }

# what was done, in order; and what is on record of it
sub done { return $node->safe_psql($db, q{SELECT string_agg(what, ', ' ORDER BY n) FROM done}); }
sub record
{
	return $node->safe_psql($db, q{
		SELECT (SELECT string_agg(concat_ws(' ', event, version, note), ', ' ORDER BY id) FROM migrator.history
		         WHERE event IN ('hook', 'applied', 'bootstrap')),
			(SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrator.migrations),
			(SELECT count(*) FROM migrator.service_state WHERE bootstrapped_at IS NOT NULL)});
}

new_database();
is(up(), 0, 'undisturbed');
my $whole = 'before all, before 1, 1, after 1, function 1, before 2, 2, 3, after 2, function 2, bootstrap, after all';
is(done(), $whole, '... everything once');
my $record = record();
like($record, qr/post_migrate, hook 1 post_migrate, applied 1, hook 2 pre_migrate, hook 2 post_migrate, hook 2 post_migrate, applied 2, bootstrap, /,
	'... and on record');

# What a run that was killed at this point leaves; what the next one adds is the rest, with what of a hook is run for each attempt.
my %left = (
	'before all' => '', 'before 1' => 'before all', '1' => 'before all', 'after 1' => 'before all', 'function 1' => 'before all',
	'before 2' => 'before all, before 1, 1, after 1, function 1',
	'2' => 'before all, before 1, 1, after 1, function 1, before 2',
	'3' => 'before all, before 1, 1, after 1, function 1, before 2, 2',
	'after 2' => 'before all, before 1, 1, after 1, function 1, before 2, 2, 3',
	'function 2' => 'before all, before 1, 1, after 1, function 1, before 2, 2, 3',
	'bootstrap' => 'before all, before 1, 1, after 1, function 1, before 2, 2, 3, after 2, function 2',
	'after all' => 'before all, before 1, 1, after 1, function 1, before 2, 2, 3, after 2, function 2, bootstrap');
my %added = (
	'2' => 'before all, before 2, 2, 3, after 2, function 2, bootstrap, after all',
	'3' => 'before all, before 2, 3, after 2, function 2, bootstrap, after all',
	'after 2' => 'before all, before 2, after 2, function 2, bootstrap, after all',
	'before 2' => 'before all, before 2, 2, 3, after 2, function 2, bootstrap, after all',
	'bootstrap' => 'bootstrap', 'after all' => '');
$added{'function 2'} = $added{'after 2'};

for my $point (split /, /, $whole)
{
	new_database();
	my $offset = -s $node->logfile;
	control($point);
	isnt(up(), 0, "killed at \"$point\"");
	# the server learns of it later than the client
	$node->wait_for_log(qr/ready to accept connections/, $offset);
	control('');
	is(done(), $left{$point}, '... what is left');
	is(up(), 0, '... up again');
	my $all = join ', ', grep { $_ ne '' } $left{$point}, $added{$point} // $whole;
	is(done(), $all, '... what is there then');
	my ($hooks, $states, $bootstrap) = split /\|/, record();
	is("$states|$bootstrap", '1 applied, 2 applied|1', '... the state');
	is(scalar(() = $hooks =~ /hook|bootstrap/g), scalar(grep { !/^[123]$/ } split /, /, $all), '... what ran is on record, and nothing else');
	is($node->safe_psql($db, q{SELECT count(*) FILTER (WHERE finished_at IS NULL) FROM migrator.runs}), 0, '... no run is without an end');
}

$node->stop;
done_testing();
