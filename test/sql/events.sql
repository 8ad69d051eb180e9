-- What runs tell by NOTIFY, as another session hears it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET client_min_messages = error;
DROP SCHEMA IF EXISTS link CASCADE;
CREATE SCHEMA link;
CREATE EXTENSION dblink SCHEMA link;
SELECT link.dblink_connect('listener', format('host=%s port=%s dbname=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
  current_setting('port'), current_database()));
SELECT link.dblink_exec('listener', 'LISTEN migrator');
SET client_min_messages = warning;

-- What arrived since the last look. The listener has a command to end first: by then it knows what was committed before.
CREATE FUNCTION files.heard() RETURNS TABLE (channel text, event jsonb) LANGUAGE sql AS $$
  SELECT link.dblink_exec('listener', 'SET work_mem = ''4MB''');
  SELECT notify_name, extra::jsonb FROM link.dblink_get_notify('listener');
$$;
CREATE VIEW files.events AS
  SELECT event->>'event' AS event, event->'run_id' AS run_id, event->>'service' AS service, event->>'environment' AS env,
         event->>'version' AS version, event->>'name' AS name, (event->>'duration_ms')::float8 >= 0 AS timed,
         event->>'sqlstate' AS sqlstate, event->>'message' AS message FROM files.heard();

CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a (i int);', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql', 'CREATE TABLE b (i int);',
  '2_b.down.sql', 'DROP TABLE b;', '3_c.up.sql', 'SELECT 1/0;');

-- up(): each with its commit, and its failure, too
CALL migrator.up('m/d', environment => 'test') \g /dev/null
TABLE files.events;
-- all keys are always there
CALL files.write('m/d/3_c.up.sql', 'VACUUM a;');
CALL migrator.up('m/d', target => '3') \g /dev/null
SELECT channel, string_agg(key, ' ' ORDER BY key) AS keys FROM files.heard(), jsonb_object_keys(event) key GROUP BY channel, event;
-- nothing to do, a dry run, a proof: no run
CALL migrator.up('m/d') \g /dev/null
CALL files.write('m/d/4_d.up.sql', 'CREATE TABLE d (i int);');
SELECT count(*) FROM migrator.apply('m/d', dry_run => true);
SELECT count(*) FROM migrator.prove('m/d');
TABLE files.events;

-- apply(): with the caller's commit
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d');
TABLE files.events;
COMMIT;
TABLE files.events;
-- what is undone is not told; what another subtransaction does is
BEGIN;
SAVEPOINT a;
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{2}');
ROLLBACK TO a;
SAVEPOINT b;
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{1}');
RELEASE b;
ROLLBACK;
TABLE files.events;
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a (i int);', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql', 'CREATE TABLE b (i int);',
  '2_b.down.sql', 'DROP TABLE b;');
CALL files.forget();
SELECT migrator.accept_drift() > 0 AS accepted;
BEGIN;
SAVEPOINT a;
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
ROLLBACK TO a;
SAVEPOINT b;
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SAVEPOINT c;
SELECT version, outcome FROM migrator.apply('m/d');
ROLLBACK TO c;
RELEASE b;
COMMIT;
TABLE files.events;

-- rollback(), down()
SELECT version, outcome FROM migrator.rollback('m/d');
TABLE files.events;
CALL migrator.up('m/d') \g /dev/null
CALL files.write('m/d/1_a.down.sql', 'DROP TABLE nosuch;');
CALL migrator.down('m/d', target => '', options => '{"down_source": "file"}') \g /dev/null
TABLE files.events;

-- a failure is told although the caller's transaction is undone; not without its record
CALL files.make('m/f', '1_a.up.sql', 'CREATE TABLE f (i int);', '2_b.up.sql', 'SELECT 1/0;', '3_c.up.sql', 'CREATE TABLE g (i int);');
SELECT count(*) FROM migrator.apply('m/f', 'f');
TABLE files.events;
BEGIN;
SELECT count(*) FROM migrator.apply('m/f', 'f');
ROLLBACK;
TABLE files.events;
SET migrator.record_failures = off;
SELECT count(*) FROM migrator.apply('m/f', 'f');
TABLE files.events;
RESET migrator.record_failures;
SELECT version, outcome FROM migrator.apply('m/f', 'f', on_error => 'continue');
TABLE files.events;

-- of hooks, bootstrap.sql and seed.sql: failures
CALL files.make('m/h', '1_a.sql', 'CREATE TABLE h (i int);', 'pre_migrate_1.sql', 'SELECT 1/0;');
CALL migrator.up('m/h', 'h') \g /dev/null
TABLE files.events;
CALL files.make('m/h', '1_a.sql', 'CREATE TABLE h (i int);', '2_b.sql', 'VACUUM;', 'post_migrate_2.sql', 'SELECT 1/0;');
CALL migrator.up('m/h', 'h') \g /dev/null
TABLE files.events;
CALL files.make('m/h', '1_a.sql', 'CREATE TABLE h (i int);', '2_b.sql', 'VACUUM;', '3_c.sql', 'SELECT 1;', 'pre_migrate.sql', 'SELECT 1/0;');
CALL migrator.up('m/h', 'h') \g /dev/null
TABLE files.events;
SELECT count(*) FROM migrator.apply('m/h', 'h', on_error => 'continue');
TABLE files.events;
CALL files.make('m/h', '1_a.sql', 'CREATE TABLE h (i int);', '2_b.sql', 'VACUUM;', 'bootstrap.sql', 'SELECT 1/0;', 'seed.sql', 'SELECT 2/0;');
CALL migrator.up('m/h', 'h') \g /dev/null
TABLE files.events;
SELECT count(*) FROM migrator.seed('m/h', 'h');
TABLE files.events;
SELECT run_id, event, name, error_message FROM migrator.history ORDER BY id DESC LIMIT 1;

