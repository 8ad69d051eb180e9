-- The keys, the view of locks, unlock().
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT migrator.lock_key() = hashtextextended('migrator:default', 0) AS "default",
  migrator.lock_key('billing-api') = hashtextextended('migrator:billing-api', 0) AS billing,
       migrator.lock_key('billing-api', 'up') = hashtextextended('migrator:up:billing-api', 0) AS up;
SELECT migrator.lock_key(NULL), migrator.lock_key('x', NULL);
SELECT migrator.lock_key('x', 'down');
SELECT migrator.lock_key('X');
-- held to the end of the transaction
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE seen AS SELECT service, mode, state, pid = pg_backend_pid() AS ours FROM migrator.locks;',
  '2_b.sql', 'SELECT 2;');
TABLE migrator.locks;
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT service, mode, state, pid = pg_backend_pid() AS ours, "user" = current_user AS "user",
  application = current_setting('application_name') AS application, client, since <= clock_timestamp() AS since FROM migrator.locks;
-- again in the same transaction: the lock is ours
SELECT version, outcome FROM migrator.apply('m/d', if_locked => 'fail');
SELECT count(*) FROM migrator.locks;
-- nobody else holds it
SELECT * FROM migrator.unlock();
COMMIT;
TABLE migrator.locks;
TABLE seen;
-- a service that nobody knows yet is seen once it has a record
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d', 'new', versions => '{2}');
SELECT service, mode, state FROM migrator.locks;
ROLLBACK;
-- a run that has nothing to do takes none; a dry run does; a failed one leaves none
BEGIN;
SELECT version FROM migrator.apply('m/d');
SELECT count(*) FROM migrator.locks;
COMMIT;
CALL files.write('m/d/3_c.sql', 'SELECT 1/0;');
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, on_error => 'stop');
SELECT count(*) FROM migrator.locks;
COMMIT;
SELECT version FROM migrator.apply('m/d');
SELECT count(*) FROM migrator.locks;
-- the lock of another tool with our key counts
BEGIN;
SELECT pg_advisory_xact_lock(migrator.lock_key());
SELECT service, mode, state FROM migrator.locks;
COMMIT;
-- unlock(): nobody to cancel
SELECT * FROM migrator.unlock();
SELECT migrator.unlock();
SELECT * FROM migrator.unlock('default', true);
SELECT * FROM migrator.unlock(NULL, NULL);
SELECT * FROM migrator.unlock('No');
-- Another session holds it: told, timed out, skipped, cancelled.
CREATE PROCEDURE files.wait(held boolean) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 3000 LOOP
    EXIT WHEN EXISTS (SELECT FROM migrator.locks WHERE state = 'held') = held;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\! "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -c "BEGIN; SELECT pg_advisory_xact_lock(migrator.lock_key()); SELECT pg_sleep(600)" >/dev/null 2>&1 &
