# One SQL file as a source: a real pg_dump, which makes the same database again; a script as EF Core writes it, sent by
# migrator-push; and a server that dies within it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('one_file');
$node->init;
$node->append_conf('postgresql.conf', "lc_messages = 'C'\nrestart_after_crash = on\n");
$node->start;

my $dir = source_dir();
my $push = $node->config_data('--bindir') . '/migrator-push';

# A database as a dump without what differs from one to the next: comments, blank lines, the key of \restrict, and our own.
sub dump_of
{
	my ($db, @options) = @_;
	my ($out, $err);

	IPC::Run::run([ $node->installed_command('pg_dump'), '-d', $node->connstr($db), '-N', 'migrator', @options ], '>', \$out, '2>', \$err)
	  or die $err;
	return $out;
}

sub plain
{
	return join("\n", grep { !/^(?:--|\\(?:un)?restrict |\s*$)/ && !/EXTENSION (?:IF NOT EXISTS )?migrator\b/ } split(/\n/, $_[0]));
}

sub new_database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION migrator');
	return $name;
}

sub same
{
	my ($got, $wanted, $name) = @_;
	my ($is, $want) = map { [ split(/\n/, plain($_)) ] } $got, $wanted;

	return is_deeply($is, $want, $name);
}

# What a database may hold: data of all sorts, functions in both notations, views in a chain and a materialized one,
# identity, sequences, partitions, inheritance, triggers, rules, policies, grants, comments, domains, types, text search.
$node->safe_psql('postgres', 'CREATE ROLE clerk; CREATE ROLE boss');
$node->safe_psql('postgres', 'CREATE DATABASE old');
$node->safe_psql('old', <<'END');
CREATE SCHEMA "the Shop";
SET search_path = "the Shop", public;
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE goods (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL COLLATE "C", price numeric(10, 2) CHECK (price >= 0),
	tags text[], extra jsonb DEFAULT '{"a": ":b"}', how mood, n positive, twice numeric GENERATED ALWAYS AS (price * 2) STORED, p pair);
INSERT INTO goods (name, price, tags, how, n, p) VALUES (E'tab\tline\nback\\slash', 1.5, '{a,"b,c",NULL}', 'it''s ok', 1, '(1,"x y")'),
	(E'\\.', 2, NULL, 'happy', 2, NULL), (E'-- +goose Down', 3, '{}', NULL, NULL, NULL), (':name $1 $$ \restrict', 4, NULL, NULL, 3, NULL);
