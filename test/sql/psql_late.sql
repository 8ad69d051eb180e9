-- Scripts with psql's \gset and \gexec: what only a run knows.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE files.rows (n serial, name text, body text);
CREATE FUNCTION files.saw(name text, VARIADIC body text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows (name, body) VALUES (name, array_to_string(body, ' | ', 'NULL'))
$$;
CREATE FUNCTION files.saw(name text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows (name) VALUES (name)
$$;
-- What validate() has to say of a script with the directive.
CREATE FUNCTION files.faults(script text) RETURNS TABLE (check_name text, severity text, line int, message text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/f', '1_a.sql', E'-- migrator: psql\n' || script);
  RETURN QUERY SELECT v.check_name, v.severity, v.line, v.message FROM migrator.validate('m/f', service => 'faults') v
   WHERE v.check_name IN ('syntax', 'variables', 'directives', 'transactions', 'destructive') AND v.severity <> 'ok';
END $$;
-- How a run of it fails, which nothing could say before.
CREATE FUNCTION files.fails(script text, variables jsonb DEFAULT NULL) RETURNS TABLE (said text) LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text; context text; state text;
BEGIN
  CALL files.make('m/f', '1_a.sql', E'-- migrator: psql\n' || script);
  RETURN QUERY SELECT 'before: ' || v.message FROM migrator.validate('m/f', service => 'faults') v WHERE v.severity = 'error';
  PERFORM migrator.apply('m/f', service => 'faults', variables => $2);
  RETURN QUERY SELECT 'it does not';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT,
    state = RETURNED_SQLSTATE;
  RETURN QUERY SELECT * FROM unnest(array[state || ' ' || message, 'DETAIL ' || nullif(detail, ''), 'HINT ' || nullif(hint, ''),
    'CONTEXT ' || split_part(context, E'\nSQL statement "SELECT migrator', 1)]) u WHERE u IS NOT NULL;
END $$;

-- Values, in all the places that they can stand in.
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\set before 'of the script'
\set query 'SELECT files.saw(\'a statement\', :\'text\')'
SELECT 41 + 1 AS answer, false AS p, 'it''s' AS text, NULL AS nothing, 'files' AS schema \gset
SELECT :schema.saw('values', :answer::text, :'text', :{?nothing}::text, :'before', :{?answer}::text, :'given');
SELECT files.saw(x.:"text") FROM (SELECT 'column') AS x(:"text");
\echo answer :answer :'text' \echo -n :"text"
SELECT 1 AS one, 2 AS two \gset p_
CREATE TABLE files.t_:p_one (a numeric(:answer));
CREATE SEQUENCE files.s START WITH :answer;
\set again :answer ' times'
SELECT files.saw('again', :'again');
:query;
SELECT 'SELECT files.saw(''another statement'')' AS query, '' AS empty \gset
:query \g
:empty;
\unset again
SELECT files.saw('unset', :{?again}::text, :{?query}::text);
COPY :schema.rows (name, body) FROM stdin;
copied	:answer
\.
INSERT INTO files.rows (name) VALUES ('returned') RETURNING n > 0 AS positive \gset
SELECT files.saw('returned', :'positive');
SHOW server_encoding \gset
SELECT files.saw('shown', :'server_encoding');
SET application_name = :'text';
SELECT files.saw('set', current_setting('application_name'));
$s$);
SELECT check_name, severity, line, message FROM migrator.validate('m/d') WHERE severity <> 'ok';
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/; s/identifier [0-9]+/identifier N/; s/Database "[^"]*"/Database "D"/'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At 2>&1 | sed -E "$MASK"'
\! echo "SELECT outcome FROM migrator.apply('m/d', variables => '{\"given\": \"given\"}')" | eval "$SAY"
SELECT name, body FROM files.rows ORDER BY n;
SELECT statement_total, statement_done FROM migrator.migrations;
SHOW application_name;

-- Branches: a run chooses, and all that stands in one is done or none of it.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
SELECT true AS yes, false AS no, 'a' AS name \gset
\if :no
  SELECT files.saw('not this'); \echo not this
  \set name b
  SELECT 'c' AS name \gset
  \if :yes
    SELECT files.saw('nor this');
  \endif
  SELECT 'SELECT 1/0' \gexec
  SELECT files.saw(:'has_no_value', :has_none_either);
\elif :yes
  SELECT files.saw('elif');
  \if :no
    SELECT files.saw('inner if');
  \elif :{?nobody}
    SELECT files.saw('inner elif');
  \else
    SELECT files.saw('inner else');
  \endif
  \if true
    SELECT files.saw('a branch that was settled before');
  \else
    \connect nowhere
  \endif
  \set name d
\elif nonsense is not looked at
  SELECT files.saw('nor this');
\else
  SELECT files.saw('nor that');
\endif
\if false
  SELECT files.saw('no');
\elif :yes
  SELECT files.saw('elif that only a run knows');
\elif true
  SELECT files.saw('behind it');
\endif
SELECT files.saw('name', :'name');
\if :no
\else
  COPY files.rows (name) FROM stdin;
copied
\.
\endif
\if :no
  COPY files.rows (name) FROM stdin;
not copied
\.
\endif
$s$);
SELECT line, message FROM migrator.validate('m/d') WHERE severity IN ('error', 'warning');
SELECT outcome FROM migrator.apply('m/d');
SELECT name, body FROM files.rows ORDER BY n;

