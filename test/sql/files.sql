-- The bytes of scripts, and what is no file to read.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

-- BOM, CRLF, nothing, comments only, no last semicolon, no newline at the end.
CALL files.make('m/d', '03_empty.sql', '', '04_comment.sql', E'-- Nothing yet.\n/* or ever */\n',
  '05_semicolons.sql', ';; ;', '06_blanks.sql', E' \t\r\n', '07_open.sql', 'CREATE TABLE open(i int)');
CALL files.write('m/d/01_bom.sql', '\xEFBBBF'::bytea || 'CREATE TABLE bom(i int);'::bytea);
CALL files.write('m/d/02_crlf.sql',
  E'-- Lines end with CRLF.\r\nCREATE TABLE crlf(\r\n  i int,\r\n  t text DEFAULT ''a\r\nb''\r\n);\r\nINSERT INTO crlf VALUES (1);\r\n');
CALL files.write('m/d/08_bom_only.sql', '\xEFBBBF'::bytea);
SELECT version, description FROM migrator.pending('m/d');
SELECT version, outcome, message FROM migrator.apply('m/d');
SELECT to_regclass('bom'), to_regclass('open'), (SELECT t = E'a\r\nb' FROM crlf);
SELECT version, statement_total, statement_done, checksum = encode(sha256(''), 'hex') AS of_nothing FROM migrator.migrations ORDER BY version;
-- the checksum is that of the bytes as stored
SELECT checksum = encode(sha256('\xEFBBBF'::bytea || 'CREATE TABLE bom(i int);'::bytea), 'hex') FROM migrator.migrations WHERE version = '01';
-- positions count from the file's start, CRLF is one line end, the BOM none of the columns
CALL files.make('m/d');
CALL files.write('m/d/1_a.sql', '\xEFBBBF'::bytea || 'SELECT nosuch;'::bytea);
SELECT * FROM migrator.apply('m/d', service => 'x');
CALL files.write('m/d/1_a.sql', E'-- one\r\n-- two\r\nSELECT 1,\r\n  nosuch;\r\n');
SELECT * FROM migrator.apply('m/d', service => 'x');
CALL files.write('m/d/1_a.sql', E'SELECT ''äöü表'', nosuch;');
SELECT * FROM migrator.apply('m/d', service => 'x');

-- A NUL byte and bytes that are not UTF-8 are refused with their place, before anything runs.
CALL files.make('m/d', '1_good.sql', 'CREATE TABLE good();');
CALL files.write('m/d/2_nul.sql', E'SELECT 1;\nSELECT '::bytea || '\x00'::bytea || ';'::bytea);
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/2_nul.sql', 'SELECT 2;');
CALL files.write('m/d/3_latin1.sql', E'SELECT 1;\n\nSELECT ''gr'::bytea || '\xfc'::bytea || E'n'';'::bytea);
SELECT * FROM migrator.apply('m/d');
-- cut in the middle of a character; a surrogate; an overlong form; UTF-16
CALL files.write('m/d/3_latin1.sql', 'SELECT 1; -- '::bytea || '\xe8a1'::bytea);
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/3_latin1.sql', '\xeda080'::bytea);
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/3_latin1.sql', '\xc0af'::bytea);
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/3_latin1.sql', '\xfffe530045004c00'::bytea);
SELECT * FROM migrator.apply('m/d');
-- the place counts characters, and lines
CALL files.write('m/d/3_latin1.sql', convert_to(E'äöü\n表', 'UTF8') || '\xff'::bytea);
SELECT * FROM migrator.apply('m/d');
SELECT check_name, severity, file, line, message, hint FROM migrator.validate('m/d') WHERE severity = 'error';
SELECT to_regclass('good');
-- an applied one that became so is modified
CALL files.make('m/d', '1_good.sql', 'SELECT 1;');
SELECT version FROM migrator.apply('m/d', service => 'y');
CALL files.write('m/d/1_good.sql', '\xff'::bytea);
SELECT version, state, flags, message FROM migrator.status('m/d', 'y');

-- Too large: the limit is in kB, and included.
CALL files.forget();
CALL files.make('m/d', '1_large.sql', repeat('-', 2049));
SET migrator.max_file_size = '2kB';
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT check_name, severity, file, hint FROM migrator.validate('m/d') WHERE severity = 'error';
SELECT version, state FROM migrator.status('m/d');
CALL files.write('m/d/1_large.sql', repeat('-', 2048));
SELECT version FROM migrator.apply('m/d', dry_run => true);
CALL files.write('m/d/1_large.sql', repeat('-', 2049));
SET migrator.max_file_size = '3kB';
SELECT version FROM migrator.apply('m/d', dry_run => true);
RESET migrator.max_file_size;
\set VERBOSITY sqlstate
SET migrator.max_file_size = 0;
SET migrator.max_file_size = '2GB';
\set VERBOSITY default

-- What is no regular file: a folder, a FIFO (which must not block), a dangling link.
CALL files.names('m/d', '1_a.sql', '2_b.sql/');
SELECT version FROM migrator.pending('m/d');
CALL files.run('rmdir m/d/2_b.sql && mkfifo m/d/2_b.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT files.error($$SELECT * FROM migrator.baseline('m/d')$$);
CALL files.run('rm m/d/2_b.sql && ln -s nowhere m/d/2_b.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT check_name, severity, file, line FROM migrator.validate('m/d') WHERE severity = 'error';
CALL files.run('rm m/d/2_b.sql && ln -s 2_b.sql m/d/2_b.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- names that lead nowhere, as a source and in one
CALL files.run('ln -s ring m/ring');
SELECT files.error($$SELECT * FROM migrator.apply('m/ring')$$);
SELECT replace(files.error(format('SELECT * FROM migrator.apply(%L)', 'm/' || repeat('n', 300))), repeat('n', 200), '.');
CALL files.run('rm m/ring m/d/2_b.sql');
CALL files.write('m/d/2_b.sql', E'-- migrator: psql\n\\i ' || repeat('n', 300) || '.sql');
SELECT regexp_replace(files.error($$SELECT * FROM migrator.apply('m/d')$$), '[/n]{9,}', '/n...') AS error;
CALL files.write('m/d/2_b.sql', E'-- migrator: psql\n\\ir ' || repeat('n/', 5000) || 'n.sql');
SELECT regexp_replace(files.error($$SELECT * FROM migrator.apply('m/d')$$), '[/n]{9,}', '/n...') AS error;
-- an applied one that became so
CALL files.run('rm m/d/2_b.sql');
SELECT version FROM migrator.apply('m/d');
CALL files.run('rm m/d/1_a.sql && mkfifo m/d/1_a.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version, state FROM migrator.status('m/d');

-- Links that lead to files are files, as in a ConfigMap volume.
CALL files.forget();
CALL files.make('m/d', '..2026/1_a.sql', 'CREATE TABLE linked();');
CALL files.run('ln -s ..2026 m/d/..data && ln -s ..data/1_a.sql m/d/1_a.sql');
SELECT version, outcome FROM migrator.apply('m/d');
-- so is a directory that is a link
CALL files.run('ln -s d m/link');
SELECT version, state FROM migrator.status('m/link');
SELECT version, state FROM migrator.status('m/../m/./link//');
-- an absolute path
SELECT version, state FROM migrator.status(current_setting('data_directory') || '/m/d');
