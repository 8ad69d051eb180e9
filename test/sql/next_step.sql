-- What a user is told to do next, and that what is said is true: hints, counts, "up to date", units, names.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- a failure carries the next step; a hint of the error's own stays as it is
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '2_b.sql', 'SELECT 1/0;', '3_c.sql', 'SELECT nosuch(1);');
SELECT * FROM migrator.apply('m/d');
CALL migrator.up('m/d');
CALL migrator.up('m/d', versions => '{3}');
SELECT version, outcome, message FROM migrator.apply('m/d', versions => '{2}', on_error => 'stop');
-- part by part
CALL files.make('m/p', '1_a.sql', E'CREATE TABLE p(i int);\nVACUUM p;\nSELECT 1/0;');
CALL migrator.up('m/p', 'parts');
-- rights
CREATE ROLE "regress migrator poor";
GRANT USAGE ON SCHEMA app, files TO "regress migrator poor";
GRANT EXECUTE ON PROCEDURE migrator.up TO "regress migrator poor";
CALL files.make('m/r', '1_a.sql', 'CREATE TABLE app.r();');
SET migrator.source_roots = 'm/r';
SET ROLE "regress migrator poor";
CALL migrator.up('m/r', 'rights');
\set VERBOSITY terse
CALL migrator.up('m/nowhere', 'rights');
\set VERBOSITY default
RESET ROLE;
-- a new enum value, used where it was added
CALL files.make('m/e', '1_a.sql', E'CREATE TYPE mood AS ENUM (\'sad\');', '2_b.sql', E'ALTER TYPE mood ADD VALUE \'ok\';\nSELECT \'ok\'::mood;');
CALL migrator.up('m/e', 'enum', target => '1') \g /dev/null
CALL migrator.up('m/e', 'enum');
CALL files.write('m/e/2_b.sql', E'-- migrator: no-transaction\nALTER TYPE mood ADD VALUE \'ok\';\nSELECT \'ok\'::mood;');
CALL migrator.up('m/e', 'enum') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome;

-- What the next run will try is pending, the failed one too; one whose file is gone is neither failed nor pending.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;');
CALL migrator.up('m/d');
SELECT s ->> 'applied' AS applied, s ->> 'pending' AS pending, s ->> 'failed' AS failed, s -> 'pendingMigrations' AS names FROM migrator.summary('m/d') s;
SELECT version FROM migrator.pending('m/d');
SELECT migrator.is_current('m/d');
CALL files.remove('m/d/2_b.sql');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT s ->> 'applied' AS applied, s ->> 'pending' AS pending, s ->> 'failed' AS failed FROM migrator.summary('m/d') s;
SELECT migrator.is_current('m/d');
-- but of a part that is done the schema does tell
CALL files.make('m/p', '1_a.sql', E'CREATE TABLE p(i int);\nVACUUM p;\nSELECT 1/0;', '2_b.sql', 'SELECT 1;');
CALL migrator.up('m/p', 'parts', target => '1');
CALL files.remove('m/p/1_a.sql');
SELECT s ->> 'failed' AS failed FROM migrator.summary('m/p', 'parts') s;
CALL migrator.up('m/p', 'parts') \g /dev/null
SELECT migrator.is_current('m/p', 'parts'), s ->> 'pending' AS pending FROM migrator.summary('m/p', 'parts') s;
-- one that is on record as running: the next run takes it up
UPDATE migrator.migrations SET state = 'running' WHERE service = 'default' AND version = '1';
SELECT version FROM migrator.pending('m/d');
SELECT migrator.is_current('m/d'), s ->> 'pending' AS pending FROM migrator.summary('m/d') s;
SELECT migrator.baseline('m/d', version => '1');

-- "Up to date" is said when nothing at all is pending.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;');
CALL migrator.up('m/d', target => '1') \g /dev/null
SET client_min_messages = notice;
CALL migrator.up('m/d', target => '1', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
CALL migrator.up('m/d', versions => '{1}') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
SELECT * FROM migrator.apply('m/d', target => '1');
SELECT * FROM migrator.apply('m/d', versions => '{1}');
SET client_min_messages = warning;
-- total counts the source's, selected those of the run
CALL migrator.up('m/d', target => '2') \gset
SELECT :'result'::jsonb - 'duration_ms' - 'migrations' AS result;
CALL migrator.up('m/d', options => '{"verbose": "no"}');
CALL migrator.up('m/d', options => '{"verbos": false}');

-- Faults of scripts that go down are warnings: no run stops for them.
CALL files.make('m/v', '1_a.up.sql', 'SELECT 1;', '1_a.down.sql', E'SELEC 1;\nCOMMIT;', '2_b.up.sql', 'SELECT 2;', '2_b.down.sql',
  'SELECT 2;', '3_c.up.sql', 'SELEC 3;', '3_c.down.sql', 'SELECT 3;');
CALL files.write('m/v/2_b.down.sql', '\xff'::bytea);
SELECT check_name, severity, version, file, line, message FROM migrator.validate('m/v', 'down') WHERE severity NOT IN ('ok', 'info');
CALL files.write('m/v/3_c.up.sql', 'SELECT 3;');
CALL migrator.up('m/v', 'down') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome;

-- Two files of one version.
CALL files.make('m/t', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', '002_c.sql', 'SELECT 3;', '3_d.sql', 'SELECT 4;');
SELECT version, state, flags, message FROM migrator.status('m/t', 'twice');
SELECT * FROM migrator.pending('m/t', 'twice');
-- with one of them on record, that is shown, too
CALL files.make('m/t', '2_b.sql', 'SELECT 2;');
CALL migrator.up('m/t', 'claimed') \gset
CALL files.make('m/t', '2_b.sql', 'SELECT 2;', '002_c.sql', 'SELECT 3;', '3_d.sql', 'SELECT 4;');
SELECT version, name, state, flags FROM migrator.status('m/t', 'claimed');

-- wait_timeout: a number alone is seconds, in the argument and in the setting.
SHOW migrator.wait_timeout;
SET migrator.wait_timeout = '5';
SHOW migrator.wait_timeout;
SET migrator.wait_timeout = '250ms';
SHOW migrator.wait_timeout;
SET migrator.wait_timeout = 0.5;
SHOW migrator.wait_timeout;
SELECT left(files.error($$SET migrator.wait_timeout = '-1'$$), 30);
SET migrator.wait_timeout = '1000 days';
SELECT setting, unit, min_val, max_val FROM pg_settings WHERE name = 'migrator.wait_timeout';
RESET migrator.wait_timeout;

-- unlock() of a service that is not there
SELECT migrator.unlock('nope');
SELECT migrator.unlock('Nope');
SELECT count(*) FROM migrator.unlock('down');
SELECT count(*) FROM migrator.unlock('default');
SELECT count(*) FROM migrator.unlock();
SELECT migrator.register('idle', 'm/t') \g /dev/null
SELECT count(*) FROM migrator.unlock('idle');
