-- goose's directories: NUMBER_name.sql, with "-- +goose Up" and "-- +goose Down".
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Names, good and bad.
CALL files.make('m/d',
  '00001_a.sql', E'-- +goose Up\n', '2_b.c.sql', E'-- +goose Up\n', '20240101120000_long.SQL', E'-- +goose Up\n', 'README.md', '', 'helper.sql', '');
SELECT version, name, file FROM migrator.pending('m/d');
CALL files.make('m/d', '1_a.sql', E'-- +goose Up\n', '2.sql', E'-- +goose Up\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.make('m/d', '1_a.sql', E'-- +goose Up\n', '2-b.sql', E'-- +goose Up\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- what is code cannot run here
CALL files.make('m/d', '1_a.sql', E'-- +goose Up\n', '2_b.go', 'package x');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);

-- Up never runs Down. Each Down here would drop everything.
CALL files.make('m/d',
  '1_plain.sql', E'-- the users\n\n-- +goose Up\n-- their names\nCREATE TABLE users(name text);\n\n-- +goose Down\nDROP SCHEMA app CASCADE;\n',
  '2_case.sql', E'-- +goose up\nINSERT INTO users VALUES (\'two\');\n-- +goose down\nDROP SCHEMA app CASCADE;\n',
  '3_crlf.sql', E'-- +goose Up\r\nINSERT INTO users VALUES (\'three\r\nlines\');\r\n-- +goose Down\r\nDROP SCHEMA app CASCADE;\r\n',
  '4_bom.sql', E'\uFEFF-- +goose Up\nINSERT INTO users VALUES (\'four\');\n-- +goose Down\nDROP SCHEMA app CASCADE;\n',
  '5_dashes.sql', E'----  +goose  Up  --\nINSERT INTO users VALUES (\'five\');\n--+goose DOWN\nDROP SCHEMA app CASCADE;\n',
  '6_no_way.sql', E'-- +goose Up\nCREATE TABLE six();\n',
  '7_function.sql', E'-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  -- one; two;\n'
    '  RETURN 7;\nEND $$;\n-- +goose StatementEnd\nSELECT f();\n-- +goose Down\n-- +goose StatementBegin\nDROP SCHEMA app CASCADE;\n-- +goose StatementEnd\n',
  '8_alone.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY ON users (name);\nINSERT INTO users VALUES (\'eight\');\n'
    '-- +goose Down\nDROP SCHEMA app CASCADE;\n',
  '9_late_mark.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP SCHEMA app CASCADE;\n-- +goose no transaction\n',
  '10_words.sql', E'-- +goose Up\nSELECT \'x -- +goose Down\'; -- +goose Down\nCOMMENT ON TABLE users IS \'+goose Down\';\n'
    '-- +goose Down\nDROP SCHEMA app CASCADE;\n',
  '11_envsub.sql', E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT 1;\n-- costs $5\n-- +goose ENVSUB OFF\nSELECT \'$HOME ${HOME}\';\n'
    '-- +goose Down\nDROP SCHEMA app CASCADE;');
