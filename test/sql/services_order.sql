-- In which order service => '*' runs services that need each other.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION pg_temp.turns() RETURNS TABLE (service text, outcome text, applied integer, total integer) LANGUAGE sql AS
  'SELECT service, outcome, applied, total FROM migrator.runs ORDER BY run_id';
CREATE FUNCTION pg_temp.results(result jsonb) RETURNS TABLE (service text, outcome text, applied text, total text) LANGUAGE sql AS
  'SELECT r ->> ''service'', r ->> ''outcome'', r ->> ''applied'', r ->> ''total'' FROM jsonb_array_elements(result -> ''services'') r';

-- One way: by what they need, and by name where nothing decides.
CALL files.make('m/a', '1_a.sql', 'CREATE TABLE a();', 'dependencies.json', '{"migrations": {"1": {"cross_service_dependencies": {"c": ["2"]}}}}');
CALL files.make('m/b', '1_b.sql', 'CREATE TABLE b();');
CALL files.make('m/c', '1_c.sql', 'CREATE TABLE c1();', '2_c.sql', 'CREATE TABLE c2();',
  'dependencies.json', '{"migrations": {"2": {"cross_service_dependencies": {"d": ["01"]}}}}');
CALL files.make('m/d', '1_d.sql', 'CREATE TABLE d();');
SELECT migrator.register('a', 'm/a'), migrator.register('b', 'm/b'), migrator.register('c', 'm/c'), migrator.register('d', 'm/d');
SELECT service, version, outcome FROM migrator.apply(service => '*', dry_run => true);
BEGIN;
SELECT service, version, outcome FROM migrator.apply(service => '*');
SELECT * FROM pg_temp.turns();
ROLLBACK;
-- each is run up to there by itself as well, and what is applied decides nothing any more
SELECT service, version, outcome FROM migrator.apply(service => 'd');
CALL migrator.up(service => '*') \gset
SELECT * FROM pg_temp.results(:'result');

-- Of those that need one that failed none is run; with "continue" the others are.
CALL files.forget();
SELECT migrator.register('a', 'm/a'), migrator.register('b', 'm/b'), migrator.register('c', 'm/c'), migrator.register('d', 'm/d');
CALL files.write('m/d/1_d.sql', 'SELECT 1/0;');
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue', dry_run => true);
CALL migrator.up(service => '*', on_error => 'continue');
SELECT * FROM pg_temp.turns();
CALL files.write('m/c/1_c.sql', 'SELEKT;');
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue', dry_run => true);
CALL migrator.up(service => '*', on_error => 'continue');
SELECT * FROM pg_temp.turns();
CALL files.write('m/c/1_c.sql', 'CREATE TABLE c1();');
CALL files.write('m/d/1_d.sql', 'CREATE TABLE d();');

-- Both ways, at different versions: they take turns.
CALL files.forget();
CALL files.make('m/user', '000001_users.up.sql', 'CREATE TABLE users();', '000005_notifications.up.sql', 'CREATE TABLE user_notifications();',
  '000006_more.up.sql', 'CREATE TABLE more();', 'dependencies.json',
  '{"migrations": {"000005": {"depends_on": ["000001"], "cross_service_dependencies": {"notification-service": ["000002"]}},
                   "000006": {"depends_on": ["000005"]}}}');
CALL files.make('m/notification', '000001_a.up.sql', 'CREATE TABLE channels();', '000002_b.up.sql', 'CREATE TABLE deliveries();',
  '000003_c.up.sql', 'CREATE TABLE receipts();', 'dependencies.json',
  '{"migrations": {"000002": {"cross_service_dependencies": {"user-service": ["000001"]}},
                   "000003": {"cross_service_dependencies": {"user-service": ["000005"]}}}}');
SELECT migrator.register('user-service', 'm/user'), migrator.register('notification-service', 'm/notification'), migrator.register('b', 'm/b');
SELECT service, version, state, message FROM migrator.status(service => '*');
-- one alone cannot
SELECT * FROM migrator.apply(service => 'user-service');
-- but all together: there is no fault
SELECT service, check_name, version, message FROM migrator.validate(service => 'user-service') WHERE severity IN ('warning', 'error');
SELECT service, check_name, version, message FROM migrator.validate(service => '*') WHERE severity IN ('warning', 'error');
SELECT migrator.assert_valid(service => '*');
SELECT service, version, outcome FROM migrator.apply(service => '*', dry_run => true);
BEGIN;
SELECT service, version, outcome FROM migrator.apply(service => '*');
SELECT * FROM pg_temp.turns();
SELECT service, version, state, flags FROM migrator.status(service => '*');
ROLLBACK;
CALL migrator.up(service => '*') \gset
SELECT * FROM pg_temp.results(:'result');
SELECT :'result'::jsonb ->> 'total' AS total, :'result'::jsonb ->> 'applied' AS applied, :'result'::jsonb ->> 'selected' AS selected;
SELECT version, state, flags FROM migrator.status(service => 'user-service');
CALL migrator.up(service => '*') \gset
SELECT * FROM pg_temp.results(:'result');
-- One of them fails in the middle: the other's turn is over, and goes on when it is corrected.
CALL files.forget();
SELECT migrator.register('user-service', 'm/user'), migrator.register('notification-service', 'm/notification'), migrator.register('z', 'm/b');
CALL files.write('m/notification/000002_b.up.sql', 'SELECT 1/0;');
CALL migrator.up(service => '*', on_error => 'continue');
SELECT * FROM pg_temp.turns();
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue', dry_run => true);
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'stop', dry_run => true);
CALL files.write('m/notification/000002_b.up.sql', 'CREATE TABLE deliveries();');
CALL migrator.up(service => '*') \gset
SELECT * FROM pg_temp.results(:'result');

