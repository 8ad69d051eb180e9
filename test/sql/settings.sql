-- settings(): each value and where it comes from; and what precedes what.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT * FROM migrator.settings();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;');
-- argument
SELECT * FROM migrator.settings('m/d', 'billing') LIMIT 4;
-- registration, and that a setting wins
SELECT migrator.register('billing', 'm/d', 'staging', 'app, public') \g /dev/null
SELECT * FROM migrator.settings() LIMIT 4;
SELECT * FROM migrator.settings('m/d') LIMIT 4;
SELECT * FROM migrator.settings('m/./d', NULL) LIMIT 4;
SET migrator.environment = production;
SELECT * FROM migrator.settings() WHERE name IN ('environment', 'migrator.environment');
SELECT version FROM migrator.apply(dry_run => true, environment => 'development');
\echo :LAST_ERROR_SQLSTATE
SELECT version FROM migrator.apply();
SELECT service, version, environment FROM migrator.migrations;
RESET migrator.environment;
-- the registration, too; and the stamp of the run stays behind it
SELECT version FROM migrator.apply(dry_run => true, environment => 'development');
SELECT version FROM migrator.apply();
-- session, database, user: as pg_settings tells
SET migrator.wait_timeout = '1min';
BEGIN;
SET LOCAL migrator.if_locked = skip;
SELECT * FROM migrator.settings() WHERE name IN ('migrator.wait_timeout', 'migrator.if_locked', 'migrator.on_error');
ROLLBACK;
SELECT * FROM migrator.settings() WHERE name IN ('migrator.wait_timeout', 'migrator.if_locked', 'migrator.on_error');
SELECT current_database() AS database, current_user AS me \gset
ALTER DATABASE :"database" SET migrator.enabled = off;
CREATE ROLE regress_migrator_settings SUPERUSER LOGIN;
ALTER ROLE regress_migrator_settings SET migrator.on_error = stop;
\c - regress_migrator_settings
SELECT * FROM migrator.settings() WHERE name IN ('migrator.enabled', 'migrator.on_error', 'migrator.record_failures');
SELECT outcome, message FROM migrator.apply();
\c - :me
ALTER DATABASE :"database" RESET migrator.enabled;
-- A setting that is unknown or wrong when the library is loaded makes a run refuse, not merely a WARNING.
ALTER ROLE regress_migrator_settings RESET ALL;
ALTER ROLE regress_migrator_settings SET migrator.lock_id = '42';
\c - regress_migrator_settings
SELECT * FROM migrator.settings() WHERE name = 'migrator.lock_id';
SELECT migrator.lock_key(), migrator.lock_key('billing');
\c - :me
-- (once our library is loaded the server refuses such a name, so it is set in a session that has not loaded it)
ALTER ROLE regress_migrator_settings SET migrator.on_eror = stop;
\c - regress_migrator_settings
SELECT outcome FROM migrator.apply();
SELECT service, version, state FROM migrator.status();
\c - :me
ALTER ROLE regress_migrator_settings RESET ALL;
ALTER ROLE regress_migrator_settings SET migrator.on_error = whatever;
\c - regress_migrator_settings
SELECT outcome FROM migrator.apply();
SELECT migrator.register('x', 'm/d');
\c - :me
DROP ROLE regress_migrator_settings;
-- lock_id: one key for all services
SET migrator.lock_id = '123456789';
SELECT migrator.lock_key(), migrator.lock_key('billing'), migrator.lock_key('billing', 'up') = migrator.lock_key('default', 'up') AS same_up;
SET migrator.lock_id = 'x';
SET migrator.lock_id = '9223372036854775808';
SET migrator.lock_id = '-9223372036854775808';
SELECT migrator.lock_key();
RESET migrator.lock_id;
-- refused
SELECT * FROM migrator.settings('m/d', 'No');
