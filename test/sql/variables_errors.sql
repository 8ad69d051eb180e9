-- Variables of scripts: what is refused, where errors point to, what of a value is shown.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- VERBOSITY and SHOW_CONTEXT as they are: positions and contexts are what this is about.

-- The argument.
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT :''a'';');
SELECT * FROM migrator.apply('m/d', variables => '[1]');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.apply('m/d', variables => '{"a": null}');
SELECT * FROM migrator.apply('m/d', variables => '{"a": ["secret"]}');
SELECT * FROM migrator.apply('m/d', variables => '{"a": {"b": "secret"}}');
SELECT * FROM migrator.apply('m/d', variables => '{"2": "x"}');
SELECT * FROM migrator.apply('m/d', variables => '{"": "x"}');
SELECT * FROM migrator.apply('m/d', variables => '{"a b\n": "x"}');
CALL migrator.up('m/d', variables => 'null');
SELECT migrator.register('svc', 'm/d', options => '{"variables": "x"}');
SELECT migrator.register('svc', 'm/d', options => '{"variables": {"a": []}}');

-- One without a value: before anything runs, and in validate().
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a ();', '2_b.sql',
  E'-- migrator: variables\n\nSELECT 1,\n  :''here'', :"there", :''here'';\nSELECT :nor;\nselekt 1;');
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', variables => '{"here": "x"}');
SELECT to_regclass('a'), (SELECT count(*) FROM migrator.history);
SELECT check_name, severity, file, line, message, hint FROM migrator.validate('m/d') WHERE severity <> 'ok' AND check_name IN ('syntax', 'variables');
SELECT version, state, message FROM migrator.status('m/d');
-- it is found in what is chosen
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
-- of an applied script nothing is needed
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nCREATE TABLE a (); -- :''x''', '2_b.sql', E'-- migrator: variables\nSELECT :''here'';');
SELECT migrator.accept('1', source => 'm/d');
SELECT outcome FROM migrator.apply('m/d', variables => '{"here": 1}');
SELECT severity, message FROM migrator.validate('m/d') WHERE check_name = 'variables';

-- What is not taken over from psql; the directive's place; a slice with a name.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT :{?a};', '2_b.sql', E'SELECT 1;\n-- migrator: variables\nSELECT 2;',
  '3_c.sql', E'-- migrator: variables\nSELECT a[1:n] FROM t;', '4_d.sql', E'-- migrator: variables\nSELECT a[1 : n] FROM t;');
SELECT severity, file, line, message, hint FROM migrator.validate('m/d') WHERE check_name IN ('variables', 'syntax') AND severity <> 'ok';
SELECT * FROM migrator.apply('m/d', versions => '{1}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.apply('m/d', versions => '{2}');
SELECT * FROM migrator.apply('m/d', versions => '{3}');

-- Checked as far as that goes without values.
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nDROP TABLE :"old";', '2_b.sql', E'-- migrator: variables\nALTER TABLE app.t :rest;',
  '3_c.sql', E'-- migrator: variables\nCREATE TABLE :schema.:"new" (i int DEFAULT :n, t text DEFAULT :''t'');\nSELECT :''t'' FROM;');
SELECT check_name, severity, file, line, message FROM migrator.validate('m/d')
  WHERE check_name IN ('syntax', 'variables', 'destructive', 'change_class') AND severity <> 'ok';

-- Lines and columns are the file's, behind values of several lines and none; the statement is shown as it stands there.
CALL files.make('m/d', '1_a.sql',
  E'-- migrator: variables\nSELECT :''long'', :''long'' AS "ä", :nothing\n  1/0; SELECT 2; SELECT :''long'',\n  nosuch, :''long'';');
SELECT * FROM migrator.apply('m/d', variables => '{"long": "one\ntwo\nthree, which is longer than all of the rest of this script", "nothing": ""}');
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT :''long''; SELECT :''long'', FROM;\nSELECT 1;');
SELECT * FROM migrator.apply('m/d', variables => '{"long": "one\ntwo\nthree"}');
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nCREATE TABLE t (i int);\nCOPY :''t''FROM stdin;\nCOPY :t :c FROM stdin;\n1\nx\n\\.\n');
SELECT * FROM migrator.apply('m/d', variables => '{"t": "t", "c": "\n\n(\ni)"}');
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nCREATE TABLE t (i int);\nCOPY :t :c FROM stdin;\n1\nx\n\\.\n');
SELECT * FROM migrator.apply('m/d', variables => '{"t": "t", "c": "\n\n(\ni)"}');
-- unclosed in a value: the place of the reference
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT 1;\nSELECT :raw;\n');
SELECT * FROM migrator.apply('m/d', variables => '{"raw": "1 + ''secret"}');
SELECT * FROM migrator.apply('m/d', variables => '{"raw": "hunter2 hunter2 x"}');
SELECT * FROM migrator.apply('m/d', variables => '{"raw": "\\connect"}');
SELECT * FROM migrator.apply('m/d', variables => '{"raw": "1; COMMIT"}');
-- a directive in a value is none
SELECT * FROM migrator.apply('m/d', variables => '{"raw": "1;\n-- migrator: no-transaction\nVACUUM"}');

-- A value in an error of the server's: in message, detail, hint, context and query.
CREATE TABLE files.users (name text PRIMARY KEY, password text CHECK (length(password) > 20));
CREATE FUNCTION files.fail(value text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT nosuch(%L)', value);
END $$;
CREATE FUNCTION files.tell(value text, fails boolean = false) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING 'warning of %', value USING DETAIL = 'detail of ' || value, HINT = 'hint of ' || value;
  IF fails THEN
    RAISE EXCEPTION 'error of %', value USING DETAIL = 'detail of ' || value, HINT = 'hint of ' || value;
  END IF;
END $$;
CREATE PROCEDURE files.try(statement text) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM migrator.migrations;
  CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\n' || statement);
END $$;
\set values '{"name": "anna", "secret": "it''''s hunter2''''s \\"own\\"", "pin": 1234, "n": 7, "long": "0123456789abcdefghij0123456789ABCDEFGHIJ0123456789xyz0123456789.........."}'
\set run 'SELECT version, outcome, message FROM migrator.apply(''m/d'', variables => :\'values\', on_error => ''stop'');'
CALL files.try('INSERT INTO files.users VALUES (:''name'', :''long''), (:''name'', :''long'');');
:run
CALL files.try('INSERT INTO files.users VALUES (:''name'', :''secret'');');
:run
CALL files.try('SELECT :''secret''::json;');
:run
CALL files.try('SELECT :''secret''::integer;');
:run
CALL files.try('SELECT files.fail(:''secret'');');
:run
CALL files.try('SELECT files.tell(:''secret''), files.tell(:''pin'', true);');
:run
CALL files.try('SELECT * FROM :"long";');
:run
CALL files.try('SELECT * FROM :long;');
:run
CALL files.try('SELECT 1 / (:n - 7);');
:run
CALL files.try('SELECT nosuch(:n);');
:run
SELECT event, line, error_message, error_detail FROM migrator.history WHERE error_message IS NOT NULL ORDER BY id;
SELECT count(*) FROM migrator.history h WHERE h::text ~ 'hunter2|0123456789|anna';
SELECT count(*) FROM migrator.migrations h WHERE h::text ~ 'hunter2|0123456789|anna';

-- Deferred constraints: at the end of the script, and of a part.
CREATE TABLE files.late (name text UNIQUE DEFERRABLE INITIALLY DEFERRED);
CALL files.try('INSERT INTO files.late VALUES (:''secret''), (:''secret'');');
:run
CALL files.try(E'-- migrator: no-transaction\nINSERT INTO files.late VALUES (:''secret''), (:''secret'');');
CALL migrator.up('m/d', variables => :'values');
SELECT error_message, error_detail FROM migrator.history ORDER BY id DESC LIMIT 1;

-- Part by part: other values at a resume, and settings that are none of the record's business.
TRUNCATE files.late;
CALL files.try(E'-- migrator: no-transaction\nSET application_name = :''name'';\nSET search_path = files, :"secret";\n'
  'INSERT INTO late VALUES (:''name'');\nSELECT 1 / :n;\nINSERT INTO late VALUES (:''name'' || current_setting(''application_name''));');
CALL migrator.up('m/d', variables => '{"name": "first name", "secret": "hunter2", "n": 0}');
SELECT statement_done, resume_state -> 'settings' AS settings FROM migrator.migrations;
CALL migrator.up('m/d', variables => '{"name": "second name", "secret": "hunter2", "n": 1}');
TRUNCATE files.late;
CALL files.try(E'-- migrator: no-transaction\nSET application_name = :''name'';\n'
  'INSERT INTO files.late VALUES (:''name'');\nSELECT 1 / :n;\nINSERT INTO files.late VALUES (:''name'' || current_setting(''application_name''));');
CALL migrator.up('m/d', variables => '{"name": "first name", "n": 0}');
SELECT statement_done, resume_state -> 'settings' AS settings FROM migrator.migrations;
CALL migrator.up('m/d', variables => '{"name": "second name", "n": 1}') \gset
SELECT * FROM files.late;

-- Whoever registered variables has words in scripts that others run.
CREATE ROLE regress_migrator_v LOGIN;
GRANT pg_read_server_files TO regress_migrator_v;
GRANT USAGE ON SCHEMA migrator TO regress_migrator_v;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO regress_migrator_v;
SET SESSION AUTHORIZATION regress_migrator_v;
SELECT migrator.register('svc', 'm/d', options => '{"variables": {"name": "x; DROP TABLE users", "n": 1}}');
SET SESSION AUTHORIZATION regress_migrator;
SELECT * FROM migrator.apply('m/d', service => 'svc');
SET client_min_messages = notice;
SELECT migrator.register('svc', 'm/d');
SET client_min_messages = warning;
CALL files.forget();
DROP OWNED BY regress_migrator_v;
DROP ROLE regress_migrator_v;
CALL files.remove('m');
