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
SELECT migrator.register('default', 'm/d', options => '{"skip_validation": true}');
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
CALL migrator.up(target => '1', options => '{"verbose": false}') \gset
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