CREATE TABLE sales (at date NOT NULL, good int REFERENCES goods, amount int) PARTITION BY RANGE (at);
CREATE TABLE sales_23 PARTITION OF sales FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE sales_rest PARTITION OF sales DEFAULT PARTITION BY LIST (amount);
CREATE TABLE sales_rest_1 PARTITION OF sales_rest FOR VALUES IN (1);
CREATE TABLE sales_rest_d PARTITION OF sales_rest DEFAULT;
INSERT INTO sales SELECT date '2023-12-25' + i, 1, i % 3 FROM generate_series(1, 20) i;
CREATE TABLE base (i serial, t text); CREATE TABLE child (j int) INHERITS (base);
INSERT INTO child (t, j) VALUES ('x', 1); SELECT nextval('base_i_seq');
CREATE INDEX sales_at ON sales (at) INCLUDE (amount); CREATE UNIQUE INDEX ON goods (lower(name)) WHERE price > 2;
CREATE VIEW cheap AS SELECT id, name, tags[1:2] AS some, tags[:n] AS upto FROM goods WHERE price < 3 WITH CASCADED CHECK OPTION;
CREATE VIEW cheaper AS SELECT count(*) OVER w AS n, c.* FROM cheap c WINDOW w AS (PARTITION BY name ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
CREATE MATERIALIZED VIEW sums AS SELECT good, sum(amount) AS all_of FROM sales GROUP BY good; CREATE UNIQUE INDEX ON sums (good);
CREATE FUNCTION lowest(g int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT min(amount) FROM "the Shop".sales WHERE good = g';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
BEGIN
	-- DOWN
	EXECUTE $q$SELECT ';'; $q$; RETURN new; -- \connect nowhere
END $body$;
CREATE PROCEDURE nothing(INOUT x int DEFAULT 1) LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE TRIGGER noted BEFORE UPDATE OF price ON goods FOR EACH ROW WHEN (old.price IS DISTINCT FROM new.price) EXECUTE FUNCTION note();
ALTER TABLE goods DISABLE TRIGGER noted;
CREATE RULE quiet AS ON DELETE TO base DO INSTEAD NOTHING;
ALTER TABLE goods ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON goods TO clerk USING (price < 10) WITH CHECK (true);
GRANT USAGE ON SCHEMA "the Shop" TO clerk; GRANT SELECT (id, name), UPDATE (name) ON goods TO clerk WITH GRANT OPTION; GRANT ALL ON sales TO boss;
REVOKE EXECUTE ON FUNCTION "the Shop".lowest(int) FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA "the Shop" GRANT SELECT ON TABLES TO clerk;
ALTER TABLE base OWNER TO boss; COMMENT ON TABLE goods IS E'it''s\n\\connect x\n-- migrate:down'; COMMENT ON COLUMN goods.name IS ';';
CREATE STATISTICS st (dependencies) ON good, amount FROM sales; ALTER TABLE goods ALTER name SET STATISTICS 500; ALTER TABLE goods CLUSTER ON goods_pkey;
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER watch ON table_rewrite EXECUTE FUNCTION watch();
END
$node->safe_psql('old', q{CREATE FUNCTION "the Shop".total(g int) RETURNS bigint LANGUAGE sql STABLE
	BEGIN ATOMIC SELECT sum(amount) FROM "the Shop".sales WHERE good = g; SELECT 1; END}) if $node->pg_version >= 14;
my $old = dump_of('old');
cmp_ok(($old =~ tr/\n//), '>', 500, 'the dump is one of many lines');

# each way to run it; the session is afterwards as it was
for my $way ('SELECT outcome FROM migrator.apply', 'CALL migrator.up')
{
	my $db = new_database($way =~ /up$/ ? 'by_up' : 'by_apply');

	write_files($dir, { 'dump.sql' => $old });
	my ($state, $out, $err) = outcome_of($node, $db, "$way('$dir/dump.sql')");
	is($state, '00000', "$db: a dump runs") or diag($err);
	same(dump_of($db), $old, "$db: and a dump of what it made is the same");
	is($node->safe_psql($db, "SELECT file || ' ' || layout || ' ' || state FROM migrator.migrations"), 'dump.sql script applied',
		"$db: it is on record by its name");
	is($node->safe_psql($db, qq{
			TRUNCATE migrator.migrations; DROP SCHEMA "the Shop" CASCADE; DROP EVENT TRIGGER IF EXISTS watch;
			CREATE TEMP TABLE before AS SELECT name, setting FROM pg_settings;
			$way('$dir/dump.sql');
			SELECT 'changed: ' || count(*) FROM pg_settings s JOIN before b USING (name) WHERE s.setting <> b.setting}) =~ s/.*\n//sr,
		'changed: 0', "$db: what it SET is undone");
	is($node->safe_psql($db, "SELECT count(*) FROM migrator.apply('$dir/dump.sql')"), '0', "$db: unchanged, it does not run again");
}

# One that begins by dropping is repeated by its own means.
{
	my $db = new_database('again');

	write_files($dir, { 'clean.sql' => dump_of('old', '--clean', '--if-exists') });
	$node->safe_psql($db, "CALL migrator.up('$dir/clean.sql')");
	same(dump_of($db), $old, 'a dump with --clean --if-exists');
	$node->safe_psql('old', q{INSERT INTO "the Shop".goods (name, price) VALUES ('new', 5); ALTER TABLE "the Shop".child ADD k int});
	write_files($dir, { 'clean.sql' => dump_of('old', '--clean', '--if-exists') });
	is($node->safe_psql($db, "SELECT version || ' ' || state FROM migrator.status('$dir/clean.sql')"), 'clean pending', 'a newer one is pending');
	$node->safe_psql($db, "CALL migrator.up('$dir/clean.sql')");
	same(dump_of($db), dump_of('old'), 'and runs again');
}

# What needs another connection is refused before anything runs; so is what is no SQL.
{
	my $db = new_database('others');

	write_files($dir, { 'create.sql' => dump_of('old', '--create') });
	my ($state, $out, $err) = outcome_of($node, $db, "CALL migrator.up('$dir/create.sql')");
	like("$state $err", qr/^0A000 .*psql command "\\connect" is not supported/s, 'a dump with --create');
	write_files($dir, { 'custom.sql' => dump_of('old', '--format=custom') });
	($state, $out, $err) = outcome_of($node, $db, "CALL migrator.up('$dir/custom.sql')");
	like("$state $err", qr/^22021 .*is not valid UTF-8/s, 'a dump in a format of its own');
	is($node->safe_psql($db, 'SELECT count(*) FROM migrator.migrations'), '0', 'nothing is on record');
}

# A script of EF Core, sent by migrator-push; then a longer one
my $fixtures = "$FindBin::RealBin/../fixtures/ef_core";
my $extended = slurp_file("$fixtures/script.sql") . slurp_file("$fixtures/added.sql");
{
	my $db = new_database('ef');
	my @to = ('-h', $node->host, '-p', $node->port, '-d', $db);
	my $applied = 'SELECT count(*) FROM public."__EFMigrationsHistory"';
	my $pushed = sub {
		my ($name, $want, @arguments) = @_;
		my ($out, $err) = ('', '');
		my $ok = IPC::Run::run([ $push, @to, @arguments ], '<', \undef, '>', \$out, '2>', \$err);

		ok($ok, "$name: exit status 0") or diag($err);
		like($out, $want, "$name: what it says");
	};

	write_files($dir, { 'script.sql' => slurp_file("$fixtures/script.sql") });
	$pushed->('a script', qr/^1 files are staged as stage:default\nservice default: applied\n/, '--up', "$dir/script.sql");
	is($node->safe_psql($db, $applied), '2', 'both migrations in it are applied');
	$pushed->('the same again', qr/^service default: up_to_date$/m, '--up', "$dir/script.sql");
	$pushed->('without --up', qr/^its layout is "script"/m, "$dir/script.sql");
	write_files($dir, { 'script.sql' => $extended });
	$pushed->('a longer one', qr/^service default: applied$/m, '--up', "$dir/script.sql");
	is($node->safe_psql($db, $applied), '3', 'what it has more is applied');
	is($node->safe_psql($db, "SELECT count(*) FROM migrator.apply('$dir/script.sql')"), '0', 'the file itself is the same source');
}

# A server that dies within its second transaction: the first stays, and the run goes on behind it.
{
	my $db = new_database('crash');
	my $script = $extended;
	my $slow = $script =~ s/(ALTER TABLE "Loaves" ADD "Grams")/PERFORM pg_sleep(3600); $1/r;

	isnt($slow, $script, 'a script that waits in its second migration');
	write_files($dir, { 'script.sql' => $slow });
	my $run = start_psql($node, $db, "CALL migrator.up('$dir/script.sql')");
	my $pid = wait_for_sleep($node, $db);

	# the commit of a part is not waited for
	$node->safe_psql($db, 'CHECKPOINT');
	kill 'KILL', $pid;
	isnt(finish_psql($run), 0, 'the session that ran is told');
	$node->poll_query_until($db, 'SELECT true') or die 'the server does not come back';
	is($node->safe_psql($db, 'SELECT string_agg("MigrationId", \' \') FROM "__EFMigrationsHistory"'), '20240101120000_Initial',
		'the first migration is kept');
	is($node->safe_psql($db, "SELECT state FROM migrator.status('$dir/script.sql')"), 'interrupted', 'it is known to be interrupted');
	write_files($dir, { 'script.sql' => $script });
	$node->safe_psql($db, "CALL migrator.up('$dir/script.sql')");
	is($node->safe_psql($db, 'SELECT count(*) || \' \' || (SELECT count(*) FROM "Bakeries") FROM "__EFMigrationsHistory"'), '3 1',
		'the next run goes on, and does nothing twice');
}

$node->stop;
done_testing();
