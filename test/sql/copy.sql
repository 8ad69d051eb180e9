-- COPY ... FROM stdin with its data in the script.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE t(i int PRIMARY KEY, s text DEFAULT 'default', n numeric GENERATED ALWAYS AS (i * 2) STORED);

-- text, csv with a quoted newline, WHERE, column lists, options, no rows
CALL files.make('m/d', '1_text.sql', $$COPY t (i, s) FROM stdin;
1	one
2	\N
3	a\tb\nc \\. d
\.
SELECT 1;
$$, '2_csv.sql', $$copy t (s, i) from stdin with (format csv, header, delimiter ';', null '-');
s;i
"two
lines; and ""quotes""";10
-;11
\.

COPY t (i) FROM STDIN WHERE i > 20;
20
21
22
\.
$$, '3_none.sql', $$COPY t (i, s) FROM stdin;
\.
COPY t (i) FROM stdin -- a comment
;
30
\.
-- the data may end with the file
COPY t (i) FROM stdin;
31
32$$, '4_force.sql', $$COPY t (i, s) FROM stdin (FORMAT csv, FORCE_NULL (s), QUOTE '''');
40,''
\.
CREATE TABLE parts(i int) PARTITION BY LIST (i);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
COPY parts FROM stdin;
1
\.
CREATE VIEW v AS SELECT i, s FROM t;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.t VALUES (NEW.i, NEW.s); RETURN NEW; END';
CREATE TRIGGER instead INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION instead();
COPY v FROM stdin;
41	by view
\.
$$);
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT i, s, n FROM t ORDER BY i;
TABLE parts;
SELECT version, statement_total FROM migrator.migrations ORDER BY version;

-- CRLF in script and data
CALL files.make('m/d', '1_crlf.sql', E'COPY t (i, s) FROM stdin;\r\n50\tfifty\r\n\\.\r\nINSERT INTO t VALUES (51);\r\n');
SELECT version, outcome, message FROM migrator.apply('m/d', 'crlf');
SELECT i, s = 'fifty' AS fifty FROM t WHERE i >= 50 ORDER BY i;

-- An error in row n tells the line of the file; the statement is undone with its script.
CREATE FUNCTION failed(script text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  context text;
BEGIN
  CALL files.make('m/e', '1_it.sql', script);
  PERFORM migrator.apply('m/e', service => 'e');
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
  RETURN format('%s: %s [%s]', SQLSTATE, SQLERRM, substring(context FROM 'line \d+, column \d+'));
END $$;
SELECT failed(script) FROM (VALUES
  (E'SELECT 1;\nCOPY t (i) FROM stdin;\n100\n101\nx\n102\n\\.\n'),
  (E'\n\nCOPY t (i) FROM stdin;\n100\n100\n\\.\n'),
  (E'COPY t (i) FROM stdin;\n100\textra\n\\.\n'),
  (E'COPY t (i, s) FROM stdin;\n100\n\\.\n'),
  (E'COPY t (i, s) FROM stdin (FORMAT csv);\n100,"open\n\\.\n'),
  (E'COPY nosuch FROM stdin;\n1\n\\.\n'),
  (E'COPY t (nosuch) FROM stdin;\n1\n\\.\n'),
  (E'COPY t (n) FROM stdin;\n1\n\\.\n'),
  (E'COPY t FROM stdin WHERE nosuch = 1;\n1\n\\.\n'),
  (E'COPY t (i) FROM stdin WHERE i;\n1\n\\.\n'),
  (E'COPY t (i) FROM stdin (FORMAT nosuch);\n1\n\\.\n'),
  (E'COPY t (i) FROM stdin; SELECT 1;\n1\n\\.\n'),
  (E'COPY parts FROM stdin;\n2\n\\.\n'),
  (E'SELECT 1;\n\\.\n'),
  (E'COPY t (i) FROM stdin (FORMAT binary);\nxyz\n\\.\n')) v(script);
SELECT count(*) FROM t WHERE i >= 100;
-- as psql shows it
CALL files.make('m/e', '1_it.sql', E'SELECT 1;\nCOPY t (i) FROM stdin;\n100\n101\nx\n102\n\\.\n');
SELECT * FROM migrator.apply('m/e', 'e');

-- A client_encoding other than UTF-8 does not matter; one that the script names does.
CALL files.forget();
CREATE TABLE t(i int, s text);
SET client_encoding = latin1;
CALL files.make('m/d', '1_a.sql', E'COPY t FROM stdin;\n1\tgr\u00fcn \u8868\n\\.\n');
SELECT version, outcome FROM migrator.apply('m/d');
RESET client_encoding;
SELECT i, s FROM t;

-- The privileges and the row security that COPY checks.
CREATE ROLE regress_migrator_copy;
GRANT EXECUTE ON FUNCTION migrator.apply TO regress_migrator_copy;
GRANT USAGE, CREATE ON SCHEMA app TO regress_migrator_copy;
SELECT set_config('migrator.source_roots', current_setting('data_directory') || '/m', false) \g /dev/null
CALL files.make('m/d', '1_a.sql', E'COPY t FROM stdin;\n2\ttwo\n\\.\n');
SET ROLE regress_migrator_copy;
SELECT version FROM migrator.apply('m/d', 'copy');
RESET ROLE;
-- one column is not enough for two
GRANT INSERT (i) ON t TO regress_migrator_copy;
SET ROLE regress_migrator_copy;
SELECT version FROM migrator.apply('m/d', 'copy');
RESET ROLE;
CALL files.make('m/d', '1_a.sql', E'COPY t (i) FROM stdin;\n2\n\\.\n');
SET ROLE regress_migrator_copy;
SELECT version FROM migrator.apply('m/d', 'copy');
RESET ROLE;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (false);
CALL files.write('m/d/2_b.sql', E'COPY t (i) FROM stdin;\n3\n\\.\n');
SET ROLE regress_migrator_copy;
SELECT version FROM migrator.apply('m/d', 'copy');
RESET ROLE;
-- files and programs of the server are for those who may
CALL files.write('m/d/2_b.sql', 'COPY t FROM PROGRAM ''echo 1'';');
SET ROLE regress_migrator_copy;
\set VERBOSITY sqlstate
SELECT version FROM migrator.apply('m/d', 'copy');
\set VERBOSITY default
RESET ROLE;
SELECT i, s FROM t ORDER BY i;
DROP OWNED BY regress_migrator_copy;
DROP ROLE regress_migrator_copy;

-- A trigger of the table that calls migrator.
CALL files.forget();
CREATE TABLE t(i int);
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM migrator.apply('m/d'); RETURN NEW; END$$;
CREATE TRIGGER nest BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nest();
CALL files.make('m/d', '1_a.sql', E'COPY t FROM stdin;\n1\n2\n\\.\n');
SELECT version FROM migrator.apply('m/d');
DROP TRIGGER nest ON t;
SELECT version FROM migrator.apply('m/d');
TABLE t;

-- Many rows, and rows longer than a buffer.
CALL files.forget();
CREATE TABLE t(i int, s text);
CREATE TEMP TABLE script AS
  SELECT E'COPY t FROM stdin;\n' || string_agg(i || E'\t' || repeat('x', i % 100 * 700), E'\n') || E'\n\\.\nSELECT 1;' AS text
    FROM generate_series(1, 2000) i;
CALL files.make('m/d');
DO $$
DECLARE
  script text := text FROM script;
BEGIN
  CALL files.write('m/d/1_a.sql', script);
END $$;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SET migrator.max_file_size = '100MB';
SELECT version, outcome FROM migrator.apply('m/d');
SELECT count(*), sum(i), sum(length(s)) FROM t;
RESET migrator.max_file_size;
