-- sqitch's directories: the plan, names of changes, tags, what they require, and what is refused.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- A plan of these lines, each with a time and a planner, before its note.
CREATE FUNCTION files.plan(VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$
  SELECT E'%syntax-version=1.0.0\n%project=shop\n%uri=https://example.com/\n\n' ||
    string_agg(split_part(line, '#', 1) || ' 2013-09-04T13:54:01Z A. Planner <a@example.com># note', E'\n') || E'\n'
    FROM unnest(lines) line
$$;
CREATE FUNCTION files.faults() RETURNS TABLE (file text, line int, message text) LANGUAGE sql AS $$
  SELECT file, line, message FROM migrator.validate('m/d', service => 'faults') WHERE severity = 'error'
$$;

CALL files.make('m/d', 'sqitch.plan', files.plan('zebra', 'sub/apple [zebra]', '@v1.0', '@v1.1', 'mango [sub/apple !zebra@v2]',
                '+ zebra [zebra@v1.0 @v1.1 shop:mango]', '@v2'),
  'sqitch.conf', E'[core]\n\tengine = pg\n\t# top_dir = .\n[deploy "variables"]\n\tx = y\n', 'README.md', 'x',
  'deploy/zebra@v1.0.sql', E'-- Deploy shop:zebra to pg\n\nBEGIN;\n\\set n 7\nCREATE TABLE app.zebra (a int DEFAULT :n, b text DEFAULT :''who'');\nCOMMIT;\n',
  'revert/zebra@v1.0.sql', E'-- Revert shop:zebra from pg\nBEGIN;\nDROP TABLE app.zebra;\nCOMMIT;\n',
  'verify/zebra@v1.0.sql', 'SELECT a FROM app.zebra WHERE false;',
  'deploy/zebra.sql', E'-- Deploy shop:zebra to pg\n-- requires: mango\nBEGIN;\nALTER TABLE app.zebra ADD c int;\nCOMMIT;\n',
  'revert/zebra.sql', E'-- Revert shop:zebra from pg\nBEGIN;\nALTER TABLE app.zebra DROP c;\nCOMMIT;\n', 'verify/zebra.sql', 'ROLLBACK;',
  'deploy/sub/apple.sql', 'CREATE TABLE app.apple ();', 'revert/sub/apple.sql', 'DROP TABLE app.apple;', 'verify/sub/apple.sql', '',
  'deploy/mango.sql', 'CREATE TABLE app.mango ();', 'revert/mango.sql', 'DROP TABLE app.mango;');
SELECT layout, version_order, down FROM migrator.layouts() WHERE layout = 'sqitch';
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity <> 'ok';
SELECT version, name, file FROM migrator.pending('m/d');
SELECT version, depends_on FROM migrator.dependencies('m/d');

-- Up to a tag, to a change, to the end; and back.
SELECT version, outcome FROM migrator.apply('m/d', target => '@v1.1', variables => '{"who": "me"}');
SELECT version, outcome FROM migrator.apply('m/d', target => 'mango', variables => '{"who": "me"}');
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"who": "me"}');
SELECT column_name, column_default FROM information_schema.columns WHERE table_name = 'zebra' ORDER BY ordinal_position;
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.rollback('m/d', target => '@v1.0', variables => '{"who": "me"}');
SELECT version, outcome FROM migrator.rollback('m/d', target => '', variables => '{"who": "me"}');
SELECT version FROM migrator.apply('m/d', target => '@none');

-- Reworked after it went on record: what is there is what it was before, and the new one is pending; and once more.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a', 'b'), 'deploy/a.sql', 'CREATE TABLE app.a ();', 'revert/a.sql', 'DROP TABLE app.a;',
                'deploy/b.sql', 'SELECT 1;', 'revert/b.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.make('m/d', 'sqitch.plan', files.plan('a', 'b', '@v1', 'a [a@v1]'), 'deploy/a@v1.sql', 'CREATE TABLE app.a ();',
                'revert/a@v1.sql', 'DROP TABLE app.a;', 'deploy/a.sql', 'CREATE TABLE app.a ();', 'revert/a.sql', 'SELECT 1;',
                'deploy/b.sql', 'SELECT 1;', 'revert/b.sql', 'SELECT 1;');
