-- One statement for each SQLSTATE that can be raised now; docs/errors.md lists them.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
CALL files.make('m/none');
\set VERBOSITY sqlstate
-- bad arguments
SELECT * FROM migrator.apply();
SELECT * FROM migrator.apply('m/d', target => '9');
SELECT * FROM migrator.apply('m/d', versions => ARRAY[NULL]::text[]);
SELECT * FROM migrator.apply('m/d', variables => '[]');
SELECT * FROM migrator.apply('stage:x');
SELECT migrator.resolve('9', 'applied');
SELECT migrator.unregister('x');
-- files
SELECT * FROM migrator.apply('m/nowhere');
SELECT * FROM migrator.apply('PG_VERSION');
SELECT * FROM migrator.apply('m/none');
CALL files.names('m/e', 'common/');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.names('m/e', '1_a.sql', '01_b.sql');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e');
CALL files.write('m/e/1_a.sql', '\xff'::bytea);
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.write('m/e/1_a.sql', repeat(' ', 1025));
SET migrator.max_file_size = 1;
SELECT * FROM migrator.apply('m/e', 'e');
RESET migrator.max_file_size;
CALL files.run('ln -sf 1_a.sql m/e/1_a.sql');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.run('ln -sf nowhere m/e/1_a.sql');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.run('rm m/e/1_a.sql && mkfifo m/e/1_a.sql');
SELECT * FROM migrator.apply('m/e', 'e');
-- scripts
CALL files.make('m/e', '1_a.sql', 'SELEC');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', '\x');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'BEGIN;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'BEGIN; COMMIT; COMMIT;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'ROLLBACK;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'VACUUM;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'DO $$BEGIN COMMIT; END$$;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'DROP EXTENSION migrator;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'SELECT migrator.baseline(''m/e'');');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_a.sql', 'SELECT 1/0;');
SELECT * FROM migrator.apply('m/e', 'e');
-- where and when
BEGIN READ ONLY;
SELECT * FROM migrator.apply('m/d');
ROLLBACK;
-- policy
SELECT migrator.assert_current('m/d');
SELECT version FROM migrator.apply('m/d', versions => '{2}');
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/2_b.sql', 'SELECT 22;');
SET migrator.checksum_policy = error;
SELECT * FROM migrator.apply('m/d', options => '{"allow_late": "1"}');
RESET migrator.checksum_policy;
UPDATE migrator.migrations SET state = 'running';
SELECT * FROM migrator.apply('m/d');
UPDATE migrator.migrations SET state = 'applied';
-- dependencies
CALL files.write('m/d/dependencies.json', '{"migrations": {"2": {"depends_on": ["7"]}}}');
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/3_c.sql', 'SELECT 3;');
CALL files.write('m/d/dependencies.json', '{"migrations": {"3": {"cross_service_dependencies": {"billing": ["7"]}}}}');
SELECT * FROM migrator.apply('m/d', versions => '{3}');
CALL files.write('m/d/dependencies.json', '{"migrations": {"3": {"manuel": true}}}');
SELECT * FROM migrator.apply('m/d');
CALL files.write('m/d/dependencies.json', '{');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.impact('m/d', relation => 'a b');
CALL files.names('m/d', '1_a.up.sql', '2_b.up.sql');
SELECT * FROM migrator.apply('m/d');
SELECT migrator.resolve('2', 'applied');
SELECT migrator.register('a-b', 'm/d') \g /dev/null
SELECT migrator.register('a_b', 'm/d');
CALL files.make('m/destructive', '1_a.sql', 'DROP TABLE app.x');
SELECT migrator.register('strict', 'm/destructive', options => '{"allow_destructive_operations": false}') \g /dev/null
SELECT * FROM migrator.apply('m/destructive', 'strict');
-- rights
CREATE ROLE regress_migrator_errors;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO regress_migrator_errors;
SET ROLE regress_migrator_errors;
SELECT * FROM migrator.apply('m/d');
SET migrator.late = allow;
RESET ROLE;
DROP OWNED BY regress_migrator_errors;
DROP ROLE regress_migrator_errors;
-- the extension itself
UPDATE pg_extension SET extversion = '0' WHERE extname = 'migrator';
SELECT * FROM migrator.apply('m/d');
UPDATE pg_extension SET extversion = migrator.version() WHERE extname = 'migrator';
