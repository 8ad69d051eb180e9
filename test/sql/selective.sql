-- rollback(versions => ...), and what a run did: some migrations alone, when nothing that stays depends on them.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d',
  '000001_users.up.sql', 'CREATE TABLE users(id int PRIMARY KEY);', '000001_users.down.sql', 'DROP TABLE users;',
  '000002_orders.up.sql', 'CREATE TABLE orders(id int);', '000002_orders.down.sql', 'DROP TABLE orders;',
  '000003_names.up.sql', 'ALTER TABLE users ADD name text;', '000003_names.down.sql', 'ALTER TABLE users DROP name;',
  '000004_log.up.sql', 'CREATE TABLE app.log(id int);', '000004_log.down.sql', 'DROP TABLE log;',
  '000005_index.up.sql', 'CREATE INDEX log_id ON log(id);', '000005_index.down.sql', 'DROP INDEX log_id;',
  '000006_report.up.sql', 'SELECT 1;', '000006_report.down.sql', 'SELECT 1;',
  'dependencies.json', '{"migrations": {"000006": {"description": "report", "depends_on": ["000002"]}}}');
SELECT count(*) FROM migrator.apply('m/d');
-- by dependencies.json
SELECT * FROM migrator.rollback('m/d', versions => '{2}');
\echo :LAST_ERROR_SQLSTATE
-- by the tables, with a schema or without
SELECT * FROM migrator.rollback('m/d', versions => '{000001}');
SELECT * FROM migrator.rollback('m/d', versions => '{4}');
SELECT * FROM migrator.rollback('m/d', versions => '{1,2,4}');
-- with all that depends on them, in the reverse of their order, however they are written; twice is once
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{4,5,5}', dry_run => true);
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{2,6}');
SELECT version, state FROM migrator.status('m/d');
-- those are not applied any more
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{2}');
-- the last one of a table may go alone
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{3}');
SELECT version, outcome FROM migrator.apply('m/d', options => '{"allow_late": ["2", "3"]}');
-- force
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{2}', options => '{"force": true}');
SELECT to_regclass('orders'), to_regclass('users'), to_regclass('log');
-- What one run applied: here the second.
SELECT version, run_id FROM migrator.migrations WHERE state = 'applied' ORDER BY version;
SELECT max(run_id) AS run, min(run_id) AS first FROM migrator.migrations WHERE state = 'applied' \gset
SELECT version, outcome FROM migrator.rollback('m/d', options => format('{"run_id": %s}', :run)::jsonb);
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"run_id": 999}');
SELECT version, outcome FROM migrator.rollback('m/d', options => format('{"run_id": %s}', :first)::jsonb);

-- Whose files are gone, by their down scripts of record.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'ALTER TABLE a ADD j int;', '2_b.down.sql', 'ALTER TABLE a DROP j;',
  '3_c.up.sql', 'CREATE TABLE c();', '3_c.down.sql', 'DROP TABLE c;');
SELECT count(*) FROM migrator.apply('m/d');
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;');
SELECT * FROM migrator.rollback('m/d', versions => '{1}');
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{2}');
SELECT version, outcome FROM migrator.rollback('m/d', versions => '{1}');