-- what takes back after a failure is the same run
CALL files.make('m/r', '1_a.up.sql', 'CREATE TABLE r (i int);', '1_a.down.sql', 'DROP TABLE r;', '2_b.up.sql', 'SELECT 1/0;');
SELECT migrator.register('r', 'm/r', options => '{"auto_rollback_on_failure": true}');
CALL migrator.up(service => 'r') \g /dev/null
TABLE files.events;

-- each service by itself
SELECT migrator.unregister('r');
CALL files.make('m/one', '1_a.sql', 'SELECT 1;');
CALL files.make('m/two', '1_a.sql', 'SELECT 1/0;');
SELECT migrator.register('one', 'm/one'), migrator.register('two', 'm/two');
CALL migrator.up(service => '*') \g /dev/null
TABLE files.events;
CALL migrator.reset('m/one', 'one', confirm => current_database(), schemas => '{app}', how => 'drop',
  options => '{"force": true}') \g /dev/null
TABLE files.events;

-- a run in the background
CALL files.make('m/back', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;');
SELECT migrator.wait_for(migrator.up_background('m/back', 'back')) IS NULL;
TABLE files.events;

-- drift: by a run that finds it, once; by each drift()
CREATE TABLE app.by_hand (i int);
CALL files.write('m/one/2_b.sql', 'SELECT 1;');
CALL migrator.up(service => 'one') \g /dev/null
TABLE files.events;
CALL files.write('m/one/3_c.sql', 'SELECT 1;');
CALL migrator.up(service => 'one') \g /dev/null
TABLE files.events;
SELECT count(*) FROM migrator.drift('one');
TABLE files.events;
SELECT migrator.accept_drift('one');
SELECT count(*) FROM migrator.drift('one');
TABLE files.events;

-- values of variables are not told
CALL files.make('m/v', '1_a.sql', E'-- migrator: variables\nSELECT ''${word}''::int;');
CALL migrator.up('m/v', 'v', variables => '{"word": "sesame-open"}') \g /dev/null
SELECT event, message FROM files.events;

-- any text: shorter than 8000 bytes, cut between two characters, JSON in any case
CREATE FUNCTION files.long() RETURNS TABLE (just_below_8000 boolean, event text, begins text, ends text) LANGUAGE sql AS $$
  SELECT link.dblink_exec('listener', 'SET work_mem = ''4MB''');
  SELECT octet_length(extra) BETWEEN 7990 AND 7999, extra::jsonb->>'event', left(extra::jsonb->>'message', 30), right(extra::jsonb->>'message', 3)
    FROM link.dblink_get_notify('listener') WHERE extra LIKE '%: "22%' OR extra LIKE '%: "P0%';
$$;
\set VERBOSITY sqlstate
CALL files.make('m/l', '1_a.sql', 'DO $$ BEGIN RAISE EXCEPTION ''%'', repeat(''é'', 100000); END $$;');
CALL migrator.up('m/l', 'l') \g /dev/null
SELECT * FROM files.long();
CALL files.write('m/l/1_a.sql', E'DO $$ BEGIN RAISE EXCEPTION ''%'', repeat(E''\\u0001\\n"\\\\'', 100000); END $$;');
CALL migrator.up('m/l', 'l') \g /dev/null
SELECT * FROM files.long();
CALL files.write('m/l/1_a.sql', 'DO $$ BEGIN RAISE EXCEPTION ''%'', ''x'' || repeat(''é'', 3850); END $$;');
SELECT * FROM migrator.apply('m/l', 'l');
SELECT event->>'event' AS event, right(event->>'message', 5) AS ends FROM files.heard();
CALL files.write('m/l/1_a.sql', 'DO $$ BEGIN RAISE EXCEPTION ''%'', ''''; END $$;');
SELECT * FROM migrator.apply('m/l', 'l');
TABLE files.events;
\set VERBOSITY default

-- another channel, none
CALL files.make('m/c', '1_a.up.sql', 'SELECT 1;', '1_a.down.sql', 'SELECT 1;');
SELECT link.dblink_exec('listener', 'LISTEN "My Channel"');
SET migrator.notify_channel = 'My Channel';
CALL migrator.up('m/c', 'c') \g /dev/null
SELECT channel, event->>'event' AS event FROM files.heard();
SET migrator.notify_channel = '';
CALL migrator.down('m/c', 'c') \g /dev/null
SELECT channel, event->>'event' AS event FROM files.heard();
SET migrator.notify_channel = 'a23456789012345678901234567890123456789012345678901234567890123';
CALL migrator.up('m/c', 'c') \g /dev/null
SET migrator.notify_channel = 'a234567890123456789012345678901234567890123456789012345678901234';
RESET migrator.notify_channel;

-- lock_timeout is for what scripts lock, and as it was behind the commit
SET lock_timeout = '7s';
CALL migrator.down('m/c', 'c') \g /dev/null
SHOW lock_timeout;

SELECT link.dblink_disconnect('listener');
DROP EXTENSION dblink;
DROP SCHEMA link;