SELECT version, state, flags FROM migrator.status('m/d');
CALL files.write('m/d/deploy/a.sql', 'ALTER TABLE app.a ADD i int;');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version FROM migrator.migrations ORDER BY applied_at;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
CALL migrator.up('m/d') \gset
SELECT version, file, state FROM migrator.migrations ORDER BY applied_at;
CALL files.write('m/d/deploy/a@v2.sql', 'ALTER TABLE app.a ADD i int;');
CALL files.write('m/d/revert/a@v2.sql', 'ALTER TABLE app.a DROP i;');
CALL files.write('m/d/deploy/a.sql', 'ALTER TABLE app.a ADD j int;');
CALL files.write('m/d/sqitch.plan', files.plan('a', 'b', '@v1', 'a [a@v1]', '@v2', 'a [a@v2]'));
SELECT version, state, flags FROM migrator.status('m/d');
SELECT migrator.resolve('a', 'applied', source => 'm/d');
SELECT version, state FROM migrator.migrations ORDER BY version;
SELECT migrator.resolve('a', 'pending', source => 'm/d');
-- Taken back by the name that it has now, by the script of record.
UPDATE migrator.migrations SET version = 'a' WHERE version = 'a@v2';
SELECT version, outcome FROM migrator.rollback('m/d', target => '@v1');
SELECT version, state FROM migrator.status('m/d');
-- It is the new one where the file of the name is what was run.
CALL files.forget();
CALL files.write('m/d/sqitch.plan', files.plan('a', 'b', '@v1', 'a', '@v2', 'a'));
CALL files.write('m/d/deploy/a.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{a}');
SELECT version, state, flags FROM migrator.status('m/d');

-- Folders by another name.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a'), 'sqitch.conf', E'[core]\nengine = pg\ndeploy_dir = "sql/up"\n[engine "pg"]\nextension=ddl\n',
                'sql/up/a.ddl', 'SELECT 1;', 'revert/a.ddl', 'SELECT 2;');
SELECT version, outcome FROM migrator.apply('m/d');

