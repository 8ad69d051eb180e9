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

CALL files.make('m/d', 'sqitch.plan', files.plan('zebra', 'sub/apple [zebra]', '@v1.0', '@v1.1', 'mango [sub/apple !other]',
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

-- Folders by another name.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a'), 'sqitch.conf', E'[core]\nengine = pg\ndeploy_dir = "sql/up"\n[engine "pg"]\nextension=ddl\n',
                'sql/up/a.ddl', 'SELECT 1;', 'revert/a.ddl', 'SELECT 2;');
SELECT version, outcome FROM migrator.apply('m/d');

-- A change of another project is one of the service that is called like it.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a [other:first]'), 'deploy/a.sql', 'SELECT 1;');
CALL files.make('m/e', 'sqitch.plan', replace(files.plan('first'), '=shop', '=other'), 'deploy/first.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/d', service => 'shop');
SELECT version, outcome FROM migrator.apply('m/e', service => 'other');
SELECT version, outcome FROM migrator.apply('m/d', service => 'shop');

-- What is wrong with a plan, with its line; nothing is run.
CALL files.forget();
CALL files.make('m/d', 'sqitch.plan', files.plan('a [b]', 'b [none @x b@x]', 'b', 'c [!b]', 'd [!p:q]', '@t', '@t'), 'deploy/b.sql', '', 'deploy/more.sql', '',
                'deploy/e/f.sql', '', 'revert/more.sql', '');
SELECT * FROM files.faults();
SELECT severity, file, message FROM migrator.validate('m/d', service => 'faults') WHERE check_name = 'names' AND severity = 'warning';
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

-- The same files without a plan are in no layout.
CALL files.remove('m/d/sqitch.plan');
SELECT files.error($$SELECT FROM migrator.pending('m/d')$$);
