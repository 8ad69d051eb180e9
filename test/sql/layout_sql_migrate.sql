-- sql-migrate's directories: any .sql file, with "-- +migrate Up" and "-- +migrate Down".
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Names, good and bad: a leading number is the order, then bytes; the version is the whole name.
CALL files.make('m/d', '10_c.sql', E'-- +migrate Up\n', '2_b.sql', E'-- +migrate Up\n', '2-a.sql', E'-- +migrate Up\n', 'init.sql', E'-- +migrate Up\n',
  '20240101.dotted.sql', E'-- +migrate Up\n', 'README.md', '');
SELECT version, name, file FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d', target => '2', dry_run => true);
CALL files.make('m/d', '1_a.sql', E'-- +migrate Up\n', '2_b.down.sql', E'-- +migrate Up\n', '3_c.up.sql', E'-- +migrate Up\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- a mark of a megabyte is read at once; an option is a word
CALL files.make('m/d', '1_a.sql', E'-- +migrate Up x-notransaction' || repeat(' ', 1000000) || E'\nSELECT 1;\n');
SELECT transactional FROM migrator.pending('m/d');

-- Up never runs Down. Each Down here would drop everything.
CALL files.make('m/d',
  '1-plain.sql', E'/* a heading,\n of two lines */\n\n-- +migrate Up\n-- the users\nCREATE TABLE users(name text);\n\n'
    '-- +migrate Down\nDROP SCHEMA app CASCADE;\n',
  '2-crlf.sql', E'-- +migrate Up\r\nINSERT INTO users VALUES (\'two\r\nlines\');\r\n-- +migrate Down\r\nDROP SCHEMA app CASCADE;\r\n',
  '3-down-first.sql', E'-- +migrate Down\nDROP SCHEMA app CASCADE;\n-- +migrate Up\nINSERT INTO users VALUES (\'three\');\n',
  '4-several.sql', E'-- +migrate Up\nCREATE TABLE a();\n-- +migrate Down\nDROP SCHEMA app CASCADE;\n-- +migrate Up\nCREATE TABLE b();\n',
  '5-alone.sql', E'-- +migrate Up   notransaction\nCREATE INDEX CONCURRENTLY ON users (name);\n-- +migrate Down notransaction\nDROP SCHEMA app CASCADE;\n',
  '6-function.sql', E'-- +migrate Up\n-- +migrate StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n-- one; two;\nRETURN 7;\n'
    'END $$;\n-- +migrate StatementEnd\n-- +migrate Down\n-- +migrate StatementBegin\nDROP SCHEMA app CASCADE;\n-- +migrate StatementEnd\n',
  '7-no-way.sql', E'-- +migrate Up\nCREATE TABLE seven();',
  '8-words.sql', E'-- +migrate Up\nSELECT \'x -- +migrate Down\'; -- +migrate Down\nSELECT \'+migrate Down\';\n-- +migrate Down\nDROP SCHEMA app CASCADE;\n');
TABLE files.wrong;
SELECT version, transactional, description FROM migrator.pending('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE users;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'app' ORDER BY 1;
SELECT version, layout, down_script FROM migrator.migrations ORDER BY version;
SELECT file, content FROM migrator.new_migration('m/d', 'next one', down => 'SELECT 1;');
CALL files.forget();

-- What sql-migrate does not read as one would think. Nothing runs.
CALL files.make('m/d',
  '01_ok.sql', E'-- +migrate Up\nCREATE TABLE first();\n',
  '02_indented.sql', E'-- +migrate Up\nSELECT 1;\n  -- +migrate Down\nDROP SCHEMA app CASCADE;\n',
  '03_spaced.sql', E'-- +migrate Up\nSELECT 1;\n--  +migrate Down\nDROP SCHEMA app CASCADE;\n',
  '04_case.sql', E'-- +migrate Up\nSELECT 1;\n-- +migrate down\nDROP SCHEMA app CASCADE;\n',
  '05_typo.sql', E'-- +migrate Up\nSELECT 1;\n-- +migrate Dwon\nDROP SCHEMA app CASCADE;\n',
  '06_before.sql', E'DROP SCHEMA app CASCADE;\n-- +migrate Up\nSELECT 1;\n',
  '07_none.sql', E'-- nothing\n',
  '08_begin.sql', E'-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n-- +migrate Down\nDROP SCHEMA app CASCADE;\n-- +migrate StatementEnd\n',
  '09_no_end.sql', E'-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n',
  '10_no_begin.sql', E'-- +migrate Up\nSELECT 1;\n-- +migrate StatementEnd\n',
  '11_only_way.sql', E'-- +migrate Down\nDROP SCHEMA app CASCADE;\n',
  '12_string.sql', E'-- +migrate Up\nSELECT \'\n-- +migrate Down\nDROP SCHEMA app CASCADE; --\';\n',
  '13_dollar.sql', E'-- +migrate Up\nDO $x$\nBEGIN\n-- +migrate Down\nDROP SCHEMA app CASCADE;\nEND $x$;\n',
  '14_comment.sql', E'-- +migrate Up\nSELECT 1;\n/*\n-- +migrate Down\nDROP SCHEMA app CASCADE;\n*/\n',
  '15_copy.sql', E'-- +migrate Up\nCREATE TABLE t(t text);\nCOPY t FROM stdin;\n-- +migrate Down\n\\.\nDROP SCHEMA app CASCADE;\n',
  '16_no_break.sql', E'-- +migrate Up\nSELECT 1;\n--\u00A0+migrate Down\nDROP SCHEMA app CASCADE;\n',
  '17_between.sql', E'-- +migrate Up\nSELECT 1;\n-- +migrate\u00A0Down\nDROP SCHEMA app CASCADE;\n',
  '21_far.sql', E'-- +migrate Up\nSELECT 1;\n--' || repeat(' ', 3000) || E'+migrate Down\nDROP SCHEMA app CASCADE;\n',
  '18_behind_comment.sql', E'/* one */ DROP SCHEMA app CASCADE;\n-- +migrate Up\nSELECT 1;\n',
  '19_behind_lines.sql', E'/* one\ntwo */ DROP SCHEMA app CASCADE;\n-- +migrate Up\nSELECT 1;\n',
  '20_comments.sql', E'/* one\ntwo */ -- three\n/**/ /* four */\n-- +migrate Up\nSELECT 1;\n');
TABLE files.wrong;
CALL migrator.up('m/d');
SELECT count(*) FROM migrator.history;
SELECT to_regclass('first');
