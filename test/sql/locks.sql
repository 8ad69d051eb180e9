-- The keys, the view of locks, unlock().
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT migrator.lock_key() = hashtextextended('migrator:default', 0) AS "default", migrator.lock_key('billing-api') = hashtextextended('migrator:billing-api', 0) AS billing,
       migrator.lock_key('billing-api', 'up') = hashtextextended('migrator:up:billing-api', 0) AS up;
SELECT migrator.lock_key(NULL), migrator.lock_key('x', NULL);
SELECT migrator.lock_key('x', 'down');
SELECT migrator.lock_key('X');
-- held to the end of the transaction
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE seen AS SELECT service, mode, state, pid = pg_backend_pid() AS ours FROM migrator.locks;', '2_b.sql', 'SELECT 2;');
TABLE migrator.locks;
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT service, mode, state, pid = pg_backend_pid() AS ours, "user" = current_user AS "user", application = current_setting('application_name') AS application, client, since <= clock_timestamp() AS since FROM migrator.locks;
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
SELECT service, version, outcome, message LIKE 'another run is at work (pid %' AS message FROM migrator.apply('m/d', if_locked => 'skip');
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
