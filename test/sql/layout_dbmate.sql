-- dbmate's directories: NUMBER_name.sql, in which "-- migrate:up" and "-- migrate:down" divide what goes up from what goes back.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Names, good and bad: those that another rule refuses are not left out without a word.
CALL files.make('m/d',
  '20240101000000_a.sql', E'-- migrate:up\n-- migrate:down\n', '20240102_with-dash.SQL', E'-- migrate:up\n-- migrate:down\n',
  '20240103.sql', E'-- migrate:up\n-- migrate:down\n', '20240104.dotted.name.sql', E'-- migrate:up\n-- migrate:down\n',
  'schema.sql', 'SELECT 1;', 'README.md', 'read me');
SELECT version, name, file FROM migrator.pending('m/d');
SELECT file, severity, message FROM migrator.validate('m/d') WHERE check_name = 'names' AND severity <> 'ok' ORDER BY 1;
CALL files.make('m/d', '20240101_a.sql', E'-- migrate:up\n-- migrate:down\n', '20240102_b.down.sql', E'-- migrate:up\n-- migrate:down\n',
  'a_20240103.sql', E'-- migrate:up\n-- migrate:down\n', '20240104_c.go', 'package x');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);

-- Up never runs Down. Each Down here would drop everything.
CALL files.make('m/d',
  '1_plain.sql', E'-- the users\n-- migrate:up\nCREATE TABLE users(name text);\n\n-- migrate:down\nDROP SCHEMA app CASCADE;\n',
  '2_crlf.sql', E'-- migrate:up\r\nINSERT INTO users VALUES (\'one\r\nline\');\r\n-- migrate:down\r\nDROP SCHEMA app CASCADE;\r\n',
  '3_bom.sql', E'\uFEFF-- migrate:up\nINSERT INTO users VALUES (\'two\')\n-- migrate:down\nDROP SCHEMA app CASCADE;\n',
  '4_several.sql', E'--migrate:up\nCREATE TABLE a();\n--   migrate:down\nDROP SCHEMA app CASCADE;\n-- migrate:up\nCREATE TABLE b();\n'
    '-- migrate:down\nDROP SCHEMA app CASCADE;\nDROP TABLE b;',
  '5_words.sql', E'-- migrate:up\n-- what migrate:down would do: -- migrate:down\nCREATE TABLE c(); -- migrate:down\n'
    'COMMENT ON TABLE c IS \'x -- migrate:down\';\n-- migrate:downgrade is no mark\nCREATE TABLE d();\n-- migrate:down\nDROP SCHEMA app CASCADE;\n',
  '6_alone.sql', E'-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY ON users (name);\n-- migrate:down transaction:false\nDROP SCHEMA app CASCADE;\n',
  '7_empty.sql', E'-- migrate:up\n-- migrate:down\nDROP SCHEMA app CASCADE;\n');