CALL files.wait(true);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', if_locked => 'fail')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', wait_timeout => '10 ms')$$);
SELECT files.error($$SELECT migrator.baseline('m/d') FROM set_config('migrator.wait_timeout', '10ms', true)$$);
-- (the warning holds a pid)
SET client_min_messages = error;
SET log_min_messages = error;
SELECT service, version, outcome, message LIKE 'another run is in progress (pid %' AS message FROM migrator.apply('m/d', if_locked => 'skip');
SET migrator.if_locked = skip;
SELECT service, version, outcome FROM migrator.apply('m/d', dry_run => true);
-- a decision is not skipped
SELECT files.error($$SELECT migrator.resolve('1', 'pending')$$);
RESET migrator.if_locked;
RESET log_min_messages;
SET client_min_messages = warning;
SELECT count(*) FROM migrator.unlock();
CALL files.wait(false);
SELECT version, outcome, message FROM migrator.apply('m/d', if_locked => 'fail', on_error => 'continue');
-- The documented key in the hands of a login that may do nothing, and of one that may run: only the second is waited for.
CREATE ROLE migrator_stranger LOGIN;
CREATE ROLE migrator_locks_runner;
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;', '4_d.sql', 'SELECT 4;', '5_e.sql', 'SELECT 5;');
CALL files.forget();
\! "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -U migrator_stranger -c "SELECT pg_advisory_lock(hashtextextended('migrator:default', 0)), pg_advisory_lock(hashtextextended('migrator:up:default', 0)), pg_sleep(600)" >/dev/null 2>&1 &
CALL files.wait(true);
SELECT service, mode, state, "user" FROM migrator.locks;
SELECT version, outcome FROM migrator.apply('m/d', target => '1', if_locked => 'fail');
CALL migrator.up('m/d', target => '2', if_locked => 'fail') \gset
SELECT version, state FROM migrator.migrations ORDER BY version;
-- he is in nobody's way
SELECT count(*) FROM migrator.unlock();
-- a member of a role that may run, though he does not inherit it
ALTER ROLE migrator_stranger NOINHERIT;
GRANT migrator_locks_runner TO migrator_stranger;
GRANT EXECUTE ON PROCEDURE migrator.up TO migrator_locks_runner;
SELECT files.error($$SELECT * FROM migrator.apply('m/d', if_locked => 'fail')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', wait_timeout => '10 ms')$$);
\set VERBOSITY terse
CALL migrator.up('m/d', wait_timeout => '10 ms');
\set VERBOSITY default
-- nobody may run a service that names roles but their members, so it waits for no others
CREATE ROLE migrator_locks_team;
SELECT migrator.register('default', 'm/d', options => '{"roles": ["migrator_locks_team"]}');
SELECT version, outcome FROM migrator.apply('m/d', target => '3', if_locked => 'fail', dry_run => true);
SELECT count(*) FROM migrator.unlock();
GRANT migrator_locks_team TO migrator_locks_runner;
SELECT files.error($$SELECT * FROM migrator.apply('m/d', if_locked => 'fail', dry_run => true)$$);
REVOKE migrator_locks_team FROM migrator_locks_runner;
SELECT migrator.unregister('default');
DROP ROLE migrator_locks_team;
-- a function that is called like ours is none
REVOKE EXECUTE ON PROCEDURE migrator.up FROM migrator_locks_runner;
CREATE FUNCTION migrator.up(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT version, outcome FROM migrator.apply('m/d', target => '3', if_locked => 'fail');
DROP FUNCTION migrator.up(integer);
-- migrator.lock_id says whom to wait for, whoever that is
SET migrator.lock_id = 47110815;
SELECT version, outcome FROM migrator.apply('m/d', target => '4', if_locked => 'fail');
RESET migrator.lock_id;
GRANT EXECUTE ON PROCEDURE migrator.up TO migrator_stranger;
SELECT count(*) FROM migrator.unlock();
CALL files.wait(false);
SET migrator.lock_id = 47110815;
\! "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -U migrator_stranger -c "SELECT pg_advisory_lock(47110815), pg_sleep(600)" >/dev/null 2>&1 &
CALL files.wait(true);
REVOKE EXECUTE ON PROCEDURE migrator.up FROM migrator_stranger;
SELECT service, mode, state, "user" FROM migrator.locks;
SELECT files.error($$SELECT * FROM migrator.apply('m/d', if_locked => 'fail')$$);
SELECT count(*) FROM migrator.unlock();
CALL files.wait(false);
RESET migrator.lock_id;
-- what a session holds itself stays its own, after a failure too
CALL files.write('m/d/5_e.sql', 'SELECT 1/0;');
SELECT pg_advisory_lock(migrator.lock_key()), pg_advisory_lock(migrator.lock_key('default', 'up'));
CALL migrator.up('m/d');
SELECT version FROM migrator.apply('m/d', if_locked => 'skip', on_error => 'stop');
SELECT objsubid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT pg_advisory_unlock(migrator.lock_key()), pg_advisory_unlock(migrator.lock_key('default', 'up'));
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
DROP ROLE migrator_stranger, migrator_locks_runner;
