# Large scripts, many scripts: bounded memory, and nothing that is not given back.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('big');
$node->init;

# What a backend touches of shared memory counts as its own in /proc: keep it small.
$node->append_conf('postgresql.conf', "shared_buffers = 4MB\nmax_wal_size = 1GB\nautovacuum = off\nmax_locks_per_transaction = 256\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

# A session's peak in kB, where the system tells it.
my $peak = q{SELECT (regexp_match(pg_read_file('/proc/self/status'), 'VmHWM:\s+(\d+)'))[1]};
my $has_proc = -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /VmHWM/;
my $contexts = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'migrator%' AND name NOT LIKE '%session%'};
my $total = q{SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts};

# one script of 12 MB
{
	my $rows = 100_000;
	my $script = "CREATE TABLE big (i int, t text);\n";
	$script .= sprintf "INSERT INTO big VALUES (%d, '%s');\n", $_, 'x' x 84 for 1 .. $rows;
	my $dir = source_dir({ '1_big.sql' => $script });
	my $kb = length($script) / 1024;

	cmp_ok($kb, '>', 11_000, 'the script has about 12 MB');
	$peak = 'SELECT 0' unless $has_proc;
	my @lines = split /\n/, $node->safe_psql('postgres', qq{
		SELECT migrator.version();
		SELECT count(*) FROM migrator.status('$dir', 'warm-up') WHERE false;
		$peak;
		$total;
		SELECT outcome FROM migrator.apply('$dir');
		$peak;
		$total;
		$contexts;
		SELECT count(*) FROM big;
		SELECT count(*) FROM migrator.apply('$dir');
		SELECT checksum = encode(sha256(pg_read_binary_file('$dir/1_big.sql')), 'hex') FROM migrator.migrations;
		SELECT statement_total FROM migrator.migrations;
	});
	my ($version, $warm, $peak0, $total0, $outcome, $peak1, $total1, $left, $count, $again, $checksum, $statements) = @lines;

	is($outcome, 'applied', "$rows statements are applied");
	is($count, $rows, 'each once');
	is($again, 0, 'and that is that');
	is($checksum, 't', 'the checksum is that of the bytes');
	is($statements, $rows + 1, 'the number of statements is on record');
	is($left, 0, 'no memory context of the run is left');
	note("script $kb kB, peak $peak0 -> $peak1 kB, contexts $total0 -> $total1 kB");
  SKIP:
	{
		skip 'no /proc here', 1 unless $has_proc;
		cmp_ok($peak1 - $peak0, '<', 8 * $kb, 'the peak of memory is a few times the size of the script');
	}
	cmp_ok($total1 - $total0, '<', $kb, 'and after it the memory is given back');
}

# a large script that fails at its end
{
	my $script = "CREATE TABLE half (i int);\n" . "INSERT INTO half VALUES (1);\n" x 20_000 . "SELECT 1/0;\n";
	my $dir = source_dir({ '1_half.sql' => $script });
	my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.apply('$dir', 'half')");

	is($state, '22012', 'a large script that fails at its end');
	like($err, qr/line 20002/, 'names the line');
	cmp_ok(length($err), '<', 4000, 'and does not recite the script');
	is($node->safe_psql('postgres', "SELECT to_regclass('half')"), '', 'nothing of it is left');
	is($node->safe_psql('postgres', "SELECT statement, line FROM migrator.history WHERE service = 'half'"), '20002|20002', 'on record');
}

# a syntax error at the end of a large script is found before anything runs
{
	my $dir = source_dir({ '1_a.sql' => 'CREATE TABLE early (i int)',
			'2_b.sql' => "INSERT INTO early VALUES (1);\n" x 20_000 . "SELEC 1;\n" });
	my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT migrator.apply('$dir', 'early')");

	is($state, '42601', 'a syntax error at the end of a large script');
	like($err, qr/line 20001/, 'names the line');
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.history WHERE service = 'early'"), 0, 'nothing ran');
}

