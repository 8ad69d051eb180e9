-- Scripts with psql's commands: what is settled before anything is checked, and what is refused.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE files.rows (name text, body text);
CREATE FUNCTION files.saw(name text, VARIADIC body text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows VALUES (name, array_to_string(body, ' | ', 'NULL'))
$$;
CREATE FUNCTION files.saw(name text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows VALUES (name)
$$;
-- What validate() has to say of a script with the directive.
CREATE FUNCTION files.faults(script text) RETURNS TABLE (severity text, line int, message text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/f', '1_a.sql', E'-- migrator: psql\n' || script);
  RETURN QUERY SELECT v.severity, v.line, v.message FROM migrator.validate('m/f', service => 'faults') v
   WHERE v.check_name IN ('syntax', 'variables', 'directives') AND v.severity <> 'ok';
END $$;

-- Only where the script says so.
CALL files.make('m/d', '1_a.sql', E'\\set a 1\nSELECT 1;');
SELECT line, message FROM migrator.validate('m/d') WHERE severity = 'error';
SELECT * FROM files.faults(E'\\set a 1\nSELECT :a;');

-- Variables, as psql sets and cuts them.
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\set who 'the world'
\set quoted 'it''s\ta \x41\101'
\set joined a b  'c d' :who "e f"
\set empty
\set nested ':who'
\set query 'SELECT :\'who\''
SELECT files.saw('values', :'who', :'quoted', :'joined', :'empty', :'nested', :{?who}::text, :{?nobody}::text);
SELECT files.saw('value in a value', (:query));
\set who again \unset joined
SELECT files.saw('later', :'who', :{?joined}::text, :'DBNAME' , :'ON_ERROR_STOP', (:'USER' = session_user)::text);
\set ident 'My "Column"' \\ SELECT files.saw('same line', x.:"ident") FROM (SELECT 'y') AS x(:"ident");
\set argument 'of the file'
SELECT files.saw('given', :'given', :'argument');
$s$);
SELECT outcome FROM migrator.apply('m/d', variables => '{"given": "by the call", "argument": "by the call"}');
SELECT name, replace(body, current_database(), 'DB') FROM files.rows;

-- Branches.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\if yes
  SELECT files.saw('if');
  \if off
    SELECT nonsense from nowhere; \i nowhere.sql \! rm
    \set x :nobody
    \if true
      \q
    \elif nonsense
    \endif
  \elif :{?nobody}
    SELECT 'an open quote
    \endif in it';
  \elif 1
    SELECT files.saw('inner elif');
    \elif nonsense is not looked at
  \else
    :nobody
  \endif
\elif true
  SELECT files.saw('not this');
\else
  SELECT files.saw('nor this');
\endif
SELECT files.saw('within', 'a'
\if :on
, 'b'
\else
, 'c'
\endif
);
$s$);
SELECT outcome FROM migrator.apply('m/d', variables => '{"on": true}');
SELECT * FROM files.rows;
SELECT * FROM files.faults(E'\\if :on\nSELECT 1;\n\\else\nSELECT 2;\n\\endif');
SELECT * FROM files.faults(E'\\if maybe\n\\endif\n\\if\n\\endif\n\\if 3\n\\elif true false\n\\endif');
SELECT * FROM files.faults(E'\\else\n\\elif 1\n\\endif\n\\if 1\n\\else\n\\elif 1\n\\else\n\\endif\n \\if 0\n\\if 1\n\\endif');

-- What is said, in its place, and without values that are to be hidden.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\set name x
\echo first :name :'name' 'and more'   "as is" \echo -n second
DO 'BEGIN RAISE NOTICE ''a statement''; END';
\qecho the password is :password
\warn
SELECT 1 \g
\pset format aligned \timing off \x
\encoding UTF8
\restrict abc
SELECT 2;
\unrestrict abc
\echo last
$s$);
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/; s/identifier [0-9]+/identifier N/; s/Database "[^"]*"/Database "D"/'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At 2>&1 | sed -E "$MASK"'
\! echo "SELECT outcome FROM migrator.apply('m/d', variables => '{\"password\": \"very secret\"}')" | eval "$SAY"
SELECT statement_total, statement_done FROM migrator.migrations;

