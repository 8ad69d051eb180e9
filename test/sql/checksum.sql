-- Applied files that change, change only in form, or go away.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', E'-- A.\nCREATE TABLE a(i int);\nINSERT INTO a VALUES (1);\n', '2_b.sql', 'CREATE TABLE b(i int);',
  '3_c.sql', E'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$;\nCOPY b FROM stdin;\n1\n\\.\n', '4_d.sql', 'SELECT ''X'';');
SELECT version, outcome FROM migrator.apply('m/d');
CREATE VIEW found AS SELECT version, state, flags, message FROM migrator.status('m/d');

-- only its form: comments, blanks, case of words, line ends, the last semicolon, a BOM
CALL files.write('m/d/1_a.sql', E'\ufeff/* Another comment. */\r\ncreate TABLE\r\n  a ( i INT );\r\n\r\ninsert into A values (1)');
TABLE found;
SELECT version FROM migrator.apply('m/d');
-- what a string, a quoted name, a function's body or COPY data say is no form
CALL files.write('m/d/4_d.sql', 'SELECT ''x'';');
TABLE found;
CALL files.write('m/d/4_d.sql', 'SELECT ''X'';');
CALL files.write('m/d/3_c.sql', E'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT  1$$;\nCOPY b FROM stdin;\n1\n\\.\n');
TABLE found;
CALL files.write('m/d/3_c.sql', E'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$;\nCOPY b FROM stdin;\n2\n\\.\n');
TABLE found;
-- nor is a directive
CALL files.write('m/d/2_b.sql', E'-- migrator: irreversible\nCREATE TABLE b(i int);');
TABLE found;

-- Modified: a warning that names all, once a run, in a run that has something to do and in one that has not.
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i bigint);');
SELECT version FROM migrator.apply('m/d');
CALL files.write('m/d/5_e.sql', 'SELECT 5;');
SELECT version FROM migrator.apply('m/d');
SELECT check_name, severity, version, file, message, hint FROM migrator.validate('m/d') WHERE check_name IN ('checksums', 'missing');
-- policy: an error before anything runs
SET migrator.checksum_policy = error;
CALL files.write('m/d/6_f.sql', 'CREATE TABLE f6();');
SELECT version FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('f6');
-- also where nothing is pending
SELECT version FROM migrator.apply('m/d', target => '5');
-- a reformatted one is none
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i int);');
CALL files.write('m/d/3_c.sql', E'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$;\nCOPY b FROM stdin;\n1\n\\.\n');
SELECT version FROM migrator.apply('m/d');
RESET migrator.checksum_policy;
-- a superuser's setting
CREATE ROLE regress_migrator_checksum;
SET ROLE regress_migrator_checksum;
SET migrator.checksum_policy = warn;
RESET ROLE;
DROP ROLE regress_migrator_checksum;

-- Put back as it was: nothing to say.
CALL files.write('m/d/1_a.sql', E'-- A.\nCREATE TABLE a(i int);\nINSERT INTO a VALUES (1);\n');
TABLE found;

-- Missing.
CALL files.remove('m/d/1_a.sql');
CALL files.remove('m/d/4_d.sql');
TABLE found;
SELECT version FROM migrator.apply('m/d');
SELECT check_name, severity, version, file, message FROM migrator.validate('m/d') WHERE check_name = 'missing';
SELECT migrator.is_current('m/d');
-- without a source nothing is missing
SELECT version, state, flags FROM migrator.status();

-- Renamed: the same migration. Renamed and modified: another script under the same version.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
SELECT version FROM migrator.apply('m/d');
CALL files.make('m/d', '1_renamed.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;');
SELECT version, name, state, flags FROM migrator.status('m/d');
SELECT version FROM migrator.apply('m/d', dry_run => true);
CALL files.make('m/d', '1_other.sql', 'SELECT 11;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;');
SELECT version FROM migrator.apply('m/d');
SELECT version FROM migrator.apply('m/d', options => '{"force": true}');

-- A failed one may change freely.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1/0;');
SELECT version FROM migrator.apply('m/d', on_error => 'continue');
CALL files.write('m/d/1_a.sql', 'SELECT 1;');
TABLE migrator.locks;
SELECT version, state, flags FROM migrator.status('m/d');
SET migrator.checksum_policy = error;
SELECT version FROM migrator.apply('m/d');
RESET migrator.checksum_policy;
-- More than ten are cut.
CALL files.forget();
CALL files.make('m/d');
DO $$ BEGIN FOR i IN 1..12 LOOP CALL files.write(format('m/d/%s_x.sql', i), 'SELECT 1;'); END LOOP; END $$;
SELECT count(*) FROM migrator.apply('m/d');
DO $$ BEGIN FOR i IN 1..12 LOOP CALL files.write(format('m/d/%s_x.sql', i), 'SELECT 2;'); END LOOP; END $$;
SELECT count(*) FROM migrator.apply('m/d');
