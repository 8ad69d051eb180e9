-- assert_valid(): what validate() finds, as an error.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/good', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
SELECT migrator.assert_valid('m/good');
SELECT migrator.assert_valid('m/good', severity => 'warning');
SELECT migrator.assert_valid('m/good', severity => NULL);
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', E'SELECT 2;\nSELEC 3;', '2_c.sql', 'SELECT 2;', '4_d.sql', 'SELECT (;', '5_e.sql', 'VACUUM;');
SELECT migrator.assert_valid('m/d');
\echo :LAST_ERROR_SQLSTATE
-- warnings
SELECT version FROM migrator.apply('m/good');
CALL files.write('m/good/1_a.sql', 'SELECT 11;');
SELECT migrator.assert_valid('m/good');
SELECT migrator.assert_valid('m/good', severity => 'warning');
\echo :LAST_ERROR_SQLSTATE
-- the worst first, whatever was asked for
CALL files.write('m/good/3_c.sql', 'SELEC 3;');
SELECT migrator.assert_valid('m/good', severity => 'warning');
-- many
CALL files.forget();
DO $$ BEGIN CALL files.run('mkdir -p m/many'); FOR n IN 1 .. 15 LOOP CALL files.write(format('m/many/%s_x.sql', n), 'SELEC;'); END LOOP; END $$;
SELECT migrator.assert_valid('m/many', 'many');
-- the registered source
SELECT migrator.register('many', 'm/many');
SELECT files.error($$SELECT migrator.assert_valid(service => 'many')$$);
-- refused
SELECT migrator.assert_valid();
SELECT migrator.assert_valid('m/nowhere');
SELECT migrator.assert_valid('m/many', severity => 'ok');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.assert_valid('m/many', severity => 'fatal');
SELECT migrator.assert_valid('m/many', environment => 'No');