-- What needs a client is refused, before anything runs.
SELECT * FROM files.faults(E'SELECT 1;\n\\connect postgres\n  \\! ls\n\\o file\nSELECT 2 \\g | cat\n\\c\n\\q\n\\watch 2\nSELECT 1 \\; SELECT 2;\n\\n'
  'onsense\n\\.\n\\');
SELECT * FROM files.faults(E'\\copy a to stdout\n\\copy a from program ''ls''\n\\copy a from pstdin\n\\copy a\n\\copy (SELECT 1) to x\n'
  '\\encoding LATIN1\n\\set a `date`\n\\set a ''x\n\\set 1 2\n\\set\n\\unset');
SELECT line, message FROM files.faults(E'\\set a `date`');
SELECT files.error($$SELECT FROM migrator.apply('m/f', 'faults')$$);
SELECT hint FROM migrator.validate('m/f', 'faults') WHERE line = 2;
SELECT * FROM files.faults(E'\\set AUTOCOMMIT off\n\\set AUTOCOMMIT on\n\\set ON_ERROR_STOP\n\\set ON_ERROR_STOP off\n\\set ON_ERROR_ROLLBACK on\n'
  '\\set QUIET on\n\\set ENCODING LATIN1\n\\set SINGLELINE on');
SELECT * FROM files.faults(E'\\g\n\\unset a b\n\\restrict a\n\\echo b\n\\unrestrict b\n\\unrestrict a\n\\restrict');
SELECT * FROM files.faults(E'\\set a :b\nSELECT :c, :''d'', x.:"e";\n\\set loop '':loop''\nSELECT :loop;\n\\set cmd ''\\\\echo''\nSELECT :cmd;');


-- Ten thousand of them.
SELECT string_agg(format(E'\\set v%s %s\n\\if :v%s\n\\endif\n\\echo :v%s\nSELECT :v%s;\n', i, i % 2, i, i, i), '' ORDER BY i) AS many
  FROM generate_series(1, 10000) i \gset
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n' || :'many');
SET client_min_messages = error;
SELECT outcome FROM migrator.apply('m/d', service => 'many');
SELECT statement_total FROM migrator.migrations WHERE service = 'many';
SET client_min_messages = warning;

-- It stands before the first statement.
SELECT * FROM files.faults('SELECT 1;');
CALL files.make('m/f', '1_a.sql', E'SELECT 1;\n-- migrator: psql\n\\echo x\n');
SELECT line, message, hint FROM migrator.validate('m/f', service => 'faults') WHERE severity = 'error';

-- Values that refer to others have an end, however many there are.
SELECT string_agg(format(E'\\set v%s ''%s''\n', i, repeat(':v' || i + 1, 10)), '') || 'SELECT 1 :v1;' AS script FROM generate_series(1, 19) i \gset
SELECT * FROM files.faults(E'\\set v20 \'\'\n' || :'script');

-- A changed command is no matter of layout.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n\\set a 1\nSELECT :a;\n');
SELECT outcome FROM migrator.apply('m/d');
CALL files.write('m/d/1_a.sql', E'-- migrator: psql\n\n\\set a 1\nselect   :a;\n');
SELECT flags FROM migrator.status('m/d');
CALL files.write('m/d/1_a.sql', E'-- migrator: psql\n\\set a 2\nSELECT :a;\n');
SELECT flags FROM migrator.status('m/d');

-- Hooks, down scripts, bootstrap.sql and seed.sql have them too.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.up.sql', 'SELECT 1;', '1_a.down.sql', E'-- migrator: psql\n\\set a down\nSELECT files.saw(:''a'');',
                'pre_migrate.sql', E'-- migrator: psql\n\\set a hook\nSELECT files.saw(:''a'');',
                'seed.sql', E'-- migrator: psql\n\\set a seed\nSELECT files.saw(:''a'');');
SELECT outcome FROM migrator.apply('m/d');
SELECT outcome FROM migrator.rollback('m/d');
SELECT outcome FROM migrator.seed('m/d');
SELECT * FROM files.rows;
