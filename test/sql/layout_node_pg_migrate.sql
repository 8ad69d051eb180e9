-- node-pg-migrate's SQL files: TIMESTAMP_name.sql, with "-- Up Migration" and "-- Down Migration".
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Names, good and bad: the version is the whole name, as in its table.
CALL files.make('m/d', '1391877300255_first-table.sql', E'-- Up Migration\n', '20240101120000000_second.sql', E'-- Up Migration\n', 'README.md', '');
SELECT version, name, file FROM migrator.pending('m/d');
CALL files.make('m/d', '1391877300255_a.sql', E'-- Up Migration\n', '1391877300256_b.js', 'exports.up = 1');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- a name that would stop other layouts is no matter where the contents say what goes up
CALL files.make('m/d', '1_add_rollback.sql', E'-- Up Migration\nSELECT 1;\n-- Down Migration\n', '2_b.sql', E'-- Up Migration\n');
SELECT version FROM migrator.pending('m/d');

-- Up never runs Down. Each Down here would drop everything.
CALL files.make('m/d',
  '1_plain.sql', E'-- Up Migration\n-- the users\nCREATE TABLE users(name text);\n\n-- Down Migration\nDROP SCHEMA app CASCADE;\n',
  '2_crlf.sql', E'-- Up Migration\r\nINSERT INTO users VALUES (\'two\r\nlines\');\r\n-- Down Migration\r\nDROP SCHEMA app CASCADE;\r\n',
  '3_case.sql', E'  --- UP   migration of three\nINSERT INTO users VALUES (\'three\');\n\t-- - down Migrations\nDROP SCHEMA app CASCADE;\n',
  '4_down_first.sql', E'-- Down Migration\nDROP SCHEMA app CASCADE;\n-- Up Migration\nINSERT INTO users VALUES (\'four\');\n',
  '5_no_way.sql', E'-- Up Migration\nINSERT INTO users VALUES (\'five\');\n-- up migration goes on\nSELECT 5;\n',
  '6_unmarked.sql', E'INSERT INTO users VALUES (\'six\');\n',
  '7_alone.sql', E'-- Up Migration\nCREATE INDEX CONCURRENTLY ON users (name);\n-- Down Migration\nDROP SCHEMA app CASCADE;\n',
  '8_words.sql', E'-- Up Migration\nSELECT \'x -- Down Migration\'; -- Down Migration\n-- see the down migration\nSELECT 8;\n'
    '-- Down Migration\nDROP SCHEMA app CASCADE;\n');
TABLE files.wrong;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE users;
SELECT version, layout, down_script FROM migrator.migrations ORDER BY version;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome;
SELECT file, content FROM migrator.new_migration('m/d', 'next one', down => 'SELECT 1;');
CALL files.forget();

-- What node-pg-migrate would run otherwise than one would think. Nothing runs.
CALL files.make('m/d',
  '01_ok.sql', E'-- Up Migration\nCREATE TABLE first();\n',
  '02_only_down.sql', E'CREATE TABLE a();\n-- Down Migration\nDROP SCHEMA app CASCADE;\n',
  '03_before.sql', E'CREATE TABLE a();\n-- Up Migration\nSELECT 1;\n-- Down Migration\nDROP SCHEMA app CASCADE;\n',
  '04_again.sql', E'-- Up Migration\nSELECT 1;\n-- Down Migration\nDROP SCHEMA app CASCADE;\n-- Up Migration\nSELECT 2;\n',
  '05_string.sql', E'-- Up Migration\nSELECT \'\n-- Down Migration\nDROP SCHEMA app CASCADE; --\';\n',
  '06_dollar.sql', E'-- Up Migration\nDO $x$\nBEGIN\n-- Down Migration\nDROP SCHEMA app CASCADE;\nEND $x$;\n',
  '07_comment.sql', E'-- Up Migration\nSELECT 1;\n/*\n-- Down Migration\nDROP SCHEMA app CASCADE;\n*/\n',
  '08_copy.sql', E'-- Up Migration\nCREATE TABLE t(t text);\nCOPY t FROM stdin;\n-- Down Migration\n\\.\nDROP SCHEMA app CASCADE;\n',
  '09_goose.sql', E'-- Up Migration\nSELECT 1;\n-- +goose Down\nDROP SCHEMA app CASCADE;\n',
  -- blanks that are none of ASCII's; to node-pg-migrate some of these are marks
  '10_no_break.sql', E'-- Up Migration\nSELECT 1;\n--\u00A0Down Migration\nDROP SCHEMA app CASCADE;\n',
  '11_between.sql', E'-- Up Migration\nSELECT 1;\n-- Down\u00A0Migration\nDROP SCHEMA app CASCADE;\n',
  '12_tab.sql', E'-- Up Migration\nSELECT 1;\n-- Down\u000BMigration\nDROP SCHEMA app CASCADE;\n',
  '13_separator.sql', E'-- Up Migration\nSELECT 1;\n--\u2028-- Down Migration\nDROP SCHEMA app CASCADE;\n',
  '14_no_width.sql', E'-- Up Migration\nSELECT 1;\n--\u200BDown Migration\nDROP SCHEMA app CASCADE;\n',
  '15_joined.sql', E'-- Up Migration\nSELECT 1;\n-- DownMigration\nDROP SCHEMA app CASCADE;\n',
  '16_middle.sql', E'-- Up Migration\nSELECT 1; --\u2028-- Down Migration\nDROP SCHEMA app CASCADE;\n');
TABLE files.wrong;
CALL migrator.up('m/d');
SELECT count(*) FROM migrator.history;
SELECT to_regclass('first');
