-- accept(): an applied file was changed on purpose. resolve() with a source.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql', 'SELECT 2;', '3_c.up.sql', 'SELECT 1/0;');
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue');
SELECT migrator.accept('1', source => 'm/d');
\echo :LAST_ERROR_SQLSTATE
-- the file, its down script, or both
CALL files.write('m/d/1_a.up.sql', 'CREATE TABLE a(i int);');
SELECT version, flags FROM migrator.status('m/d');
SELECT migrator.accept('001', note => 'columns were added by hand', source => 'm/d');
SELECT version, flags FROM migrator.status('m/d');
SELECT m.checksum = s.checksum AS same, m.down_script, m.state FROM migrator.migrations m JOIN migrator.status('m/d') s USING (version) WHERE version = '1';
CALL files.write('m/d/1_a.down.sql', 'DROP TABLE a CASCADE;');
SELECT migrator.accept('1', source => 'm/d');
SELECT down_script FROM migrator.migrations WHERE version = '1';
CALL files.remove('m/d/1_a.down.sql');
SELECT migrator.accept('1', source => 'm/d');
SELECT down_script IS NULL AS none FROM migrator.migrations WHERE version = '1';
SELECT version, event, note, checksum = (SELECT checksum FROM migrator.migrations WHERE version = '1') AS new FROM migrator.history
  WHERE event = 'accepted' ORDER BY id;
-- under checksum_policy = error the next run goes on
SET migrator.checksum_policy = error;
CALL files.write('m/d/2_b.up.sql', 'SELECT 22;');
CALL files.write('m/d/3_c.up.sql', 'SELECT 3;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.accept('2', source => 'm/d');
SELECT version, outcome FROM migrator.apply('m/d');
RESET migrator.checksum_policy;
-- the registered source
SELECT migrator.register('default', 'm/d');
CALL files.write('m/d/2_b.up.sql', 'SELECT 222;');
SELECT migrator.accept('2');
SELECT version, flags FROM migrator.status();
SELECT migrator.unregister('default');
-- ROLLBACK
CALL files.write('m/d/2_b.up.sql', 'SELECT 2222;');
BEGIN;
SELECT migrator.accept('2', source => 'm/d');
ROLLBACK;
SELECT version, flags FROM migrator.status('m/d');

-- Refused.
SELECT migrator.accept(NULL, source => 'm/d');
SELECT migrator.accept('2');
SELECT migrator.accept('9', source => 'm/d');
CALL files.write('m/d/4_d.up.sql', 'SELECT 4;');
SELECT migrator.accept('4', source => 'm/d');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.resolve('3', 'rolled_back');
SELECT migrator.accept('3', source => 'm/d');
CALL files.remove('m/d/1_a.up.sql');
SELECT migrator.accept('1', source => 'm/d');
SELECT migrator.accept('1', 'other', source => 'm/d');
BEGIN READ ONLY;
SELECT migrator.accept('2', source => 'm/d');
ROLLBACK;
-- another directory: its files are not those that were applied
CALL files.make('m/foreign', '1_users.up.sql', 'SELECT 1;', '2_orders.up.sql', 'SELECT 2;');
SELECT migrator.accept('2', source => 'm/foreign');
\echo :LAST_ERROR_SQLSTATE
-- a file, or a down script, that cannot be read
CALL files.run('printf ''\377'' >m/d/2_b.down.sql');
SELECT migrator.accept('2', source => 'm/d');

-- resolve() finds a pending migration in the source it is given.
SELECT migrator.resolve('4', 'applied');
SELECT migrator.resolve('4', 'applied', note => 'by hand', source => 'm/d');
SELECT version, state, file FROM migrator.migrations ORDER BY version;
