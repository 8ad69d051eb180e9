-- tern's directories: NUMBER_name.sql, in which "---- create above / drop below ----" divides.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Up never runs what is below. Files without the line go up as a whole.
CALL files.make('m/d',
  '001_plain.sql', E'-- the users\nCREATE TABLE users(name text);\n\n---- create above / drop below ----\n\nDROP SCHEMA app CASCADE;\n',
  '002_crlf.sql', E'INSERT INTO users VALUES (\'two\');\r\n---- create above / drop below ----\r\nDROP SCHEMA app CASCADE;\r\n',
  '003_whole.sql', E'INSERT INTO users VALUES (\'three\');\n',
  '004_alone.sql', E'---- tern: disable-tx ----\nCREATE INDEX CONCURRENTLY ON users (name);\n---- create above / drop below ----\nDROP SCHEMA app CASCADE;\n'
    '---- create above / drop below ----\n');
TABLE files.wrong;
SELECT version, transactional, description FROM migrator.pending('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE users;
SELECT version, layout, down_script FROM migrator.migrations ORDER BY version;
SELECT file, content FROM migrator.new_migration('m/d', 'next', down => 'SELECT 1;');
CALL files.forget();

-- What tern does not read as one would think, and what it would fill in. Nothing runs.
CALL files.make('m/d',
  '001_ok.sql', E'CREATE TABLE first();\n---- create above / drop below ----\n',
  '002_indented.sql', E'SELECT 1;\n ---- create above / drop below ----\nDROP SCHEMA app CASCADE;\n',
  '003_case.sql', E'SELECT 1;\n---- Create above / Drop below ----\nDROP SCHEMA app CASCADE;\n',
  '004_spaced.sql', E'SELECT 1;\n---- create above/drop below ----\nDROP SCHEMA app CASCADE;\n',
  '005_behind.sql', E'SELECT 1; ---- create above / drop below ----\nDROP SCHEMA app CASCADE;\n',
  '006_template.sql', E'SELECT 1;\n{{ template "shared/v1.sql" . }}\n',
  '007_disable.sql', E'-- tern: disable-tx\nSELECT 1;\n',
  '008_string.sql', E'SELECT \'\n---- create above / drop below ----\nDROP SCHEMA app CASCADE; --\';\n',
  '009_dollar.sql', E'DO $x$\nBEGIN\n---- create above / drop below ----\nDROP SCHEMA app CASCADE;\nEND $x$;\n',
  '010_comment.sql', E'SELECT 1;\n/*\n---- create above / drop below ----\nDROP SCHEMA app CASCADE;\n*/\n',
  '011_copy.sql', E'CREATE TABLE t(t text);\nCOPY t FROM stdin;\n---- create above / drop below ----\n\\.\nDROP SCHEMA app CASCADE;\n',
  '012_no_break.sql', E'SELECT 1;\n----\u00A0create above / drop below ----\nDROP SCHEMA app CASCADE;\n',
  '013_misspelt.sql', E'SELECT 1;\n---- create abvoe / drop b\u00E4low ---\nDROP SCHEMA app CASCADE;\n',
  '014_other.sql', E'SELECT 1;\n---- create tables / drop views ----\n---- above and below ----\n');
TABLE files.wrong;
CALL migrator.up('m/d');
SELECT count(*) FROM migrator.history;

-- Versions have no gaps, from 1; a file that nobody calls ours fills one. tern's own file of settings is none, nor is a folder called so.
CALL files.make('m/d', '1_a.sql', E'SELECT 1;\n---- create above / drop below ----\n', '3_c.sql', 'SELECT 3;', 'tern.conf', E'[data]\nprefix = x\n');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/2_b.sql', 'SELECT 2;');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, options => '{"ignore": "2_*"}');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
CALL files.write('m/d/0_z.sql', 'SELECT 0;');
TABLE files.wrong;
CALL files.make('m/d', '2_a.sql', E'SELECT 1;\n---- create above / drop below ----\n', 'tern.conf/x.conf', '');
TABLE files.wrong;
CALL files.make('m/d', '01_a.sql', E'SELECT 1;\n---- create above / drop below ----\n', '1_b.sql', 'SELECT 2;', '2_c.sql', 'SELECT 3;');
TABLE files.wrong;
CALL files.make('m/d', '1_a.sql', E'-- nothing\n---- create above / drop below ----\nDROP SCHEMA app CASCADE;', '2_b.sql', '');
TABLE files.wrong;
