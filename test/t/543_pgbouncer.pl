# PgBouncer: what works in transaction and in statement mode, and what a setting does to the next client. The rest of
# transaction mode is in 103_up_protocols.pl and 203_push.pl.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $push = "$FindBin::RealBin/../../bin/migrator-push";
my $node = PostgreSQL::Test::Cluster->new('pgbouncer');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

# One file has a setting of its own, one refuses a transaction block.
sub new_source
{
	return source_dir(
		{
			'1_a.sql' => "SET statement_timeout = '1h';\nCREATE TABLE IF NOT EXISTS a (i int);\n",
			'2_b.sql' => "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_i ON a (i);\n"
		});
}

for my $mode ('transaction', 'statement')
{
  SKIP:
	{
		my ($process, $through) = start_pgbouncer($node, "pgbouncer_$mode", $mode);
		skip $through, 1 unless $process;
		my @psql = @$through;
		my ($host) = $psql[-1] =~ /^(.*) dbname=/;
		my $dir = new_source();
		my ($out, $err);

		($out, $err) = run_command([ @psql, '-c', "CALL migrator.up('$dir', '$mode')" ]);
		like($out, qr/"applied": 2,/, "$mode: CALL up") or diag($err);
		like($err, qr/NOTICE:  migration lock acquired/, "$mode: notices pass");
		is((run_command([ @psql, '-c', 'SHOW statement_timeout' ]))[0], '0', "$mode: a script's setting reaches nobody else") for 1 .. 3;

		write_files($dir, { '3_c.sql' => "SELECT 1;\nSELECT 1/0;\n" });
		($out, $err) = run_command([ @psql, '-c', "CALL migrator.up('$dir', '$mode')" ]);
		like($err, qr/ERROR:  division by zero \(migration "3", file "3_c\.sql", line 2\)\n.*CONTEXT:  migration "3"/s, "$mode: so do errors");
		($out, $err) = run_command([ @psql, '-c', "SELECT migrator.assert_current('$dir', '$mode')" ]);
		like($err, qr/ERROR:  pending migrations detected/, "$mode: assert_current");
		is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0, "$mode: no lock stays");

		# a setting of the session is the next client's as well; an argument is not
		my $holder = start_psql($node, 'postgres', "SELECT pg_advisory_lock(migrator.lock_key('$mode'))", 'SELECT pg_sleep(3600)');
		my $pid = wait_for_sleep($node, 'postgres');
		($out, $err) = run_command([ @psql, '-c', "CALL migrator.up('$dir', '$mode', if_locked => 'skip')" ]);
		like($out, qr/"outcome": "skipped"/, "$mode: left to another run, by an argument") or diag($err);
		is((run_command([ @psql, '-c', 'SHOW migrator.if_locked' ]))[0], 'wait', "$mode: which nobody else has") for 1 .. 3;
		{
			local $ENV{PGOPTIONS} = '-c migrator.if_locked=skip';
			(undef, $err) = run_command([ @psql, '-c', 'SELECT 1' ]);
			like($err, qr/unsupported startup parameter: options/, "$mode: PGOPTIONS does not pass");
		}
		$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
		finish_psql($holder);

		# files of a client
		my $sent = source_dir({ '1_x.sql' => "CREATE TABLE ${mode}_x (i int);\n" });
		($out, $err) = run_command([ $push, '-d', "$host dbname=postgres", '--up', $sent, "sent_$mode" ]);
		if ($mode eq 'transaction')
		{
			is($node->safe_psql('postgres', "SELECT to_regclass('${mode}_x')"), "${mode}_x", "$mode: migrator-push") or diag($err);
		}
		else
		{
			like($err, qr/transaction blocks not allowed in statement pooling mode/, "$mode: migrator-push needs transactions");
			($out, $err) = run_command([ @psql, '-c', q{SELECT migrator.stage('sent_statement', '{1_x.sql}', '{CREATE TABLE statement_x ();}'::bytea[])} ]);
			is($err, '', "$mode: stage() is one statement");
			($out, $err) = run_command([ @psql, '-c', q{CALL migrator.up('stage:sent_statement', 'sent')} ]);
			like($out, qr/"applied": 1,/, "$mode: and its files run") or diag($err);
		}
		$process->signal('INT');
		$process->finish;
	}
}

$node->stop;
done_testing();
