-- Late files: a pending migration that sorts before an applied one.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '2_b.sql', 'CREATE TABLE b();', '4_d.sql', 'CREATE TABLE d();');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.write('m/d/1_a.sql', 'CREATE TABLE a();');
CALL files.write('m/d/3_c.sql', 'CREATE TABLE c();');
CALL files.write('m/d/5_e.sql', 'CREATE TABLE e();');

-- They stop a run before anything ran, and both versions are named.
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('e');
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT version FROM migrator.pending('m/d');
SELECT severity, version, file, message, hint FROM migrator.validate('m/d') WHERE check_name = 'late';
SELECT * FROM migrator.apply('m/d', target => '3');
SELECT * FROM migrator.apply('m/d', dry_run => true);
SELECT * FROM migrator.apply('m/d', options => '{"force": true}');
-- naming a version does not admit it
SELECT * FROM migrator.apply('m/d', versions => '{1}');
-- those that are not late may be named
SELECT version, outcome FROM migrator.apply('m/d', versions => '{5}', dry_run => true);

-- allow_late admits one version, or some, written in any way.
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}', options => '{"allow_late": "2"}');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}', options => '{"allow_late": "001"}');
SELECT version, outcome FROM migrator.apply('m/d', options => '{"allow_late": "1"}');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, options => '{"allow_late": ["1", "3"]}');
-- migrator.late = allow admits all
SET migrator.late = allow;
SELECT version, outcome FROM migrator.apply('m/d');
RESET migrator.late;
SELECT version, state, flags FROM migrator.status('m/d');
-- it is a superuser's setting
CREATE ROLE regress_migrator_late;
SET ROLE regress_migrator_late;
SET migrator.late = allow;
RESET ROLE;
DROP ROLE regress_migrator_late;

-- A failed one is not late, nor one that was rolled back: they had their turn.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;', '3_c.sql', 'SELECT 3;');
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue');
CALL files.write('m/d/2_b.sql', 'SELECT 2;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.resolve('2', 'rolled_back', note => 'taken back by hand') FROM migrator.register('default', 'm/d');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
-- A manual one is late only when it is asked for by name.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: manual\nCREATE TABLE by_hand();', '2_b.sql', 'SELECT 2;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT migrator.is_current('m/d');
SELECT version FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}');
SELECT version, state, flags FROM migrator.status('m/d');
-- What is applied counts, also when its file is gone.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '9_z.sql', 'SELECT 9;');
SELECT version FROM migrator.apply('m/d');
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT version FROM migrator.apply('m/d');
