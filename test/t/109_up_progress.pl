# What a run shows of itself in shared memory: a handle is a number that can be anybody's by now, so whatever is found
# behind it, reading it neither hangs nor harms the server.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('up_progress');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION migrator;
	CREATE FUNCTION probe_segment(what text, run_id bigint) RETURNS bigint STRICT LANGUAGE C AS 'migrator_probe', 'migrator_probe_segment';
	CREATE ROLE stranger LOGIN;
	CREATE ROLE watcher LOGIN IN ROLE pg_monitor;
});

my $seen = 'SELECT run_id, version, migration, migration_total FROM migrator.progress';
my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE a (i int);', '2_b.sql' => 'SELECT pg_sleep(3600);' });

# in progress
my $up = start_psql($node, 'postgres', "CALL migrator.up('$dir')");
my $pid = wait_for_sleep($node, 'postgres');
my $run = $node->safe_psql('postgres', 'SELECT run_id FROM migrator.runs WHERE finished_at IS NULL');
is($node->safe_psql('postgres', $seen), "$run|2|2|2", 'a run in progress shows itself');
is($node->safe_psql('postgres', $seen, extra_params => [ psql_as('watcher') ]), "$run|2|2|2", '... to pg_monitor');
is($node->safe_psql('postgres', "SELECT * FROM migrator.progress_of($run)", extra_params => [ psql_as('stranger') ]),
	'', '... and not to a stranger');
is((outcome_of($node, 'postgres', "SELECT * FROM migrator.progress_of($run, 4711)", psql_as('stranger')))[0],
	'42883', 'nobody names a handle');
is($node->safe_psql('postgres', 'SELECT count(*) FROM generate_series(-5, 200) i, migrator.progress_of(i)'), '1',
	'run_ids that are none show nothing');

# the writer is killed: the server's memory goes with it, the handle stays in the record. up's last commit was asynchronous:
# it is on disk with the next one that waits, and a kill before that may lose it.
$node->safe_psql('postgres', 'CREATE TABLE on_disk ()');
kill 'KILL', $pid;
isnt(finish_psql($up), 0, 'the run died');
$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not come back';
is($node->safe_psql('postgres', 'SELECT run_id, progress_handle IS NOT NULL FROM migrator.runs WHERE finished_at IS NULL'),
	"$run|t", 'the handle of a run that died is on record');
is($node->safe_psql('postgres', $seen), '', '... and shows nothing');

# what may stand behind that number by now
for my $case (
	[ 'whole', $run, "$run||0|1" ],    # to see that the probe does what a run does
	[ 'whole', $run + 1, '' ],
	[ 'torn', $run, '' ],
	[ 'short', $run, '' ],
	[ 'foreign', $run, '' ])
{
	my ($what, $of, $want) = @$case;
	my $given = "UPDATE migrator.runs SET progress_handle = probe_segment('$what', $of) WHERE run_id = $run";

	# in a session of its own: memory goes with the one that made it
	my $other = start_psql($node, 'postgres', $given, $seen, 'SELECT pg_sleep(3600)');
	my $sleeper = wait_for_sleep($node, 'postgres');
	is($node->safe_psql('postgres', $seen), $want, "$what memory of run $of, from outside");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($sleeper, 60000)");
	finish_psql($other);
	is($other->{out}, $want && "$want\n", "$what memory of run $of, from the session that has it");
}
is($node->safe_psql('postgres', $seen), '', 'memory that is gone');

# the next run closes the row of the dead one
write_files($dir, { '2_b.sql' => 'SELECT 2;' });
$node->safe_psql('postgres', "CALL migrator.up('$dir')");
is($node->safe_psql('postgres', "SELECT outcome, progress_handle FROM migrator.runs WHERE run_id = $run"), 'interrupted|',
	'the next run completes the row');
is($node->safe_psql('postgres', "SELECT * FROM migrator.progress_of($run)"), '', 'a run that is over shows nothing');
unlike(slurp_file($node->logfile), qr/PANIC|stuck spinlock/, 'no PANIC');

$node->stop;
done_testing();