# one very long statement, and one very long line of data
{
	my $dir = source_dir(
		{
			'1_long.sql' => 'CREATE TABLE long (t text); INSERT INTO long VALUES (' . "\$\$" . 'y' x 6_000_000 . "\$\$)",
			'2_copy.sql' => "COPY long FROM stdin;\n" . 'z' x 6_000_000 . "\n" . "w\n" x 100_000 . "\\.\n"
		});
	is($node->safe_psql('postgres', "SELECT string_agg(outcome, ' ') FROM migrator.apply('$dir', 'long')"), 'applied applied',
		'6 MB in one statement, 6 MB in one row of data');
	is($node->safe_psql('postgres', 'SELECT count(*), sum(length(t)) FROM long'), '100002|12100000', 'all of it');
}

# a changelog that includes many files: each name costs its own length, and not that of the file
{
	my $rows = 5000;
	my $dir = source_dir(
		{
			'a.sql' => "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n",
			'changelog.xml' => "<databaseChangeLog>\n<include file=\"a.sql\"/>\n"
				. join('', map { "<include file=\"none_$_.sql\" errorIfMissing=\"false\"/>\n" } 1 .. $rows) . "</databaseChangeLog>\n"
		});
	my $size = q{SELECT (regexp_match(pg_read_file('/proc/self/status'), 'VmPeak:\s+(\d+)'))[1]};

  SKIP:
	{
		skip 'no /proc here', 1 unless $has_proc;
		my @lines = split /\n/, $node->safe_psql('postgres',
			"SELECT migrator.version() IS NULL; $size; SELECT count(*) FROM migrator.status('$dir', 'xml'); $size");
		cmp_ok($lines[3] - $lines[1], '<', 100_000, "the peak of memory of $rows includes");
	}
}

# many scripts in one call
{
	my $dir = source_dir();
	my $number = 1_000;

	write_files($dir, { map { sprintf('%05d_m.sql', $_) => "CREATE TABLE m$_ (i int);\n" } 1 .. $number });
	my @lines = split /\n/, $node->safe_psql('postgres', qq{
		SELECT count(*) FROM migrator.apply('$dir', 'many') WHERE outcome = 'applied';
		$contexts;
		SELECT count(*) FROM migrator.apply('$dir', 'many');
		SELECT count(*) FROM pg_class WHERE relname ~ '^m[0-9]+\$';
		SELECT count(*), count(DISTINCT run_id) FROM migrator.history WHERE service = 'many' AND event = 'applied';
		SELECT migrator.is_current('$dir', 'many');
	});
	is($lines[0], $number, "$number migrations in one call");
	is($lines[1], 0, 'no memory context of the run is left');
	is($lines[2], 0, 'and that is that');
	is($lines[3], $number, 'each has its table');
	is($lines[4], "$number|1", 'and its row, in one run');
	is($lines[5], 't', 'up to date');

	# one session, run after run: what it holds does not grow
	my $no_op = "SELECT count(*) FROM migrator.apply('$dir', 'many');\n";
	@lines = split /\n/, $node->safe_psql('postgres', $no_op x 3 . "$total;\n" . $no_op x 20 . "$total;\n");
	my ($first, $last) = @lines[ 3, -1 ];
	note("contexts $first -> $last kB");
	cmp_ok($last - $first, '<', 200, 'twenty more runs without anything to do take no memory');

	# more than the lock table holds: said before, and an ordinary error
	my $crowd = source_dir();
	write_files($crowd, { map { sprintf('%05d_c.sql', $_) => "CREATE TABLE c$_ (i int);\n" } 1 .. $number });
	$node->append_conf('postgresql.conf', "max_locks_per_transaction = 10\nmax_connections = 10\nmax_wal_senders = 0\n");
	$node->restart;
	my ($state, $out, $err) = outcome_of($node, 'postgres', "SELECT count(*) FROM migrator.apply('$crowd', 'crowd')");
	like($err, qr/WARNING:  .*this run may need about/, 'too many locks for one transaction: said before');
	is($state, '53200', 'and the error is the original one');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname ~ '^c[0-9]+$'}), 0, 'nothing is left');
	is($node->safe_psql('postgres', "SELECT count(*) FROM migrator.apply('$crowd', 'crowd', target => '20')"), 20, 'target applies fewer');
}

my $log = slurp_file($node->logfile);
ok($log !~ /leak/i, 'the server speaks of no leak');
ok($log !~ /PANIC|was terminated by signal/, 'and lost no process');

$node->stop;
done_testing();
