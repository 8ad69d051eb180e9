-- health(): the shape, the rules, the words.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- what it says of each service, and above
CREATE FUNCTION files.health(source text = NULL, service text = NULL) RETURNS TABLE (status text, message text) LANGUAGE sql AS $$
  WITH h AS MATERIALIZED (SELECT migrator.health($1, $2) AS h)
  SELECT h->>'status', h->'database'->>'message' FROM h
  UNION ALL SELECT format('  %s: %s', s->>'service', s->>'status'),
         format('%s; by %s; applied %s, pending %s, failed %s, interrupted %s, drift %s%s', s->>'message', s->>'basedOn', s->>'applied',
                s->>'pending', s->>'failed', s->>'interrupted', s->>'drift', '; ' || (s->>'note'))
    FROM h, jsonb_array_elements(h->'services') s;
$$;
-- a new database
SELECT * FROM files.health();
SELECT * FROM files.health('m/nowhere');
-- the shape, with the types
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.a();', '02_b.sql', 'SELECT 2;', '10_c.sql', E'-- migrator: manual\nSELECT 10;');
SELECT * FROM files.health('m/d');
SELECT migrator.register('default', 'm/d') \g /dev/null
SELECT version FROM migrator.apply();
SELECT * FROM files.health();
WITH RECURSIVE tree AS (
  SELECT '' AS path, migrator.health() AS value
  UNION ALL SELECT t.path || '.' || e.key, e.value FROM tree t, LATERAL (
    SELECT * FROM jsonb_each(CASE jsonb_typeof(t.value) WHEN 'object' THEN t.value ELSE '{}' END)
    UNION ALL SELECT '[]', value FROM jsonb_array_elements(CASE jsonb_typeof(t.value) WHEN 'array' THEN t.value ELSE '[]' END)) e)
-- what the operating system knows of a process is null where it tells nobody
SELECT path, CASE WHEN path IN ('.memory.rss', '.memory.external') AND (pg_stat_file('/proc/self/statm', true)).size IS NULL AND
                       value = 'null' THEN 'number' ELSE jsonb_typeof(value) END AS jsonb_typeof FROM tree ORDER BY path;
SELECT h->>'status' AS status, h->'database'->>'status' AS database, h->'database'->'details'->>'migrationStatus' AS migrations,
       h->>'timestamp' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$' AS iso,
       (h->>'timestamp')::timestamptz BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS now,
       (h->>'uptime')::int BETWEEN 0 AND extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) AS uptime,
       (h->'memory'->>'heapUsed')::bigint BETWEEN 100000 AND (h->'memory'->>'heapTotal')::bigint AS heap,
       (h->'memory'->>'external')::bigint BETWEEN 0 AND (h->'memory'->>'rss')::bigint
         OR (pg_stat_file('/proc/self/statm', true)).size IS NULL AS rss,
       (h->'database'->>'systemIdentifier')::numeric = system_identifier AS same_system, h->'database'->>'name' = current_database() AS name,
       h->'lastRun'->>'outcome' AS outcome, (h->'lastRun'->>'finishedAt')::timestamptz >= (h->'lastRun'->>'startedAt')::timestamptz AS ended
  FROM migrator.health() h, pg_control_system();
