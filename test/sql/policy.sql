-- What a registration demands of every environment: floors that no file can lower, and what they do with on_error.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'SELECT 1/0;');
-- floors have one value each
SELECT migrator.register('default', 'm/d', options => '{"require_approval": false}');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('default', 'm/d', options => '{"backup_required": false}');
SELECT migrator.register('default', 'm/d', options => '{"maintenance_window_required": "yes"}');
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": true}');
SELECT migrator.register('default', 'm/d', options => '{"require_aproval": true}');
SELECT files.error($$SELECT migrator.register('default', 'm/d', options => '{"skip_validation": true}')$$);
SELECT count(*) FROM migrator.services;
-- all of them; register() anew without options keeps them
SELECT migrator.register('default', 'm/d', options => '{"require_approval": true, "backup_required": true,
  "maintenance_window_required": true, "allow_destructive_operations": false, "auto_rollback_on_failure": true}');
SELECT migrator.register('default', 'm/d');
SELECT options FROM migrator.services;
-- each has its say, approvals first
SELECT version, outcome FROM migrator.apply();
SELECT migrator.approve('1'), migrator.approve('2');
SELECT version, outcome FROM migrator.apply();
SELECT migrator.add_maintenance_window('00:00', '24:00') > 0 AS added;
SELECT version, outcome FROM migrator.apply();
SELECT migrator.record_backup('now') > 0 AS recorded;

-- auto_rollback_on_failure: the transaction does it, and where it does not, a WARNING says so.
SELECT version, outcome FROM migrator.apply();
SELECT to_regclass('a');
SELECT version, outcome FROM migrator.apply(on_error => 'stop');
SELECT to_regclass('a');
CALL migrator.up();
-- not where nothing is to do
SELECT version, outcome FROM migrator.apply(target => '1', on_error => 'continue');
CALL migrator.up(target => '1') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
-- it is no floor: whoever may register sets and takes it
CREATE ROLE regress_migrator_dev;
GRANT EXECUTE ON FUNCTION migrator.register, migrator.unregister TO regress_migrator_dev;
SET migrator.source_roots = 'm';
SET ROLE regress_migrator_dev;
SELECT migrator.register('default', 'm/d', options => '{"auto_rollback_on_failure": false}');
SELECT migrator.register('default', 'm/d', options => '{"auto_rollback_on_failure": null}');
-- floors may be set, and set again
SELECT migrator.register('mine', 'm/d', options => '{"backup_required": true}');
SELECT migrator.register('mine', 'm/d', options => '{"backup_required": true, "require_approval": true, "maintenance_window_required": null}');
-- but not taken away, not even one's own
SELECT migrator.register('mine', 'm/d', options => '{"backup_required": null}');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": null}');
SELECT migrator.register('default', 'm/d', options => '{"maintenance_window_required": null}');
SELECT migrator.unregister('mine');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('free', 'm/d'), migrator.unregister('free');
SELECT migrator.unregister('free');
RESET ROLE;
SELECT service, options FROM migrator.services ORDER BY 1;
SELECT migrator.register('mine', 'm/d', options => '{"backup_required": null}'), migrator.unregister('mine');
SELECT migrator.unregister('default');
RESET migrator.source_roots;
DROP OWNED BY regress_migrator_dev;
DROP ROLE regress_migrator_dev;

-- What environments.json says holds where the registration is silent; a floor is not lowered by it.
CREATE FUNCTION flags(config text) RETURNS text LANGUAGE sql AS $$
  SELECT format('{"environments": {"production": {"config": %s}, "development": {"config": {}}}}', config);
$$;
CALL files.make('m/e', 'common/1_a.up.sql', 'CREATE TABLE ea();',
  'production/2_b.up.sql', 'CREATE TABLE eb();', 'development/3_c.up.sql', 'SELECT 3;');
CALL files.write('m/e/environments.json', flags('{"require_approval": true, "maintenance_window_required": true,
  "backup_required": true, "auto_rollback_on_failure": true}'));
SELECT migrator.drop_maintenance_window(id) FROM migrator.maintenance_windows;
UPDATE migrator.recorded_backups SET taken_at = '2020-01-01';
SELECT migrator.register('prod', 'm/e', environment => 'production');
SELECT version, outcome FROM migrator.apply(service => 'prod');
SELECT migrator.approve('1', 'prod'), migrator.approve('2', 'prod');
SELECT version, outcome FROM migrator.apply(service => 'prod');
SELECT migrator.add_maintenance_window('00:00', '24:00', service => 'prod') > 0 AS added;
SELECT files.error($$SELECT migrator.apply(service => 'prod')$$);
-- the environment is not the caller's to choose
SELECT version, outcome FROM migrator.apply(service => 'prod', environment => 'development');
CALL migrator.up(service => 'prod', environment => 'development');
-- a file that lowers what it said is a file that lowers it: that is what a floor is for
CALL files.write('m/e/environments.json', flags('{"require_approval": false, "maintenance_window_required": false, "backup_required": false}'));
SELECT version, outcome FROM migrator.apply(service => 'prod', dry_run => true);
SELECT migrator.register('prod', 'm/e', environment => 'production', options => '{"backup_required": true}');
SELECT files.error($$SELECT migrator.apply(service => 'prod')$$);
CALL files.write('m/e/environments.json', flags('{"backup_required": false}'));
SELECT files.error($$SELECT migrator.apply(service => 'prod')$$);
SELECT flag, value, origin FROM migrator.environments(service => 'prod') WHERE environment = 'production' AND flag ~ 'required|approval';
-- one that demands more is heard
CALL files.write('m/e/environments.json', flags('{"backup_required": false, "maintenance_window_required": true}'));
SELECT migrator.drop_maintenance_window(id) FROM migrator.maintenance_windows;
SELECT version, outcome FROM migrator.apply(service => 'prod');
-- what destroys is refused where one of the two says so
CALL files.make('m/e', 'common/1_a.up.sql', 'CREATE TABLE ea();', 'production/2_b.up.sql', 'DROP TABLE ea;');
SELECT migrator.register('prod', 'm/e', environment => 'production', options => '{"backup_required": null}');
CALL files.write('m/e/environments.json', flags('{"allow_destructive_operations": false}'));
SELECT version, outcome FROM migrator.apply(service => 'prod');
\echo :LAST_ERROR_SQLSTATE
CALL files.write('m/e/environments.json', flags('{"allow_destructive_operations": true}'));
SELECT version, outcome FROM migrator.apply(service => 'prod', dry_run => true);
SELECT migrator.register('prod', 'm/e', environment => 'production', options => '{"allow_destructive_operations": false}');
SELECT version, outcome FROM migrator.apply(service => 'prod');
CALL migrator.up(service => 'prod');
SELECT version, outcome FROM migrator.apply(service => 'prod', target => '1');
SELECT migrator.unregister('prod');