-- A plan elsewhere, and values of variables: of the target, of its engine, of one way, of all; an argument comes first.
CALL files.forget();
CALL files.make('m/d', 'sqitch.conf', E'; sqitch\'s\n[CORE]\n  Engine = pg # PostgreSQL\n  top_dir = ./db//x/\n  reworked_dir=db/old\n  target = live
[engine "pg"]\n\tplan_file = "db/my\\\\.plan"; not this\n\tplan_file_ = no\n\tregistry = sq\n[target "Live"]\n\tdeploy_dir = no
[target "live"]\n\turi = db:postgres://x@y/z\n\tverify_dir = db/checks\n[core "variables"]\n a = core\n b = core\n c = core\n d = core\n e = core
[deploy "variables"]\n b = de\\\nploy\n c = deploy\n[revert.variables]\n\n c = revert
[engine.pg.variables]\n d = engine\n Case = "a  b" c   d;e\n[target.live.variables]\n e = target\n flag\n',
                E'db/my\\.plan', files.plan('2024_first', '@v1', '2024_first'), 'README.md', 'x', 'docs/x.txt', '',
                'db/old/deploy/2024_first@v1.sql', 'CREATE TABLE app.said AS SELECT ARRAY[:''a'', :''b'', :''c'', :''d'', :''e'',
  :''Case'', :''flag'', :''registry''] AS said;',
                'db/old/revert/2024_first@v1.sql', 'INSERT INTO app.said SELECT ARRAY[:''b'', :''c''];', 'db/checks/2024_first.sql', 'SELECT 1;',
                'db/x/deploy/2024_first.sql', 'INSERT INTO app.said SELECT ARRAY[:''a''];');
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity <> 'ok';
SELECT version, file FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d', target => '@v1');
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"a": "call"}');
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{2024_first}', options => '{"force": true}');
CALL files.write('m/d/db/x/revert/2024_first.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.rollback('m/d', target => '');
SELECT * FROM app.said;

-- What no conf may say.
CREATE PROCEDURE files.conf(conf text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.write('m/d/sqitch.conf', conf);
END $$;
CALL files.conf(E'[core]\nengine = pg\ntop_dir = db\nTOP_DIR = db\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\nplan_file = /etc/passwd\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\ntop_dir = db\nreworked_dir = a/../../b\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\ntop_dir = db\n[include]\npath = x\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\ntop_dir = db\n[engine "pg"]\ntarget = db:sqlite:x\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\ntop_dir = db\nextension = "a\\x"\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\ntop_dir = "db\n');
SELECT * FROM files.faults();
CALL files.conf(E'top_dir = db\n');
CALL files.write('m/d/sqitch.plan', files.plan('a'));
SELECT * FROM files.faults();
CALL files.conf(E'[core]\ntop_dir = db\n[deploy]\nverify = maybe\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\nplan_file = other.plan\n[deploy "variables"]\na-b = 1\n');
SELECT * FROM files.faults();
CALL files.conf(E'[core]\nplan_file = other.plan\n');
SELECT * FROM files.faults();

-- Names that other layouts would take, of files and of hooks; what lies beside; environments.json has no folders to open.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('0001_a', '20240102-b', 'bootstrap', 'pre_migrate', 'environments'), 'deploy/0001_a.sql', 'SELECT 1;',
                'deploy/20240102-b.sql', 'SELECT 1;', 'deploy/bootstrap.sql', 'SELECT 1;', 'deploy/pre_migrate.sql', 'SELECT 1;',
                'deploy/environments.sql', 'SELECT 1;', 'deploy/README.md', '', 'more/x.sql', '', 'notes.txt', '', 'stray.sql', '',
                'environments.json', '{"current_environment": "test", "environments": {"test": {}, "prod": {}}}',
                'bootstrap.sql', 'CREATE TABLE app.booted ();', 'pre_migrate.sql', 'SELECT 2;', 'deploy/e/f.sql', '',
                'deploy/more.sql', '', 'revert/more.sql', '');
SELECT severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'names' AND severity <> 'ok';
SELECT version, outcome FROM migrator.apply('m/d', options => '{"ignore": ["stray.sql"]}');
CALL files.write('m/d/2_stray.up.sql', 'SELECT 1;');
SELECT version, state, message FROM migrator.status('m/d') WHERE state <> 'applied';
CALL files.remove('m/d/2_stray.up.sql');
CALL files.write('m/d/dependencies.json', '{"migrations": {}}');
CALL files.write('m/d/sqitch.plan', files.plan('0001_a', '20240102-b [0001_a]'));
SELECT * FROM files.faults();
CALL files.write('m/d/db.changelog.xml', '<databaseChangeLog/>');
SELECT files.error($$SELECT FROM migrator.pending('m/d', 'other')$$);
CALL files.forget();

-- dependencies.json joins the plan: what either says is needed, and a ring through both is one.
CALL files.make('m/d', 'sqitch.plan', files.plan('a', 'b [a]', 'c', 'd [b other:x]'), 'dependencies.json',
  E'{"migrations": {"b": {"depends_on": ["c"], "risk_level": "high", "rollback_safe": false},\n"c": {},' ||
  E'"d": {"cross_service_dependencies": {"more": ["y"]}}}}',
  'deploy/a.sql', 'SELECT 1;', 'deploy/b.sql', 'SELECT 2;', 'deploy/c.sql', 'SELECT 3;', 'deploy/d.sql', 'SELECT 4;',
  'revert/a.sql', 'SELECT 1;', 'revert/b.sql', 'SELECT 2;', 'revert/c.sql', 'SELECT 3;');
SELECT version, depends_on, cross_service, risk_level, rollback_safe FROM migrator.dependencies('m/d');
SELECT check_name, severity, file, line, message FROM migrator.validate('m/d') WHERE check_name IN ('dependencies', 'orphans', 'cross_service');
SELECT version, outcome FROM migrator.apply('m/d', target => 'b');
SELECT version FROM migrator.rollback('m/d', steps => 1);
SELECT version FROM migrator.rollback('m/d', versions => '{a}');
SELECT version FROM migrator.rollback('m/d', versions => '{c}');
CALL files.write('m/d/dependencies.json', E'{"migrations": {"a": {"depends_on":\n["d"]}}}');
SELECT files.error($$SELECT FROM migrator.apply('m/d')$$);
CALL files.write('m/d/dependencies.json', E'{"migrations": {"d": {"depends_on":\n["nobody"]}}}');
SELECT files.error($$SELECT FROM migrator.apply('m/d')$$);
CALL files.remove('m/d/dependencies.json');
SELECT check_name, severity, file, line, message FROM migrator.validate('m/d') WHERE check_name IN ('dependencies', 'orphans');
CALL files.forget();

-- A change of another project is one of the service that is called like it.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a [other:first]'), 'deploy/a.sql', 'SELECT 1;');
CALL files.make('m/e', 'sqitch.plan', replace(files.plan('first'), '=shop', '=other'), 'deploy/first.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/d', service => 'shop');
SELECT version, outcome FROM migrator.apply('m/e', service => 'other');
SELECT version, outcome FROM migrator.apply('m/d', service => 'shop');
-- Called by a tag, also where nobody reworked it; and what must not be there.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a [other:first@v1 other:second@v2]', 'b [!other:third !other:fourth@v2]', 'c'), 'deploy/a.sql', 'SELECT 1;',
                'deploy/b.sql', 'SELECT 1;', 'deploy/c.sql', 'SELECT 1;');
