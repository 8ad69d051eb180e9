-- A company's tree: three services, environments, dependencies, hooks; and one that is circular. docs/make.md shows what comes.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
\set users :dir '/fixtures/company/services/user-service/migrations'
\set notifications :dir '/fixtures/company/services/notification-service/migrations'
\set gateway :dir '/fixtures/company/services/api-gateway/migrations'
\set circular :dir '/fixtures/company/services/circular-service/migrations'
\pset format aligned
CREATE PROCEDURE pg_temp.begin_anew() LANGUAGE plpgsql AS $$
BEGIN
  CALL files.forget();
  TRUNCATE migrator.service_state, migrator.given_approvals, migrator.windows, migrator.recorded_backups RESTART IDENTITY;
  DROP SCHEMA IF EXISTS user_service, notification_service, api_gateway CASCADE;
END $$;
CALL pg_temp.begin_anew();

-- Register once. A server runs no shell: the two hooks that are shell scripts stop every run and say so, until somebody says
-- that they are not for the server. The SQL files beside them do the same work.
SELECT migrator.register('user-service', :'users');
SELECT * FROM migrator.apply(service => 'user-service', environment => 'development', target => '1');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('user-service', :'users', options => '{"ignore": ["*.sh"]}'), migrator.register('notification-service', :'notifications'),
       migrator.register('api-gateway', :'gateway');

-- make db-validate
SELECT check_name, severity, file, message FROM migrator.validate(service => '*', environment => 'development')
 WHERE service = 'user-service' AND check_name IN ('syntax', 'groups', 'dependencies', 'cascade');
SELECT service, check_name, severity, version, message FROM migrator.validate(service => '*', environment => 'development')
 WHERE severity IN ('info', 'warning', 'error') AND (service, check_name) NOT IN (('user-service', 'dependencies'), ('user-service', 'cascade'));
SELECT migrator.assert_valid(service => '*', environment => 'development');
-- make db-migration-deps
SELECT version, depends_on FROM migrator.dependencies(service => 'user-service');
SELECT version, cross_service FROM migrator.dependencies(service => 'user-service') WHERE cross_service <> '{}';
-- make db-migration-deps | grep missing
SELECT version, missing FROM migrator.dependencies(service => 'user-service') WHERE missing <> '{}';
-- impact analysis: which tables are affected by each migration
SELECT version, relation, declared, found, commands FROM migrator.impact(service => 'user-service', environment => 'development')
 ORDER BY version, relation;
SELECT service, version, relation, commands FROM migrator.impact(service => '*', relation => 'user_service.users', environment => 'development');
-- make db-migrate-status
SELECT service, version, name, state, flags, message FROM migrator.status(service => '*', environment => 'development');
SELECT version, depends_on, risk_level, estimated_duration FROM migrator.pending(service => 'user-service', environment => 'development');

-- The circular one.
SELECT * FROM migrator.apply(:'circular', 'circular-service');
\echo :LAST_ERROR_SQLSTATE
SELECT check_name, severity, file, line, message FROM migrator.validate(:'circular', 'circular-service') WHERE severity = 'error';

-- MIGRATION_ENV=development make db-migrate-up, by deploy_all_services.sh
\set VERBOSITY terse
-- one of them alone, which needs another
SELECT * FROM migrator.apply(service => 'user-service', environment => 'development');
\echo :LAST_ERROR_SQLSTATE
SELECT service, version, name, outcome FROM migrator.apply(service => '*', environment => 'development');
SELECT service, version, name, state, flags FROM migrator.status(service => '*');
SELECT service, environment, kind, outcome, applied, total FROM migrator.runs ORDER BY run_id;
SELECT version, name, note FROM migrator.history WHERE event = 'hook' ORDER BY id;
SELECT email FROM user_service.users ORDER BY id;
SELECT migrator.is_current(service => '*');
-- who comes with another environment is in the wrong database
SELECT * FROM migrator.apply(service => '*', environment => 'production');

-- Staging, by CALL: each migration its own transaction, turn by turn.
CALL pg_temp.begin_anew();
SELECT migrator.register('user-service', :'users', environment => 'staging', options => '{"ignore": ["*.sh"]}'),
       migrator.register('notification-service', :'notifications'),
       migrator.register('api-gateway', :'gateway');
CALL migrator.up(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.approve(version, service) FROM migrator.pending(service => 'user-service');
CALL migrator.up(service => '*', options => '{"verbose": true}') \gset
SELECT service ->> 'service' AS service, service ->> 'outcome' AS outcome, migration ->> 'version' AS version, migration ->> 'name' AS name
  FROM jsonb_array_elements(:'result'::jsonb -> 'services') service, jsonb_array_elements(service -> 'migrations') migration;

-- Production: approvals, a maintenance window, a backup. Nothing is run until all of them are there.
CALL pg_temp.begin_anew();
SELECT migrator.register('user-service', :'users', environment => 'production', options => '{"ignore": ["*.sh"]}'),
       migrator.register('notification-service', :'notifications'),
       migrator.register('api-gateway', :'gateway');
-- cat environments.json
SELECT environment, flag, value, origin FROM migrator.environments(service => 'user-service') WHERE environment = 'production';
CALL migrator.up(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.approve(version, service) FROM migrator.pending(service => 'user-service');
CALL migrator.up(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.add_maintenance_window('03:00', '03:00', service => 'user-service') AS window_id;
CALL migrator.up(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM migrator.runs;
SELECT migrator.record_backup('backup_pre_migration', location => '/backups') AS backup_id;
CALL migrator.up(service => '*', options => '{"verbose": true}') \gset
SELECT service ->> 'service' AS service, service ->> 'outcome' AS outcome, migration ->> 'version' AS version, migration ->> 'name' AS name
  FROM jsonb_array_elements(:'result'::jsonb -> 'services') service, jsonb_array_elements(service -> 'migrations') migration;
SELECT version, approved_by, run_id IS NOT NULL AS used FROM migrator.approvals ORDER BY version;
SELECT kind, regexp_replace(label, '_' || current_database() || '$', '_DATABASE') AS label, service, version FROM migrator.backups ORDER BY id;
-- make db-migrate-status | grep dirty
SELECT version, dirty FROM migrator.user_service_schema_migrations WHERE dirty;
-- make db-migrate-status | awk '$2 > 30000'
SELECT migration_id, execution_time_ms FROM migrator.migration_performance WHERE service = 'user-service' AND slow;
SELECT service, count(*) FILTER (WHERE success) AS applied, count(*) FILTER (WHERE slow) AS slow
  FROM migrator.migration_performance GROUP BY service ORDER BY service;
-- find -name "*production*"
SELECT version, file FROM migrator.migrations WHERE service = 'user-service' AND file LIKE 'production/%';
-- SELECT * FROM pg_locks WHERE NOT granted
SELECT service, mode, state FROM migrator.locks;
CALL pg_temp.begin_anew();
