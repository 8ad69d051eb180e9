# kill -9 of the backend in every part of a script whose later parts depend on what \gset set in earlier ones, and a cancel: the next
# up() has the same values, goes the same ways, and makes of it what a run that nobody disturbed makes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('psql_late_kill');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\nfsync = off\n");
$node->start;

# A commit that waits for the disk takes all those before it along: what is left is what was committed.
my $flush = join ' ', $node->config_data('--bindir') . '/psql', '-Xq', '-h', $node->host, '-p', $node->port, '-c "CREATE TABLE f (); DROP TABLE f"',
	'postgres';

# The point that is named in the file control is the backend's last one, or it sleeps there.
my $desk = source_dir({ control => '' });
$node->safe_psql('postgres', qq{
	CREATE DATABASE fresh;
	\\connect fresh
	CREATE EXTENSION migrator;
	CREATE TABLE done (n int GENERATED ALWAYS AS IDENTITY, what text);
	CREATE TABLE old (i int);
	INSERT INTO old VALUES (1);
	CREATE FUNCTION tap_point(here text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
	  IF pg_read_file('$desk/control') = here THEN
	    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', '$flush; kill -9 ' || pg_backend_pid());
	    PERFORM pg_sleep(3600);
	  END IF;
	  IF pg_read_file('$desk/control') = 'sleep ' || here THEN
	    PERFORM pg_sleep(3600);
	  END IF;
	END \$\$;
	CREATE FUNCTION tap_index(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN PERFORM public.tap_point('index'); RETURN i; END \$\$;
	CREATE FUNCTION tap_said(point text, said text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
	  INSERT INTO done (what) VALUES (point || ': ' || said);
	  PERFORM tap_point(point);
	END \$\$;
});

my $dir = source_dir({ '1_a.sql' => <<'SQL' });
-- migrator: psql
SELECT count(*) AS seen, 'made' AS name, true AS yes, false AS no, NULL AS none, (SELECT tap_point('gset')) FROM old \gset
INSERT INTO old VALUES (2);
SELECT tap_said('one', :'seen');
BEGIN;
SELECT tap_said('transaction', :'name');
SELECT :seen + 1 AS seen \gset
SELECT tap_said('within', :'seen');
COMMIT;
\if :no
  SELECT tap_said('no', 'not this');
\elif :{?none}
  SELECT tap_said('none', 'nor this');
\else
  \set name :name _in_else
  SELECT tap_said('else', :'name');
  \if :yes
    SELECT format('SELECT tap_said(%L, %L)', 'gexec', i) FROM generate_series(1, 2) i \gexec
    CREATE INDEX CONCURRENTLY :"name" ON old (tap_index(i));
    SELECT tap_said('inner', :'name');
  \endif
  SET application_name = :'name';
\endif
DO $$ BEGIN INSERT INTO done (what) VALUES ('do'); PERFORM tap_point('do'); END $$;
VACUUM old;
SELECT tap_said('last', :'seen' || :'name' || current_setting('application_name'));
SQL
my $db;
my $serial = 0;

sub new_database
{
	$db = 'd' . ++$serial;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE fresh");
	return;
}

sub control { my ($text) = @_; write_files($desk, { control => $text }); return; }

sub outcome
{
	return $node->safe_psql($db, q{SELECT what FROM done ORDER BY n;
		SELECT indexrelid::regclass || ' ' || indisvalid FROM pg_index WHERE indrelid = 'old'::regclass;
		SELECT state, statement_done = statement_total, resume_state IS NULL FROM migrator.migrations});
}

# The exit code, and what the client heard.
sub up
{
	my ($cancel) = @_;
	my $session = start_psql($node, $db, "CALL migrator.up('$dir')");

	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . wait_for_sleep($node, $db) . ')') if $cancel;
	my $code = finish_psql($session);
	return ($code, $session->{err});
}

new_database();
my ($code, $said) = up();
is($code, 0, 'nobody disturbs') or diag($said);
my $wanted = outcome();
is($wanted, "one: 1\ntransaction: made\nwithin: 2\nelse: made_in_else\ngexec: 1\ngexec: 2\ninner: made_in_else\ndo\nlast: 2made_in_elsemade_in_else\n"
	. "made_in_else true\napplied|t|t", 'and all of it is done');

for my $point (qw(gset one transaction within else gexec index inner do last))
{
	for my $how ('', 'sleep ')
	{
		my $offset = -s $node->logfile;

		new_database();
		control("$how$point");
		($code, $said) = up($how ne '');
		isnt($code, 0, "$how$point: disturbed");
		like($said, qr/canceling statement due to user request/, "$point: cancelled") if $how;
		# the server learns of it later than the client
		$node->wait_for_log(qr/ready to accept connections/, $offset) if !$how;
		control('');
		($code, $said) = up();
		is($code, 0, "$how$point: the next run goes on") or diag($said);
		is(outcome(), $wanted, "$how$point: and all is as if nobody had disturbed");
	}
}
$node->stop;
done_testing();