CALL files.make('m/e', 'sqitch.plan', replace(files.plan('first', 'second', '@v1', 'second', '@v2', 'third'), '=shop', '=other'),
                'deploy/first.sql', 'SELECT 1;', 'deploy/second.sql', 'SELECT 1;', 'deploy/second@v1.sql', 'SELECT 2;', 'deploy/third.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/e', service => 'other', target => '@v1');
SELECT version, state, flags, message FROM migrator.status('m/d', service => 'shop');
SELECT version, outcome FROM migrator.apply('m/e', service => 'other', target => '@v2');
SELECT version, outcome FROM migrator.apply('m/d', service => 'shop', target => 'a');
SELECT version, outcome FROM migrator.apply('m/e', service => 'other');
SELECT version, state, flags, message FROM migrator.status('m/d', service => 'shop');
SELECT version, outcome FROM migrator.apply('m/d', service => 'shop');
SELECT version, depends_on FROM migrator.dependencies('m/d', service => 'shop');
CALL files.write('m/d/sqitch.plan', files.plan('a [other:@v1]', 'b [' || repeat('0', 40) || ']', 'c [!none]'));
SELECT * FROM files.faults();

-- What is wrong with a plan, with its line; nothing is run.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a [b]', 'b [none @x b@x]', 'b', 'c [!b]', 'd [!p:q]', '@t', '@t'), 'deploy/b.sql', '', 'deploy/more.sql', '',
                'deploy/e/f.sql', '', 'revert/more.sql', '');
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', files.plan('a', 'b', 'c/d [b]', '@t', 'b'));
SELECT * FROM files.faults();
SELECT version FROM migrator.apply('m/d', service => 'faults');
CALL files.write('m/d/sqitch.plan', files.plan('../a'));
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', files.plan('a:b'));
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', files.plan('a [b'));
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', E'%project=x\na\n');
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', files.plan('-a'));
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', E'# nothing\n');
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', E'%syntax-version=2.0.0\n%project=x\n');
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.plan', files.plan('b'));
CALL files.write('m/d/sqitch.conf', E'[core]\nengine = mysql\n');
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.conf', E'[core]\ntop_dir = db\n');
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.conf', E'[core]\ndeploy_dir = ../db\n');
SELECT * FROM files.faults();
-- a mode is nothing that a run follows: said, and no error; of what sqitch would not know it is one
CALL files.write('m/d/sqitch.conf', E'[deploy]\nmode = tag\n');
SELECT severity, file, message FROM migrator.validate('m/d', service => 'faults') WHERE check_name = 'names' AND file = 'sqitch.conf';
CALL files.write('m/d/sqitch.conf', E'[deploy]\nmode = change\n');
SELECT severity, file, message FROM migrator.validate('m/d', service => 'faults') WHERE check_name = 'names' AND file = 'sqitch.conf';
CALL files.write('m/d/sqitch.conf', E'[deploy]\nmode = none\n');
SELECT * FROM files.faults();

-- Each script has a session of its own there: nobody finds what was temporary of the one before, and a caller's tables stay.
CREATE TEMP TABLE own();
CALL files.make('m/temp', 'sqitch.plan', files.plan('a', 'b', 'c', 'd'),
  'deploy/a.sql', E'BEGIN;\nCREATE TEMP TABLE t (a int);\nCREATE TEMP VIEW v AS SELECT FROM t;\nCOMMIT;\n', 'revert/a.sql', 'CREATE TEMP TABLE t();',
  'deploy/b.sql', E'CREATE TEMP TABLE t (b int);\nCREATE TABLE app.t (a int);\n', 'revert/b.sql', 'CREATE TEMP TABLE t(); DROP TABLE app.t;',
  'deploy/c.sql', E'CREATE TEMP TABLE t (c int);\nCREATE INDEX CONCURRENTLY ON app.t (a);\nINSERT INTO t VALUES (1);\n',
  'revert/c.sql', E'CREATE TEMP TABLE t();\nDROP INDEX CONCURRENTLY app.t_a_idx;', 'deploy/d.sql', 'CREATE TEMP TABLE t();', 'revert/d.sql', '');
SELECT version, outcome FROM migrator.apply('m/temp', 'temp', target => 'b');
SELECT version, outcome FROM migrator.rollback('m/temp', 'temp', target => '');
SELECT version, verdict FROM migrator.prove('m/temp', 'temp') WHERE version < 'c';
CALL migrator.up('m/temp', 'temp', options => '{"verbose": false}') \gset
CALL migrator.down('m/temp', 'temp', target => 'a', options => '{"verbose": false}') \gset
SELECT relname FROM pg_class WHERE relpersistence = 't' ORDER BY relname;
-- indexes, types and functions too, with deferred triggers; but none while one is in use, as the table of a cursor
\set key 'CREATE TEMP TABLE p (i int PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY); CREATE TEMP TABLE c (i int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n'
\set others 'CREATE TYPE pg_temp.y AS (a int); CREATE DOMAIN pg_temp.d AS int; CREATE FUNCTION pg_temp.f() RETURNS pg_temp.y LANGUAGE sql RETURN ROW(1)::pg_temp.y;\n'
CALL files.make('m/temp', 'sqitch.plan', files.plan('e', 'f', 'g', 'h'), 'deploy/e.sql', :'key' || :'others', 'revert/e.sql', '',
  'deploy/f.sql', :'key' || :'others', 'deploy/g.sql', :'key' || 'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);',
  'deploy/h.sql', 'BEGIN; CREATE TEMP TABLE p (); CREATE TEMP TABLE other (); DECLARE x CURSOR FOR SELECT FROM p; FETCH x; COMMIT;');
BEGIN;
SELECT version, outcome FROM migrator.apply('m/temp', 'temp2', target => 'g');
SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' ORDER BY relname;
ROLLBACK;
CALL migrator.up('m/temp', 'temp2', options => '{"verbose": false}') \gset
SELECT proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema();
SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' ORDER BY relname;
DROP TABLE own, p, other;

CALL files.write('m/d/sqitch.conf', E'[core]\ndeploy_dir = ' || repeat('d', 5000));
SELECT * FROM files.faults();
CALL files.write('m/d/sqitch.conf', E'[core "variables"]\nv = 1\nw = 2\nv = 3\n');
SELECT * FROM files.faults();
CALL files.remove('m/d/sqitch.conf');
CALL files.write('m/d/sqitch.plan', files.plan('a', repeat('b[', 1000) || 'b', 'c[-a]', 'd [a !]', 'e[a [-b]'));
SELECT * FROM files.faults();
-- As much as no plan has, and still in time.
SET statement_timeout = '1min';
SELECT E'[core "variables"]\n' || string_agg('v' || i || ' = 1', E'\n') AS many FROM generate_series(1, 50000) i \gset
CALL files.write('m/d/sqitch.conf', :'many');
CALL files.write('m/d/sqitch.plan', files.plan(repeat('b[', 500) || 'b]'));
SELECT file, line, left(message, 20) FROM files.faults();
RESET statement_timeout;
-- The same files without a plan are in no layout.
CALL files.remove('m/d/sqitch.plan');
SELECT files.error($$SELECT FROM migrator.pending('m/d')$$);