-- pending
CALL files.write('m/d/11_d.sql', 'SELECT 1/0;');
CALL files.write('m/d/12_e.sql', 'SELECT 1;');
SELECT * FROM files.health();
-- failed, and put right
SELECT version FROM migrator.apply(on_error => 'stop');
SELECT * FROM files.health();
CALL files.write('m/d/11_d.sql', 'SELECT 1;');
SELECT version FROM migrator.apply();
SELECT * FROM files.health();
-- late
CALL files.write('m/d/5_l.sql', 'SELECT 1;');
SELECT * FROM files.health();
SET migrator.late = allow;
SELECT * FROM files.health();
RESET migrator.late;
CALL files.remove('m/d/5_l.sql');
-- two files of one version; a name that may be a migration
CALL files.write('m/d/2_twin.sql', 'SELECT 1;');
SELECT * FROM files.health();
CALL files.remove('m/d/2_twin.sql');
CALL files.write('m/d/13_x.go', 'package main');
SELECT * FROM files.health();
CALL files.remove('m/d/13_x.go');
-- another file name; contents are not looked at
CALL files.run('mv m/d/12_e.sql m/d/12_other.sql');
SELECT * FROM files.health();
CALL files.run('mv m/d/12_other.sql m/d/12_e.sql');
CALL files.write('m/d/12_e.sql', 'SELECT 12;');
SELECT * FROM files.health();
SET migrator.checksum_policy = error;
SELECT * FROM files.health();
SELECT migrator.health()->'database'->'details';
RESET migrator.checksum_policy;
-- another source, another service by name, all of them
SELECT * FROM files.health('m/nowhere');
CALL files.make('m/e', '7_a.sql', 'SELECT 1;');
SELECT * FROM files.health('m/e');
SELECT * FROM files.health('m/e', 'default');
SELECT * FROM files.health(service => 'default');
SELECT migrator.register('other', 'm/e') \g /dev/null
SELECT * FROM files.health();
SELECT * FROM files.health(service => '*');
SELECT * FROM files.health('m/e');
SELECT * FROM files.health('m/e', '*');
SELECT * FROM files.health(service => 'No Such');
SELECT * FROM files.health('');
-- a record without registration
SELECT version FROM migrator.apply('m/e', 'other');
SELECT migrator.unregister('other') \g /dev/null
SELECT * FROM files.health();
-- no directory, and a file in its place
SELECT migrator.register('other', 'm/e') \g /dev/null
CALL files.run('mv m/e m/gone');
SELECT * FROM files.health(service => 'other');
CALL files.write('m/e', 'a file');
SELECT * FROM files.health(service => 'other');
CALL files.make('m/e');
SELECT * FROM files.health(service => 'other');
CALL files.remove('m/e');
CALL files.run('mv m/gone m/e');
-- the environment is another one
SELECT migrator.set_environment('staging', 'other') \g /dev/null
SET migrator.environment = 'production';
SELECT * FROM files.health(service => 'other');
RESET migrator.environment;
SELECT * FROM files.health(service => 'other');
-- interrupted, running by a backend that is gone; partly rolled back
BEGIN;
UPDATE migrator.migrations SET state = 'running', statement_done = 1, backend_pid = 1, backend_start = now() WHERE service = 'other';
SELECT * FROM files.health(service => 'other');
UPDATE migrator.migrations SET state = 'failed', direction = 'down' WHERE service = 'other';
SELECT * FROM files.health(service => 'other');
ROLLBACK;
-- the schema is gone
SELECT migrator.register('other', 'm/e', options => '{"schemas": ["nothing_there"]}') \g /dev/null
SELECT * FROM files.health(service => 'other');
SELECT migrator.unregister('other') \g /dev/null
-- drift, when asked for
ALTER TABLE app.a ADD COLUMN by_hand integer;
SELECT * FROM files.health(service => 'default');
SET migrator.check_schema = on;
SELECT * FROM files.health(service => 'default');
RESET migrator.check_schema;
ALTER TABLE app.a DROP COLUMN by_hand;
-- the bootstrap script
CALL files.write('m/d/bootstrap.sql', 'SELECT 1;');
SELECT * FROM files.health(service => 'default');
SET migrator.bootstrap = off;
SELECT * FROM files.health(service => 'default');
RESET migrator.bootstrap;
CALL files.remove('m/d/bootstrap.sql');
-- where nothing may be written, under another search_path, in a script
BEGIN READ ONLY;
SELECT status FROM files.health(service => 'default');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT status FROM files.health(service => 'default');
COMMIT;
CREATE FUNCTION app.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT 1/0; SELECT NULL::timestamptz';
CREATE TABLE app.migrations (); CREATE TABLE app.services ();
SET search_path = app, migrator, pg_catalog;
SELECT migrator.health(service => 'default')->>'status';
RESET search_path;
CALL files.write('m/d/14_f.sql', $$DO 'BEGIN RAISE INFO ''%'', migrator.health(service => ''default'')->>''status''; END'$$);
SELECT version FROM migrator.apply();
-- of whom: not PUBLIC; who watches sees no name of a place that it may not read
CREATE ROLE regress_migrator_watcher;
CREATE ROLE regress_migrator_nobody;
GRANT pg_monitor TO regress_migrator_watcher;
SELECT migrator.register('other', 'm/e') \g /dev/null
SET ROLE regress_migrator_nobody;
SELECT migrator.health();
SET ROLE regress_migrator_watcher;
SELECT migrator.health(service => 'other')->'database'->>'message';
SELECT migrator.health(service => 'other')->'services'->0->>'note';
RESET ROLE;
DO $$ BEGIN EXECUTE format('ALTER ROLE regress_migrator_watcher SET migrator.source_roots = %L', current_setting('data_directory')); END $$;
DO $$ BEGIN EXECUTE format('SET migrator.source_roots = %L', current_setting('data_directory')); END $$;
SET ROLE regress_migrator_watcher;
SELECT migrator.health(service => 'other')->'database'->>'message';
RESET ROLE;
RESET migrator.source_roots;
-- ten thousand names in one look
CALL files.make('m/d');
CALL files.run('cd m/d && seq -f %05g_x.sql 10000 | xargs touch');
SELECT * FROM files.health('m/d', 'many');
\set ECHO none
CALL files.remove('m');
SET client_min_messages = error;
DROP OWNED BY regress_migrator_watcher, regress_migrator_nobody;
DROP ROLE regress_migrator_watcher, regress_migrator_nobody;
