# log_statement: what it asks for of a script's statements is in the server's log, as if a client had sent them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = source_dir(
	{
		'1_a.sql' => "BEGIN;\nCREATE TABLE one_a (i int);\nINSERT INTO one_a\n  VALUES (1);\nSELECT count(*) FROM one_a;\nCOPY one_a " .
			"FROM stdin;\n4711\n\\.\nCOMMIT;\n",
		'2_b.sql' => "DO \$\$ BEGIN CREATE TABLE two_b (); END \$\$;\nVACUUM one_a;\nTRUNCATE one_a;\nCREATE INDEX CONCURRENTLY two_i ON one_a (i);\n",
		'3_c.sql' => "CREATE TABLE three_c ();\nSELECT 1/0;\nCREATE TABLE never ();\n"
	});
my $node = PostgreSQL::Test::Cluster->new('log');
$node->init;
$node->append_conf('postgresql.conf', "migrator.source_roots = '$dir'\nmigrator.record_failures = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');

# The statements of scripts that a run with these settings logs, each with the migration of its context.
sub logged
{
	my ($settings, $call) = @_;
	my $offset = -s $node->logfile;

	$node->psql('postgres', "$settings; $call", on_error_stop => 0);
	my $log = substr(slurp_file($node->logfile), $offset);
	my @found;
	while ($log =~ /LOG:  statement: ((?:(?!\n\S).)*)\n\S[^\n]*CONTEXT:  migration "(\d)" \(file "[^"]*", line (\d+), /gs)
	{
		my ($text, $version, $line) = ($1, $2, $3);

		$text =~ s/\s+/ /g;
		push @found, "$version/$line $text";
	}
	unlike($log, qr/4711|STATEMENT:  (?:CREATE|INSERT)/, "$settings: no data of COPY");
	$node->psql('postgres', 'DROP TABLE IF EXISTS one_a, two_b, three_c; TRUNCATE migrator.migrations');
	return join "\n", @found;
}

my $apply = "BEGIN; SELECT version FROM migrator.apply('$dir', target => '1')";
my $up = "CALL migrator.up('$dir')";

is(logged('SET log_statement = none', $apply), '', 'none');
is(logged('SET log_statement = ddl', $apply), '1/2 CREATE TABLE one_a (i int)', 'ddl');
is(logged('SET log_statement = mod', $apply), join("\n", '1/2 CREATE TABLE one_a (i int)', '1/3 INSERT INTO one_a VALUES (1)',
	'1/6 COPY one_a FROM stdin'), 'mod');
is(logged('SET log_statement = "all"', $apply),
	join("\n", '1/1 BEGIN', '1/2 CREATE TABLE one_a (i int)', '1/3 INSERT INTO one_a VALUES (1)', '1/5 SELECT count(*) FROM one_a',
		'1/6 COPY one_a FROM stdin', '1/9 COMMIT'), 'all');
is( logged('SET log_statement = ddl', $up),
	join("\n", '1/2 CREATE TABLE one_a (i int)', '2/4 CREATE INDEX CONCURRENTLY two_i ON one_a (i)', '3/1 CREATE TABLE three_c ()'),
	'ddl, by up, part by part, up to a failure');
is( logged('SET log_statement = mod', $up),
	join("\n", '1/2 CREATE TABLE one_a (i int)', '1/3 INSERT INTO one_a VALUES (1)', '1/6 COPY one_a FROM stdin', '2/3 TRUNCATE one_a',
		'2/4 CREATE INDEX CONCURRENTLY two_i ON one_a (i)', '3/1 CREATE TABLE three_c ()'),
	'mod, by up');

$node->stop;
done_testing();