TABLE files.wrong;
SELECT version, transactional, description FROM migrator.pending('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE users;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'app' ORDER BY 1;
SELECT version, layout, down_script FROM migrator.migrations ORDER BY version;

-- An edited Down does not make a migration modified, an edited Up does; and up to date reads no more.
CALL files.write('m/d/1_plain.sql', E'-- the users, once more\n\n-- migrate:up\nCREATE TABLE users(name text);\n\n-- migrate:down\nDROP TABLE users;\n');
CALL files.write('m/d/7_empty.sql', E'-- migrate:up\nSELECT 7;\n-- migrate:down\nSELECT 7;\n');
SELECT version, flags FROM migrator.status('m/d') WHERE flags && '{modified,reformatted}';
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome;
-- Lines in errors are those of the file.
CALL files.write('m/d/8_line.sql', E'-- migrate:up\n\nSELECT 1;\nSELECT nobody;\n-- migrate:down\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/8_line.sql', E'-- migrate:up\n\nSELECT 1;\nSELECT oops oops oops;\n-- migrate:down\nSELECT oops oops oops;\n');
TABLE files.wrong;
CALL files.remove('m/d/8_line.sql');
-- Back by the file's other part.
SELECT version, outcome FROM migrator.rollback('m/d', steps => 1, options => '{"down_source": "file"}');
CALL files.forget();

-- What is nearly a mark is none to dbmate: it would run the way back on the way up. Nothing runs.
CALL files.make('m/d',
  '1_ok.sql', E'-- migrate:up\nCREATE TABLE first();\n-- migrate:down\n',
  '2_case.sql', E'-- migrate:up\nSELECT 1;\n-- MIGRATE:DOWN\nDROP SCHEMA app CASCADE;\n',
  '3_indented.sql', E'-- migrate:up\nSELECT 1;\n  -- migrate:down\nDROP SCHEMA app CASCADE;\n',
  '4_spaced.sql', E'-- migrate:up\nSELECT 1;\n-- migrate : down\nDROP SCHEMA app CASCADE;\n',
  '5_typo.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:don\nDROP SCHEMA app CASCADE;\n',
  '6_order.sql', E'-- migrate:down\nDROP SCHEMA app CASCADE;\n-- migrate:up\nSELECT 1;\n',
  '7_two_downs.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n-- migrate:down\nDROP SCHEMA app CASCADE;\n',
  '8_two_ups.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:up\nSELECT 2;\n-- migrate:down\nDROP SCHEMA app CASCADE;\n',
  '9_before.sql', E'-- comment\n\nDROP SCHEMA app CASCADE;\n-- migrate:up\nSELECT 1;\n-- migrate:down\n',
  '10_none.sql', E'DROP SCHEMA app CASCADE;\n',
  '11_option.sql', E'-- migrate:up transaction:no\nSELECT 1;\n-- migrate:down\n',
  '12_mixed.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:down\n-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\n',
  '13_cr.sql', E'-- migrate:up\rSELECT 1;\r-- migrate:down\rDROP SCHEMA app CASCADE;\r',
  '14_string.sql', E'-- migrate:up\nSELECT \'\n-- migrate:down\nDROP SCHEMA app CASCADE; --\';\n',
  '15_dollar.sql', E'-- migrate:up\nDO $x$\nBEGIN\n-- migrate:down\nDROP SCHEMA app CASCADE;\nEND $x$;\n',
  '16_comment.sql', E'-- migrate:up\nSELECT 1;\n/*\n-- migrate:down\nDROP SCHEMA app CASCADE;\n*/\n',
  '17_copy.sql', E'-- migrate:up\nCREATE TABLE t(t text);\nCOPY t FROM stdin;\n-- migrate:down\n\\.\nDROP SCHEMA app CASCADE;\n',
  '18_goose.sql', E'-- migrate:up\nSELECT 1;\n-- +goose Down\nDROP SCHEMA app CASCADE;\n-- migrate:down\n',
  '19_words.sql', E'-- migrate:up\nSELECT 1;\n-- Down:\nDROP SCHEMA app CASCADE;\n-- migrate:down\n',
  '20_no_break.sql', E'-- migrate:up\nSELECT 1;\n--\u00A0migrate:down\nDROP SCHEMA app CASCADE;\n-- migrate:down\n',
  '21_no_width.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:\u200Bdown\nDROP SCHEMA app CASCADE;\n-- migrate:down\n',
  '23_trailing.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:down\u00A0\nDROP SCHEMA app CASCADE;\n-- migrate:down\n',
  '22_typo.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:downs\nDROP SCHEMA app CASCADE;\n-- migrate:down\n');
TABLE files.wrong;
CALL migrator.up('m/d');
SELECT count(*) FROM migrator.history;
SELECT to_regclass('first');

-- A few marked files among others: no layout takes the source, and none of them runs whole.
CALL files.make('m/d', '1_a.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP SCHEMA app CASCADE;\n', '2_b.sql', 'SELECT 2;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- but who says that they are dbmate's gets dbmate's word on the other
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"layout": "dbmate"}')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"layout": "dbmat"}')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"layout": "prisma"}')$$);
-- said once and for all
SELECT migrator.register('default', 'm/d', options => '{"layout": "numbered"}');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT migrator.register('default', 'm/d', options => '{"layout": "dbmate"}');
SELECT name, value, origin FROM migrator.settings('m/d') WHERE name = 'layout';
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT files.error($$SELECT migrator.register('default', 'm/d', options => '{"layout": "nosuch"}')$$);
CALL files.write('m/d/2_b.sql', E'-- migrate:up\nSELECT 2;\n-- migrate:down\n');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'app';
CALL files.forget();

-- A new file has both marks.
SELECT file, content FROM migrator.new_migration('m/d', 'more users', up => 'SELECT 3;', down => 'SELECT 4;');
SELECT version, name FROM migrator.pending('m/d');

SELECT * FROM migrator.layouts();