-- Statements of a result: row by row, from left to right.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
SELECT format('CREATE TABLE files.g%s (a int)', i), NULL, format('INSERT INTO files.g%s SELECT %s;', i, i) FROM generate_series(1, 3) i \gexec
SELECT sum(a) AS sum FROM (SELECT a FROM files.g1 UNION ALL SELECT a FROM files.g2 UNION ALL SELECT a FROM files.g3) s \gset
SELECT files.saw('sum', :'sum');
SELECT 'SELECT files.saw(''one''); SELECT files.saw(''two'')', '', ' -- nothing', E'SELECT files.saw(\'no :variables\', $$:sum$$)' \gexec
SELECT 1 WHERE false \gexec
INSERT INTO files.rows (name, body) VALUES ('by INSERT', 'SELECT files.saw(''returned'')') RETURNING body \gexec
SELECT 'DROP TABLE files.g' || n FROM generate_series(1, 3) n \gexec
SELECT 'SET application_name = ''generated''' \gexec
SELECT files.saw('setting', current_setting('application_name'));
SELECT 'DO $x$ BEGIN PERFORM files.saw(''do''); END $x$' \gexec
TABLE files.generated \gexec
SELECT unnest(enum_range(NULL::files.by_enum)) \gexec
SELECT 'RESET search_path', 'SELECT files.saw(current_schema)' \gexec
$s$);
CREATE TYPE files.by_enum AS ENUM ('SELECT files.saw(''enum'')', 'DROP TYPE files.by_enum', 'SELECT files.saw(''enum again'')');
CREATE TABLE files.generated AS SELECT repeat(' ', 3000) || 'DROP TABLE IF EXISTS files.generated' AS a FROM generate_series(1, 3);
ALTER TABLE files.generated ALTER a SET STORAGE EXTERNAL;
SELECT line, severity, message FROM migrator.validate('m/d') WHERE severity IN ('error', 'warning');
SET client_min_messages = error;
SELECT outcome FROM migrator.apply('m/d');
SET client_min_messages = warning;
SELECT name, body FROM files.rows ORDER BY n;
SHOW application_name;

-- What can be said before is said before.
SELECT * FROM files.faults(E'\\gset\n\\gexec\nSELECT 1;\n\\gset\nSELECT 1 \\gset a b\nSELECT 1 \\gset 1\nSELECT 1 \\gexec a\nSELECT 1 AS x \\gset\n'
  'SELECT 1 \\gset :x\n'
  'SELECT (1 \\gset\n);');
SELECT * FROM files.faults(E'CREATE TABLE t (i int) \\gset\nBEGIN \\gset\nCOMMIT \\gexec\nVACUUM \\gset\nCOPY t FROM stdin \\gset\n1\n\\.\n');
SELECT * FROM files.faults(E'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 \\gset\nSELECT 2; END;');
SELECT * FROM files.faults(E'SELECT true AS a \\gset\n\\if :a\nBEGIN;\n\\endif\nCOMMIT;\n\\if :a\nSET TRANSACTION READ ONLY;\n\\endif');
SELECT * FROM files.faults(E'SELECT true AS a \\gset\nSELECT \\if :a\n1\n\\else\n2\n\\endif\n;\n\\if :a\nSELECT 1\n\\endif\n;\n\\if :a\n'
  '\\restrict a\n\\unrestrict a\n');