-- Rings are found before anything runs.
CALL files.forget();
SELECT migrator.register('user-service', 'm/user'), migrator.register('notification-service', 'm/notification'), migrator.register('b', 'm/b');
CALL files.write('m/notification/dependencies.json',
  '{"migrations": {"000002": {"cross_service_dependencies": {"user-service": ["000005"]}}}}');
SELECT * FROM migrator.apply(service => '*');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'stop');
SELECT to_regclass('b'), to_regclass('users');
SELECT service, check_name, version, message FROM migrator.validate(service => '*') WHERE severity IN ('warning', 'error');
SELECT migrator.assert_valid(service => '*');
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue', dry_run => true);
CALL migrator.up(service => '*', on_error => 'continue');
SELECT * FROM pg_temp.turns();
-- through a migration of its own service, and over three
CALL files.write('m/notification/dependencies.json',
  '{"migrations": {"000001": {"cross_service_dependencies": {"b": ["1"]}}, "000002": {"depends_on": ["000001"]}}}');
CALL files.write('m/b/dependencies.json', '{"migrations": {"1": {"cross_service_dependencies": {"user-service": ["6"]}}}}');
CALL files.forget();
SELECT migrator.register('user-service', 'm/user'), migrator.register('notification-service', 'm/notification'), migrator.register('b', 'm/b');
SELECT * FROM migrator.apply(service => '*');
CALL files.remove('m/b/dependencies.json');

-- What nobody will ever do, too.
CALL files.write('m/notification/dependencies.json',
  '{"migrations": {"000002": {"cross_service_dependencies": {"user-service": ["000004"]}}, "000003": {"cross_service_dependencies": {"crm": ["1"]}}}}');
SELECT * FROM migrator.apply(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue', dry_run => true);
SELECT service, check_name, version, message FROM migrator.validate(service => '*') WHERE severity IN ('warning', 'error');
CALL files.write('m/notification/dependencies.json', '{"migrations": {"000003": {"cross_service_dependencies": {"crm": ["1"]}}}}');
CALL migrator.up(service => '*');
CALL files.write('m/notification/dependencies.json', '{"migrations": {"000003": {"cross_service_dependencies": {"user-service": ["6"]}}}}');
CALL files.write('m/user/000006_more.up.sql', E'-- migrator: manual\nCREATE TABLE more();');
CALL migrator.up(service => '*');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM migrator.runs;
-- done by hand, it is there
CALL files.write('m/notification/dependencies.json', '{"migrations": {}}');
CALL migrator.up(service => '*') \gset
CALL files.write('m/notification/000004_d.up.sql', 'SELECT 4;');
CALL files.write('m/notification/dependencies.json', '{"migrations": {"000004": {"cross_service_dependencies": {"user-service": ["6"]}}}}');
CALL migrator.up(service => '*');
CALL migrator.up(service => 'user-service', versions => '{6}') \gset
CALL migrator.up(service => '*') \gset
SELECT * FROM pg_temp.results(:'result');

-- A hundred services, each of which needs the next one's.
CALL files.forget();
DO $$
DECLARE
  directory text;
BEGIN
  FOR i IN 1 .. 100 LOOP
    directory := concat('m/s', i);
    CALL files.make(directory, '1_a.sql', 'SELECT 1;', 'dependencies.json', CASE WHEN i = 100 THEN '{"migrations": {}}' ELSE
      format('{"migrations": {"1": {"cross_service_dependencies": {"s%s": ["1"]}}}}', i + 1) END);
    PERFORM migrator.register('s' || i, directory);
  END LOOP;
END $$;
SELECT count(*), min(service) FILTER (WHERE n = 1) AS first, min(service) FILTER (WHERE n = 100) AS last
  FROM migrator.apply(service => '*') WITH ORDINALITY AS a (service, version, name, outcome, ms, message, n);
UPDATE migrator.migrations SET state = 'rolled_back';
CALL files.write('m/s100/dependencies.json', '{"migrations": {"1": {"cross_service_dependencies": {"s1": ["1"]}}}}');
SELECT * FROM migrator.apply(service => '*');
CALL files.forget();
CALL files.remove('m');
