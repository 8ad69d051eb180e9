-- validate(): each check with a hit and a miss, all files in one call.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- nothing to find: one ok row a check
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql', 'SELECT 2; SELECT 3;', '2_b.down.sql', '');
SELECT * FROM migrator.validate('m/d');
-- verbose: one for each file besides
SELECT * FROM migrator.validate('m/d', verbose => true) WHERE version IS NOT NULL;
SELECT count(*) FROM migrator.validate('m/d', verbose => NULL) WHERE version IS NOT NULL;
SELECT version FROM migrator.apply('m/d');

-- something for every check, of several files, in one go
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', E'DROP TABLE a;\nDROP TABEL b;',  -- modified; syntax of the down script
  '02_b.up.sql', 'select 2 ; select 3',                                                    -- reformatted; no down script
  '3_c.up.sql', E'SELECT 1;\n  SELEC 2;\nSELECT ''open', '3_c.down.sql', '',              -- syntax, twice
  '4_d.up.sql', E'-- migrator: no-transation\n-- migrator: timeout 5s\nSELECT 4;', '4_d.down.sql', '-- migrator: whatever', -- directives
  '5_e.up.sql', E'SELECT 1;\nROLLBACK;', '5_e.down.sql', '',                                -- transactions
  '6_f.up.sql', E'CREATE INDEX ON a(i);\n\nVACUUM a;', '6_f.down.sql', '',                   -- non_transactional
  '7_g.up.sql', 'SELECT 7;', '007_h.up.sql', 'SELECT 7;', '7_g.down.sql', '',               -- duplicates
  'views.sql', 'SELECT 1;', '8_i.down.sql', '', 'README', '',                               -- names
  '9_j.up.sql', E'\\i other.sql\nDROP EXTENSION migrator;', '9_j.down.sql', '');
CALL files.write('m/d/91_k.up.sql', E'SELECT 1;\nSELECT '::bytea || '\xff'::bytea);
CALL files.run('cd m/d && mkfifo 92_l.up.sql && ln -s nowhere 93_m.up.sql');
SELECT check_name, severity, version, file, line, replace(message, current_setting('data_directory') || '/', '') AS message, hint FROM migrator.validate('m/d');
-- a run is stopped by the first of them
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- missing and late, once these are gone
CALL files.make('m/d', '02_b.up.sql', 'SELECT 2; SELECT 3;', '02_b.down.sql', '', '0_z.up.sql', 'SELECT 0;', '0_z.down.sql', '');
SELECT * FROM migrator.validate('m/d') WHERE severity <> 'ok';
-- another layout than on record
CALL files.make('m/d', '1_a.sql', 'SELECT 1;');
SELECT * FROM migrator.validate('m/d') WHERE severity IN ('error', 'warning');
-- many problems of one file are cut
CALL files.forget();
CALL files.make('m/d', '1_a.sql', repeat(E'SELEC 1;\n', 100), '2_b.sql', 'SELEC 2;');
SELECT version, count(*), min(line), max(line) FROM migrator.validate('m/d') WHERE severity = 'error' GROUP BY 1 ORDER BY 1;
-- refused
SELECT * FROM migrator.validate();
SELECT * FROM migrator.validate('m/nowhere');
SELECT * FROM migrator.validate('m/d', 'No');
-- nothing was written
SELECT (SELECT count(*) FROM migrator.migrations), (SELECT count(*) FROM migrator.history);
