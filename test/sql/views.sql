-- The views; S4's monitoring queries word for word.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '20250131-add-fields.sql', 'CREATE TABLE fields();', '20250201-broken.sql', 'SELECT 1/0;',
  '20250202-create-sessions.sql', 'CREATE TABLE sessions();');
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue');
-- fixed times, so that results are
UPDATE migrator.migrations SET applied_at = '2025-02-01 10:30+00'::timestamptz + statement_total * interval '1 s' +
  right(left(version, 8), 2)::int * interval '1 min',
       execution_time_ms = right(left(version, 8), 2)::int * 100;
SET timezone = 'UTC';
SET datestyle = ISO;

SET search_path = migrator;
SELECT 
  migration_name,
  applied_at,
  execution_time_ms,
  status
FROM schema_migrations
ORDER BY applied_at DESC
LIMIT 10;

SELECT 
  migration_name,
  applied_at,
  error_message
FROM schema_migrations
WHERE status = 'failed'
ORDER BY applied_at DESC;

SELECT 
  COUNT(*) as total_migrations,
  COUNT(*) FILTER (WHERE status = 'success') as successful,
  COUNT(*) FILTER (WHERE status = 'failed') as failed,
  AVG(execution_time_ms) as avg_execution_time_ms
FROM schema_migrations;

SELECT count(*) > 0 AS any FROM (
SELECT * FROM pg_locks WHERE locktype = 'advisory'
) held;
SET search_path = app;

-- one row a migration: the failed one is gone when it succeeds, comes back never
CALL files.write('m/d/20250201-broken.sql', 'SELECT 1;');
SELECT version FROM migrator.apply('m/d');
SELECT migration_name, status, error_message FROM migrator.schema_migrations ORDER BY 1;
-- one that is rolled back is not there; every attempt is in history
SELECT migrator.register('default', 'm/d') \g /dev/null
SELECT migrator.resolve('20250202-create-sessions', 'rolled_back') \g /dev/null
SELECT migration_name, status FROM migrator.schema_migrations ORDER BY 1;
SELECT migration_name, status, dirty FROM migrator.default_schema_migrations ORDER BY 1;
SELECT version, event, error_message FROM migrator.history ORDER BY id;

-- S0's: slow ones are those over 30 seconds
UPDATE migrator.migrations SET execution_time_ms = 30000.001 WHERE version = '20250131-add-fields';
UPDATE migrator.migrations SET execution_time_ms = 30000, environment = 'staging' WHERE version = '20250201-broken';
SELECT migration_id, execution_time_ms, environment, success, service, slow FROM migrator.migration_performance ORDER BY 1;
-- names in other layouts
CALL files.forget();
CALL files.names('m/d', '1_a.UP.SQL', '2_up.sql.up.sql', '3_.up.sql');
SELECT version, name, outcome FROM migrator.apply('m/d');
SELECT migration_name FROM migrator.schema_migrations ORDER BY 1;
SELECT migrator.summary('m/d') #> '{appliedMigrations,0,name}';
CALL files.names('m/d', '20240101000000_a/migration.sql');
SELECT outcome FROM migrator.apply('m/d', 'prisma');
CALL files.names('m/d', '2024-01-01-000000_a.b/up.sql', '2024-01-01-000000_a.b/down.sql');
SELECT outcome FROM migrator.apply('m/d', 'diesel');
SELECT service, (SELECT migration_name FROM migrator.schema_migrations s WHERE s.checksum = m.checksum LIMIT 1) IS NOT NULL AS named,
  file FROM migrator.migrations m WHERE service IN ('prisma', 'diesel') ORDER BY 1;
SELECT migration_name FROM migrator.schema_migrations ORDER BY 1;