TABLE files.wrong;
SELECT version, transactional, description FROM migrator.pending('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE users;
SELECT version, layout, down_script FROM migrator.migrations ORDER BY version::int;
-- nothing to do, and an edited Down is none of the migration's
CALL files.write('m/d/6_no_way.sql', E'-- +goose Up\nCREATE TABLE six();\n-- +goose Down\nDROP TABLE six;');
SELECT version, flags FROM migrator.status('m/d') WHERE flags && '{modified,reformatted}';
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome;
SELECT file, content FROM migrator.new_migration('m/d', 'next one');
CALL files.forget();

-- What goose does not read as one would think. Nothing runs.
CALL files.make('m/d',
  '01_ok.sql', E'-- +goose Up\nCREATE TABLE first();\n',
  '02_indented.sql', E'-- +goose Up\nSELECT 1;\n  -- +goose Down\nDROP SCHEMA app CASCADE;\n',
  '03_spaced.sql', E'-- +goose Up\nSELECT 1;\n-- + goose Down\nDROP SCHEMA app CASCADE;\n',
  '04_upper.sql', E'-- +goose Up\nSELECT 1;\n-- +GOOSE Down\nDROP SCHEMA app CASCADE;\n',
  '05_typo.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Dwon\nDROP SCHEMA app CASCADE;\n',
  '06_more.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Down: all of it\nDROP SCHEMA app CASCADE;\n',
  '07_order.sql', E'-- +goose Down\nDROP SCHEMA app CASCADE;\n-- +goose Up\nSELECT 1;\n',
  '08_twice.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Up\nDROP SCHEMA app CASCADE;\n',
  '09_down_twice.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n-- +goose Down\nDROP SCHEMA app CASCADE;\n',
  '10_before.sql', E'DROP SCHEMA app CASCADE;\n-- +goose Up\nSELECT 1;\n',
  '11_none.sql', E'DROP SCHEMA app CASCADE;\n',
  '12_begin.sql', E'-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose Down\nDROP SCHEMA app CASCADE;\n-- +goose StatementEnd\n',
  '13_begin_twice.sql', E'-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementBegin\nSELECT 2;\n-- +goose StatementEnd\n',
  '14_no_end.sql', E'-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n',
  '15_no_begin.sql', E'-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n',
  '16_begin_first.sql', E'-- +goose StatementBegin\n-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n',
  '17_cr.sql', E'-- +goose Up\rSELECT 1;\r-- +goose Down\rDROP SCHEMA app CASCADE;\r',
  '18_string.sql', E'-- +goose Up\nSELECT \'\n-- +goose Down\nDROP SCHEMA app CASCADE; --\';\n',
  '19_dollar.sql', E'-- +goose Up\nDO $x$\nBEGIN\n-- +goose Down\nDROP SCHEMA app CASCADE;\nEND $x$;\n',
  '20_comment.sql', E'-- +goose Up\nSELECT 1;\n/*\n-- +goose Down\nDROP SCHEMA app CASCADE;\n*/\n',
  '21_copy.sql', E'-- +goose Up\nCREATE TABLE t(t text);\nCOPY t FROM stdin;\n-- +goose Down\n\\.\nDROP SCHEMA app CASCADE;\n',
  '22_dbmate.sql', E'-- +goose Up\nSELECT 1;\n-- migrate:down\nDROP SCHEMA app CASCADE;\n-- +goose Down\n',
  '23_envsub.sql', E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT \'${HOME}\';\nDO $$ BEGIN END $$;\n',
  '24_envsub.sql', E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT \'${HOME}\';\n-- +goose ENVSUB OFF\nSELECT \'$HOME\';\n',
  '25_envsub.sql', E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT \'${HOME}\';\n');
TABLE files.wrong;
CALL migrator.up('m/d');
SELECT count(*) FROM migrator.history;
SELECT to_regclass('first');

-- With ENVSUB, variables have the values.
CALL files.make('m/d', '1_a.sql', E'-- +goose Up\n-- +goose ENVSUB ON\nCREATE TABLE $name (t text DEFAULT \'${word} ${more:-or less} ${word:-x} 5$\');\n' ||
  E'-- +goose ENVSUB OFF\nINSERT INTO a DEFAULT VALUES;\n-- +goose Down\nSELECT \'$name\';');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"name": "a", "word": "more"}');
TABLE a;
SELECT version, outcome FROM migrator.rollback('m/d');
CALL files.forget();

-- The marks of two tools in the same files: which is meant has to be said.
CALL files.make('m/d', '1_a.sql', E'-- +goose Up\n-- migrate:up\nCREATE TABLE both_tools();\n-- migrate:down\n-- +goose Down\nDROP TABLE both_tools;\n');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', options => '{"layout": "goose"}');
