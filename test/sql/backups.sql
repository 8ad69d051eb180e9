-- backup_required: a run needs a backup on record that is not too old, and marks the WAL before what it does.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();', '3_c.sql', 'CREATE TABLE c();');
SELECT migrator.register('default', 'm/d', options => '{"backup_required": true}');

-- None, too old, of another service.
SELECT version, outcome FROM migrator.apply();
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up();
\echo :LAST_ERROR_SQLSTATE
-- how a run is refused, without the seconds
CREATE PROCEDURE refused() LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM migrator.apply();
EXCEPTION WHEN SQLSTATE 'MG008' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RAISE WARNING '%: %', SQLERRM, regexp_replace(regexp_replace(detail, ':\d\d ago', ':SS ago'), '36[56] days( [0-9:S]+)?', 'A YEAR');
END $$;
SELECT migrator.record_backup('old', taken_at => clock_timestamp() - interval '51:05:30');
SELECT migrator.record_backup('of another', service => 'other');
CALL refused();
SELECT to_regclass('a');
-- A recent one.
SELECT migrator.record_backup('shop', 1234, '/backups/shop.dump', taken_at => now() - interval '1 hour');
SELECT id, kind, label, location, size, service, taken_at < now() AS past, lsn, run_id, version, recorded_by FROM migrator.backups;
SELECT version, outcome FROM migrator.apply(target => '1', dry_run => true);
SELECT count(*) FROM migrator.backups WHERE kind = 'restore_point';
-- apply: one restore point, before the run
SELECT version, outcome FROM migrator.apply(target => '2');
SELECT kind, label, service, lsn > '0/0' AS lsn, run_id, version, recorded_by FROM migrator.backups WHERE kind = 'restore_point';
-- up: one before each
CALL files.write('m/d/4_d.sql', 'SELECT 1/0;');
CALL migrator.up();
SELECT kind, label, lsn > '0/0' AS lsn, run_id, version FROM migrator.backups WHERE kind = 'restore_point' ORDER BY id;
-- the WAL is as long behind each as before the next
SELECT count(*), count(DISTINCT lsn) FROM migrator.backups WHERE kind = 'restore_point';
SELECT bool_and(lsn > before) FROM (SELECT lsn, lag(lsn) OVER (ORDER BY id) AS before FROM migrator.backups WHERE kind = 'restore_point') s;
-- a restore point is no backup
UPDATE migrator.recorded_backups SET taken_at = now() - interval '2 days' WHERE kind = 'backup';
CALL files.write('m/d/4_d.sql', 'SELECT 4;');
SELECT files.error('SELECT migrator.apply()');
-- its age, to the second, in whole
SET migrator.backup_max_age = '3d';
SELECT version, outcome FROM migrator.apply();
SET migrator.backup_max_age = '36h';
UPDATE migrator.recorded_backups SET taken_at = now() - interval '1 year' WHERE kind = 'backup';
CALL files.write('m/d/5_e.sql', 'SELECT 5;');
CALL refused();
RESET migrator.backup_max_age;
-- nothing to do needs none
CALL files.remove('m/d/5_e.sql');
SELECT version, outcome FROM migrator.apply();
CALL migrator.up(options => '{"verbose": false}') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
CALL files.write('m/d/5_e.sql', 'SELECT 5;');
-- one of the service counts for it
SELECT migrator.record_backup('mine', service => 'default') > 0 AS recorded;
SELECT version, outcome FROM migrator.apply();
-- long names and odd ones: the name of a restore point is plain
CALL files.make('m/q', E'20240101-it''s an "odd" näme which is longer than a name of a restore point may be.sql', 'SELECT 1;');
SELECT migrator.register('odd', 'm/q', options => '{"backup_required": true}');
SELECT migrator.record_backup(E'it''s\nodd') > 0 AS recorded;
CALL migrator.up(service => 'odd') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
SELECT label, length(label), version FROM migrator.backups WHERE service = 'odd';

-- a bootstrap script, alone and behind migrations
CALL files.make('m/b', '1_a.sql', 'SELECT 1;', 'bootstrap.sql', 'SELECT 2;');
SELECT migrator.register('boot', 'm/b', options => '{"backup_required": true}');
CALL migrator.up(service => 'boot') \gset
TRUNCATE migrator.service_state;
SELECT version, outcome FROM migrator.apply(service => 'boot');
SELECT label, version FROM migrator.backups WHERE service = 'boot' ORDER BY id;

-- Refused.
SELECT migrator.record_backup(NULL);
SELECT migrator.record_backup('');
SELECT migrator.record_backup('x', -1);
SELECT migrator.record_backup('x', taken_at => now() + interval '1 minute');
SELECT migrator.record_backup('x', taken_at => 'infinity');
SELECT migrator.record_backup('x', taken_at => '-infinity');
SELECT migrator.record_backup('x', service => 'No');
BEGIN READ ONLY;
SELECT migrator.record_backup('x');
ROLLBACK;
-- Forged: neither by calling, nor by writing.
CREATE ROLE regress_migrator_dev;
CREATE ROLE regress_migrator_ops;
SELECT migrator.register('theirs', 'm/d', options => '{"roles": ["regress_migrator_ops"]}');
SET ROLE regress_migrator_dev;
SELECT migrator.record_backup('forged');
SELECT * FROM migrator.backups;
RESET ROLE;
GRANT pg_write_all_data, pg_read_all_data TO regress_migrator_dev;
GRANT ALL ON ALL TABLES IN SCHEMA migrator TO regress_migrator_dev;
SET ROLE regress_migrator_dev;
INSERT INTO migrator.recorded_backups (kind, label, taken_at, recorded_by) VALUES ('backup', 'forged', now(), 'me');
UPDATE migrator.recorded_backups SET taken_at = now();
INSERT INTO migrator.backups (kind, label, taken_at, recorded_by) VALUES ('backup', 'forged', now(), 'me');
SET migrator.backup_max_age = '10000d';
RESET ROLE;
-- who may record them does so for his services, and in his own name
GRANT EXECUTE ON FUNCTION migrator.record_backup TO regress_migrator_dev, regress_migrator_ops;
SET ROLE regress_migrator_dev;
SELECT migrator.record_backup('x', service => 'theirs');
SELECT migrator.record_backup('x');
SELECT migrator.record_backup('x', service => 'default') > 0 AS recorded;
RESET ROLE;
SET SESSION AUTHORIZATION regress_migrator_ops;
SELECT migrator.record_backup('by ops', service => 'theirs') > 0 AS recorded;
RESET SESSION AUTHORIZATION;
SELECT label, recorded_by FROM migrator.backups WHERE service = 'theirs';
DROP OWNED BY regress_migrator_dev, regress_migrator_ops;
DROP ROLE regress_migrator_dev, regress_migrator_ops;
