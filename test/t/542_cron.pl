# Jobs of pg_cron that migrate, by its background workers and by connections of its own.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A job at every start of the server: those of a schedule come on the minute.
sub cron_at_start
{
	my ($node) = @_;
	my ($last) = $node->safe_psql('postgres', 'SELECT coalesce(max(runid), 0) FROM cron.job_run_details');

	$node->restart;
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM cron.job_run_details WHERE runid > $last AND end_time IS NOT NULL")
	  or die 'pg_cron ran nothing';
	return $node->safe_psql('postgres', "SELECT status, return_message FROM cron.job_run_details WHERE runid > $last");
}

sub test_cron
{
	my ($mode) = @_;
	my $node = PostgreSQL::Test::Cluster->new("cron_$mode");
	my $dir = source_dir({ '1_a.sql' => "CREATE TABLE a (i int);\n", '2_b.sql' => "CREATE INDEX CONCURRENTLY a_i ON a (i);\n" });
	my $line;

	plan skip_all => 'pg_cron is not installed' unless -e $node->config_data('--pkglibdir') . '/pg_cron.so';
	$node->init;
	$node->append_conf('postgresql.conf', "fsync = off\nshared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\n"
			. "cron.host = '" . $node->host . "'\ncron.use_background_workers = $mode\nmax_worker_processes = 20\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron; CREATE EXTENSION migrator;');
	$node->safe_psql('postgres', 'CREATE DATABASE shop');
	# what the page says is accepted; then the same for the start of the server, instead of a time
	my @page = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../../docs/cron.md") =~ /^(SELECT cron\.schedule.*)$/mg;
	is(scalar @page, 2, 'docs/cron.md has two jobs');
	$node->safe_psql('postgres', join "\n", @page, 'SELECT cron.unschedule(jobid) FROM cron.job');
	$node->safe_psql('postgres', qq{SELECT cron.schedule('migrate', '\@reboot', \$\$CALL migrator.up('$dir')\$\$)});

	$line = cron_at_start($node);
	like($line, qr/^succeeded\|/, "workers $mode: the job succeeded");
	is($node->safe_psql('postgres', q{SELECT version, state FROM migrator.migrations ORDER BY 1}), "1|applied\n2|applied", "workers $mode: applied");
	is($node->safe_psql('postgres', q{SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass}), 't', "workers $mode: CONCURRENTLY ran");
	is($node->safe_psql('postgres', q{SELECT application_name FROM migrator.runs}), $mode eq 'off' ? 'pg_cron' : '', "workers $mode: the record says who it was");

	$line = cron_at_start($node);
	like($line, qr/^succeeded\|/, "workers $mode: nothing to do");

	write_files($dir, { '3_c.sql' => "CREATE TABLE c (i int);\nSELECT 1/0;\n", '4_d.sql' => "CREATE TABLE d (i int);\n" });
	$line = cron_at_start($node);
	like($line, qr/^failed\|.*division by zero \(migration "3", file "3_c\.sql", line 2\)/s, "workers $mode: the job failed, and says where");
	is($node->safe_psql('postgres', "SELECT version, state FROM migrator.status('$dir')"), "1|applied\n2|applied\n3|failed\n4|pending",
		"workers $mode: what failed is on record");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, "workers $mode: no lock is left");
	$node->stop;
	return;
}

test_cron($_) for 'on', 'off';
done_testing();
