# Variables: a secret value is in no table of the extension's, in no message and in no line of the server's log.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $secret = q{hunter2-it's "Quoted" \\back};
my $node = PostgreSQL::Test::Cluster->new('secret');
$node->init;
$node->append_conf('postgresql.conf',
	"log_statement = all\nlog_min_messages = debug1\nlog_error_verbosity = verbose\nlog_min_duration_statement = 0\n" .
		"log_min_error_statement = debug1\nmin_parallel_table_scan_size = 0\nparallel_setup_cost = 0\nparallel_tuple_cost = 0\n");
$node->start;

# The client's statement is the one thing that shows values, so it gets them from a function. Loaded in one line that is
# taken out of the log.
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE given (v jsonb); CREATE TABLE kept (name text PRIMARY KEY)');
$node->safe_psql('postgres', q{CREATE TABLE many AS SELECT 'x' || i AS name FROM generate_series(1, 20000) i; ANALYZE many});
(my $quoted = $secret) =~ s/'/''/g;
$node->safe_psql('postgres',
	"INSERT INTO given VALUES (jsonb_build_object('secret', '$quoted'::text, 'name', 'somebody-known'))");
$node->safe_psql('postgres', q{
CREATE FUNCTION given() RETURNS jsonb LANGUAGE sql AS 'SELECT v FROM given';
CREATE FUNCTION raise(value text, level text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF level = 'error' THEN
    RAISE EXCEPTION 'no %', value USING DETAIL = value, HINT = value;
  ELSIF level = 'warning' THEN
    RAISE WARNING 'take care of %', value USING DETAIL = value, HINT = value;
  ELSE
    EXECUTE format('SELECT %L::integer', value);
  END IF;
  RETURN value;
END $$;
});
my $from = -s $node->logfile;
my $kept = '';

# All that the extension keeps goes to $kept.
sub read_tables
{
	$kept .= $node->safe_psql('postgres', q{
SELECT string_agg(query_to_xml(format('SELECT * FROM %s', oid::regclass), true, true, '')::text, E'\n')
  FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v')});
	return;
}

# A script that is tried in each way, and what is to be shown of it.
sub tried
{
	my ($name, $script, $wanted) = @_;
	my $dir = source_dir({ '1_a.sql' => "-- migrator: variables\n$script" });
	my @out;

	for my $call (
		"SELECT * FROM migrator.apply('$dir', variables => given())",
		"SELECT * FROM migrator.apply('$dir', variables => given(), on_error => 'continue')",
		"SELECT * FROM migrator.apply('$dir', variables => given(), dry_run => true)",
		"CALL migrator.up('$dir', variables => given())",
		"SELECT * FROM migrator.validate('$dir', verbose => true)",
		"SELECT * FROM migrator.status('$dir')")
	{
		my ($stdout, $stderr);
		$node->psql('postgres', $call, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
		push @out, $stdout, $stderr;
	}
	my $out = join "\n", @out;
	unlike($out, qr/hunter2|quoted"|somebody-known/i, "$name: not shown");
	like($out, $wanted, "$name: what is shown");
	read_tables();
	$node->safe_psql('postgres', 'DELETE FROM migrator.migrations; TRUNCATE kept');
	return;
}

tried('a constraint', "INSERT INTO kept VALUES (:'secret'), (:'secret');", qr/Key \(name\)=\(:secret\) already exists/);
tried('a cast', "SELECT :'secret'::integer;", qr/invalid input syntax for type integer: ":secret"/);
tried('JSON', "SELECT :'secret'::json;", qr/Token ":secret" is invalid/);
tried('a syntax error', "SELECT :'secret' FROM;", qr/SELECT :'secret' FROM/);
tried('a raw value', 'SELECT :secret;', qr/unterminated/);
tried('an identifier', 'SELECT :"secret";', qr/column ":secret" does not exist/);
tried('an exception', "SELECT raise(:'secret', 'error');", qr/no :secret/);
tried('a warning', "SELECT raise(:'secret', 'warning');", qr/take care of :secret/);
tried('dynamic SQL', "SELECT raise(:'secret', 'sql');", qr/":secret"/);
tried('a role', "CREATE ROLE one PASSWORD :'secret'; CREATE ROLE one PASSWORD :'secret';", qr/role "one" already exists/);
tried('part by part', "-- migrator: no-transaction\nSET app.name = :'name';\nSELECT 1;\nSELECT :'secret'::integer;",
	qr/integer: ":secret"/);
tried('parallel workers', "SELECT count(*) FROM many WHERE (name || :'secret')::integer > 0;", qr/invalid input syntax for type integer: "x\d*:secret"/);
tried('parallel workers of a script that asks for them',
	"SET max_parallel_workers_per_gather = 4;\nCREATE TABLE more AS SELECT count(*) FROM many WHERE (name || :'secret')::integer > 0;",
	qr/invalid input syntax for type integer: "x\d*:secret"/);
tried('a variable that is missing', "SELECT :'secret', :missing;", qr/variable "missing" has no value/);

# What others see of a statement that is under way.
{
	my $dir = source_dir({ '1_a.sql' => "-- migrator: variables\nINSERT INTO kept VALUES (:'secret');" });
	my $holder = $node->background_psql('postgres');
	$holder->query_safe('BEGIN; LOCK TABLE kept');
	my $run = start_psql($node, 'postgres', "CALL migrator.up('$dir', variables => given())");
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'kept'::regclass AND NOT granted}), 'it waits');
	is($node->safe_psql('postgres', 'SELECT statement_text FROM migrator.progress'), q{INSERT INTO kept VALUES (:'secret')}, 'progress');
	unlike($node->safe_psql('postgres', 'SELECT string_agg(query, E\'\n\') FROM pg_stat_activity'), qr/hunter2/, 'pg_stat_activity');
	$holder->query_safe('COMMIT');
	$holder->quit;
	finish_psql($run);
}

# All that was kept, and all that the server logged since.
read_tables();
like($kept, qr/Key \(name\)=\(:secret\)/, 'failures are on record');
like($kept, qr/"app.name": \{"variable": "name"\}/, 'and what a script SET');
unlike($kept, qr/hunter2|somebody-known/i, 'no value is');
my $log = substr(slurp_file($node->logfile), $from);
like($log, qr/statement: INSERT INTO kept VALUES \(:'secret'\)/, 'log_statement logs the statement of the file');
unlike($log, qr/hunter2|quoted"|somebody-known/i, 'no line of the log has a value');

$node->stop;
done_testing();