SELECT * FROM files.faults(E'SELECT true AS a \\gset\n\\if :a\n\\else\n\\else\n\\elif x\n\\endif\n\\endif\n\\echo `ls` :a\n\\set a ''x\n\\if :a');
SELECT * FROM files.faults(E'SELECT true AS a \\gset p_\nSELECT :a, :p_a;\n\\if :b\n\\endif\n\\echo :c\n\\if :p_a\nSELECT :d;\n\\endif\n'
  '\\set :p_a x\nSELECT :e;');
-- What a value stands for cannot be looked at; what it stands in can.
SELECT * FROM files.faults(E'SELECT 1 AS a \\gset\n:a;\nDROP TABLE app.:a;\nDELETE FROM app.t WHERE i = :a;\nALTER TABLE app.:"a" DROP COLUMN :a;\n'
  'SELECT :a FROM WHERE;\n'
  'SELECT 1 FROM;\nCREATE TABLE :a (i int);\nSELECT ''DROP TABLE x'' \\gexec\n');
SELECT * FROM files.faults(E'SELECT 1 FROM x \\gexec\n');

-- What only a run can say has the place of it.
SELECT * FROM files.fails('SELECT 1 AS a WHERE false \gset');
SELECT * FROM files.fails(E'\nSELECT 1 AS a\nFROM generate_series(1, 2) \\gset');
SELECT * FROM files.fails('SELECT 1 \gset');
SELECT * FROM files.fails('SELECT 1 AS autocommit, 2 AS "AUTOCOMMIT" \gset');
SELECT * FROM files.fails('SELECT 1 AS a \gset x_ \echo :x_b');
SELECT * FROM files.fails(E'SELECT 1 AS a\n  \\gset\nSELECT 1,\n  :a, :b');
SELECT * FROM files.fails(E'SELECT NULL AS a \\gset\nSELECT :''a'';');
SELECT * FROM files.fails(E'\\set a 1\nSELECT NULL AS a \\gset\nSELECT :''a'';');
SELECT * FROM files.fails(E'SELECT 2 AS a \\gset\n\\if false\n\\elif :a\n\\endif');
SELECT * FROM files.fails(E'SELECT 2 AS a \\gset\n\\if\n\\if :b\n\\endif\n\\endif');
SELECT * FROM files.fails(E'SELECT 2 AS a \\gset\n\\set :a x');
SELECT * FROM files.fails(E'SELECT ''off'' AS a \\gset\n\\set AUTOCOMMIT :a');
SELECT * FROM files.fails(E'INSERT INTO files.rows (name) VALUES (1) \\gset');
SELECT * FROM files.fails(E'CREATE TABLE files.into AS SELECT 1 \\gexec');
SELECT * FROM files.fails(E'SELECT ''1; SELECT 2'' AS a \\gset\nSELECT 0,\n:a;');
SELECT * FROM files.fails(E'SELECT ''COMMIT'' AS a \\gset\n:a;');
SELECT * FROM files.fails(E'SELECT ''ROLLBACK TO x'' AS a \\gset\n:a;');
SELECT * FROM files.fails(E'SELECT ''VACUUM'' AS a \\gset\n:a;');
SELECT * FROM files.fails(E'SELECT ''COPY files.rows FROM stdin'' AS a \\gset\n:a;');
SELECT * FROM files.fails(E'SELECT ''COPY files.rows TO stdout'' AS a \\gset\n:a;');
SELECT * FROM files.fails(E'SELECT ''DROP EXTENSION migrator'' AS a \\gset\n:a;');
SELECT * FROM files.fails(E'SELECT ''migrator'' AS a \\gset\nDROP EXTENSION :a;');
SELECT * FROM files.fails(E'SELECT ''standard_conforming_strings'' AS a \\gset\nSET :a = off;');
SELECT * FROM files.fails(E'SELECT '':b'' AS a, '':a'' AS b \\gset\nSELECT :a;');
SELECT * FROM files.fails(E'SELECT ''\\echo x'' AS a \\gset\nSELECT :a;');
SELECT * FROM files.fails(E'SELECT ''it'''''' AS a \\gset\nSELECT :a;');
SELECT * FROM files.fails(E'SELECT ''nowhere'' AS a \\gset\nSELECT 1\n  FROM :a;');
SELECT * FROM files.fails(E'SELECT 1 AS a \\gset\nSELECT 1 / (:a - 1);');
SELECT * FROM files.fails(E'SELECT ''SELECT 1'', ''SELECT 1\n FROM nowhere'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''SELECT 1/0'', ''SELECT 1'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''SELECT 1; nonsense'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''COMMIT'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''SAVEPOINT a'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''SET TRANSACTION READ ONLY'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''CREATE DATABASE x'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''COPY files.rows FROM stdin'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''COPY files.rows TO stdout'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''DISCARD ALL'' \\gexec');
SELECT * FROM files.fails(E'SELECT ''SET standard_conforming_strings = off'' \\gexec');
SELECT count(*) FROM files.rows WHERE name = '1';

-- Values that were given stay hidden, whatever way they go.
SELECT * FROM files.fails(E'SELECT :''secret'' AS a, 1 AS b \\gset\nSELECT :a / (:b - 1);', '{"secret": "verysecret"}');
SELECT * FROM files.fails(E'SELECT ''(('' || :''secret'' AS a, 1 AS b \\gset\nSELECT :a / (:b - 1);', '{"secret": "verysecret"}');
SELECT * FROM files.fails(E'SELECT 1 AS b \\gset\n\\set c :secret x\nSELECT 1 / (:b - 1), :''c''::int;', '{"secret": "verysecret"}');
SELECT * FROM files.fails(E'SELECT format(''SELECT 1 FROM %I'', :''secret'') \\gexec', '{"secret": "verysecret"}');
SELECT * FROM files.fails(E'SELECT :''secret'' AS a \\gset\n\\if :a\n\\endif', '{"secret": "verysecret"}');
SELECT * FROM files.fails(E'SELECT ''word '' || :''secret'' AS a \\gset\nSELECT length(:''a'') FROM word;', '{"secret": "verysecret"}');
SELECT * FROM files.fails(E'\\set a ''word '' :secret\nSELECT length(:''a'') FROM word;', '{"secret": "verysecret"}');

-- So they do in the context of a notice, which leaves nothing behind.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
SELECT format('DO $x$ BEGIN RAISE NOTICE ''told''; END $x$ -- %s', :'secret') \gexec
SELECT 'CREATE SCHEMA IF NOT EXISTS app -- ' || repeat('x', 5000) FROM generate_series(1, 1000) \gexec
SELECT total_bytes < 1000000 AS little FROM pg_backend_memory_contexts WHERE name = 'ErrorContext' \gset
\echo little: :little
$s$);
\! printf '%s\n' '\set SHOW_CONTEXT always' "SELECT outcome FROM migrator.apply('m/d', variables => '{\"secret\": \"verysecret\"}')" | eval "$SAY" | grep -A2 'told$\|little'

-- Values of hidden ones, and statements in one value, need no more memory the more they are.
CALL files.forget();
SELECT string_agg(format(E'SELECT :''secret'' || %s AS v%s \\gset\n', i, i), '') || $s$
SELECT sum(total_bytes) < 50000000 AS little FROM pg_backend_memory_contexts \gset
\if :little
SELECT files.saw('little of hidden values', :'v1000');
\endif
SELECT string_agg(format('INSERT INTO files.rows (name) VALUES (%s);', i), '') ||
  'SELECT files.saw(''little of statements'') FROM pg_backend_memory_contexts HAVING sum(total_bytes) < 100000000' FROM generate_series(1, 20000) i \gexec
$s$ AS many FROM generate_series(1, 1000) i \gset
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n' || :'many');
SET client_min_messages = error;
SELECT outcome FROM migrator.apply('m/d', service => 'memory', variables => '{"secret": "verysecret"}');
SET client_min_messages = warning;
SELECT name, body FROM files.rows WHERE name LIKE 'little%';

-- Ten thousand of each.
CALL files.forget();
TRUNCATE files.rows;
SELECT string_agg(format(E'SELECT %s AS v, %s AS b \\gset\n\\if :b\nSELECT files.saw(:''v'');\n\\endif\n\\set w :v\n', i, i % 2), '' ORDER BY i) ||
  E'SELECT format(''INSERT INTO files.rows (name) VALUES (%s)'', i) FROM generate_series(1, 10000) i \\gexec\n' AS many FROM generate_series(1, 10000) i \gset
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n' || :'many');
SET client_min_messages = error;
SELECT outcome FROM migrator.apply('m/d', service => 'many');
SET client_min_messages = warning;
SELECT count(*), sum(name::int) FROM files.rows;

-- Hooks, down scripts, bootstrap.sql and seed.sql have them too.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE files.made (i int);', '1_a.down.sql',
  E'-- migrator: psql\nSELECT ''made'' AS name \\gset\nDROP TABLE files.:name;\n:name_is;\nSELECT format(''SELECT files.saw(%L)'', ''down'') \\gexec',
  'pre_migrate.sql', E'-- migrator: psql\nSELECT ''hook'' AS a \\gset\nSELECT files.saw(:''a'');',
  'bootstrap.sql', E'-- migrator: psql\nSELECT ''bootstrap'' AS a \\gset\nSELECT files.saw(:''a'');',
  'seed.sql', E'-- migrator: psql\nSELECT ''seed'' AS a \\gset\nSELECT files.saw(:''a'');');
SELECT outcome FROM migrator.apply('m/d', service => 'kinds');
SELECT * FROM migrator.rollback_preview('m/d', service => 'kinds');
SELECT outcome FROM migrator.rollback('m/d', service => 'kinds', variables => '{"name_is": "SELECT files.saw(''given'')"}');
SELECT outcome FROM migrator.seed('m/d', service => 'kinds');
SELECT name FROM files.rows ORDER BY n;

-- So do sqitch's: in transactions of their own, with a query before them, and in its revert and verify scripts.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', 'sqitch.plan', E'%syntax-version=1.0.0\n%project=shop\n\na 2024-01-01T00:00:00Z A <a@a>\n', 'deploy/a.sql',
  E'SELECT ''later'' AS name \\gset\nBEGIN;\nCREATE TABLE files.:name (i int);\nSELECT format(''SELECT files.saw(%L)'', :''name'') \\gexec\nCOMMIT;\n',
  'revert/a.sql', E'BEGIN;\nSELECT ''later'' AS name \\gset p_\nDROP TABLE files.:p_name;\nCOMMIT;\n',
  'verify/a.sql', E'SELECT 1 AS n \\gset\nSELECT 1 / :n FROM files.rows;\nROLLBACK;\n');
SELECT files.error($$SELECT migrator.apply('m/d', service => 'sqitch')$$);
CALL migrator.up('m/d', 'sqitch', options => '{"verbose": false}') \gset
SELECT name, to_regclass('files.later') FROM files.rows;
SELECT version, verdict, message FROM migrator.verify('m/d', service => 'sqitch');
CALL migrator.down('m/d', 'sqitch', options => '{"verbose": false}') \gset
SELECT to_regclass('files.later');

-- What nobody can look at is said, where losing something is not allowed.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\nSELECT ''DROP TABLE x'' \\gexec', '2_b.sql', E'-- migrator: psql\nSELECT 1 AS a \\gset\n:a;',
  '3_c.sql', E'-- migrator: psql\nSELECT 1 AS a \\gset\nSELECT :a;');
SELECT version, severity, line, message, hint FROM migrator.validate('m/d') WHERE check_name LIKE 'destructive%' AND severity <> 'ok';

-- Part by part: values, and what was chosen, are there for the parts behind, and after a failure.
CALL files.forget();
TRUNCATE files.rows;
CREATE TABLE files.switch (i int);
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\set fixed 1
SELECT 'late' AS name, true AS yes, NULL AS nothing, count(*) AS n FROM files.rows \gset
BEGIN;
CREATE TABLE files.:name (i int, j int);
SELECT files.saw('first', :'name', :'n', :{?nothing}::text);
\set fixed 2
COMMIT;
\if :yes
  CREATE INDEX CONCURRENTLY i_:name ON files.:"name" (i);
\else
  VACUUM files.nowhere;
\endif
CREATE INDEX CONCURRENTLY late_:name ON files.:name (j);
\if :yes
  SELECT files.saw('second', :'name', :'fixed');
  SET application_name = :'name';
  \set name :name _again
  SELECT i / 0 FROM files.switch;
  SELECT files.saw('third', :'name', current_setting('application_name'));
\elif yes
  \set name nobody
\endif
SELECT files.saw('fourth', :'name', :'n', :{?nothing}::text, :'fixed');
$s$);
INSERT INTO files.switch VALUES (1);
CALL migrator.up('m/d', 'parts');
SELECT statement_total, statement_done, resume_state -> 'late' AS late FROM migrator.migrations WHERE service = 'parts';
TRUNCATE files.switch;
CALL migrator.up('m/d', 'parts', options => '{"verbose": false}') \gset
SELECT name, body FROM files.rows ORDER BY n;
SELECT state, statement_done, resume_state IS NULL AS nothing_left FROM migrator.migrations WHERE service = 'parts';
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'files.late'::regclass ORDER BY 1::text;

-- A procedure may commit, and its result be used.
CALL files.forget();
TRUNCATE files.rows;
CREATE PROCEDURE files.commits(INOUT a text, length int) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM files.saw('before');
  COMMIT;
  a := a || repeat(' ', length);
  PERFORM files.saw('behind');
  COMMIT;
END $$;
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
-- migrator: no-transaction
CALL files.commits('SELECT files.saw(''result'')', 1) \gset
:a;
SET work_mem = '64kB';
CALL files.commits('SELECT files.saw(''long result'')', 1000000) \gexec
SELECT 1 / 0;
$s$);
CALL migrator.up('m/d', 'commits');
SELECT name FROM files.rows ORDER BY n;
SELECT statement_done FROM migrator.migrations WHERE service = 'commits';
-- What stands behind a statement that is left out is done; and of what is SET, that which a run came to is kept, whatever the caller has.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
SELECT true AS yes, false AS no, 'application_name' AS name \gset
SELECT 'SET lock_timeout = 0' \gexec
SET :name = 'of the script';
\if :no
  SET statement_timeout = 0;
\else
  SET idle_in_transaction_session_timeout = 0;
\endif
\if :no
  VACUUM files.rows;
\endif
\echo behind a branch
SELECT i / 0 FROM files.switch;
\if :no
  VACUUM files.rows;
\endif
\echo behind all
$s$);
INSERT INTO files.switch VALUES (1);
\! echo "CALL migrator.up('m/d', 'behind')" | eval "$SAY"
SELECT resume_state -> 'settings' AS settings FROM migrator.migrations WHERE service = 'behind';
TRUNCATE files.switch;
\! echo "CALL migrator.up('m/d', 'behind')" | eval "$SAY" | grep -v duration_ms

-- A run that goes on says that values are this call's where something hangs on them.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\set own 'of the script'
SELECT :'own';
\if :{?debug}
  \echo debug
\endif
COMMIT;
SELECT i / 0 FROM files.switch;
$s$);
INSERT INTO files.switch VALUES (1);
\! echo "CALL migrator.up('m/d', 'asks')" | eval "$SAY" | grep ' failed'
TRUNCATE files.switch;
\! echo "CALL migrator.up('m/d', 'asks')" | eval "$SAY" | grep 'goes on'
CALL files.write('m/d/1_a.sql', E'-- migrator: psql\n\\set own 1\nSELECT :own; COMMIT;\nSELECT i / 0 FROM files.switch;');
INSERT INTO files.switch VALUES (1);
\! echo "CALL migrator.up('m/d', 'asks_not')" | eval "$SAY" | grep ' failed'
TRUNCATE files.switch;
\! echo "CALL migrator.up('m/d', 'asks_not')" | eval "$SAY" | grep 'goes on\|completed'
CALL files.write('m/d/1_a.sql', E'-- migrator: variables\nSELECT :''given''; COMMIT;\nSELECT i / 0 FROM files.switch;');
INSERT INTO files.switch VALUES (1);
\! echo "CALL migrator.up('m/d', 'given', variables => '{\"given\": 1}')" | eval "$SAY" | grep ' failed'
TRUNCATE files.switch;
\! echo "CALL migrator.up('m/d', 'given', variables => '{\"given\": 1}')" | eval "$SAY" | grep 'goes on'

-- A value that was given is not put on record; then nobody can go on.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
-- migrator: no-transaction
SELECT :'secret' AS a \gset
SELECT 1 / 0;
SELECT :'a';
$s$);
CALL migrator.up('m/d', 'hidden', variables => '{"secret": "verysecret"}');
SELECT statement_done, resume_state -> 'late' AS late FROM migrator.migrations WHERE service = 'hidden';
CALL migrator.up('m/d', 'hidden', variables => '{"secret": "verysecret"}');

-- What was done must be what it was; what was not may be edited, but for the branch that it stands in.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n-- migrator: no-transaction\nSELECT true AS a \\gset\n\\if :a\nSELECT 1;\nSELECT 1 / 0;\n\\endif\n');
CALL migrator.up('m/d', 'edited');
CALL files.write('m/d/1_a.sql', E'-- migrator: psql\n-- migrator: no-transaction\nSELECT true AS a \\gset\nSELECT 1;\nSELECT 1 / 1;\n');
CALL migrator.up('m/d', 'edited', options => '{"verbose": false}') \gset
CALL files.write('m/d/1_a.sql', E'-- migrator: psql\n-- migrator: no-transaction\nSELECT true AS a \\gset\n\\if :a\nSELECT 1;\n\\endif\nSELECT 1 / 1;\n');
CALL migrator.up('m/d', 'edited', options => '{"verbose": false}') \gset
SELECT state FROM migrator.migrations WHERE service = 'edited';
