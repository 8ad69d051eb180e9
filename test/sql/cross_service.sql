-- What a migration needs of another service.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/user', '000001_users.up.sql', 'CREATE TABLE users();', '000005_notifications.up.sql', 'CREATE TABLE user_notifications();',
  '000006_more.up.sql', 'CREATE TABLE more();', '000007_free.up.sql', 'CREATE TABLE free();', 'dependencies.json', $$
{
  "migrations": {
    "000005": {
      "description": "Add user notifications",
      "depends_on": ["000001"],
      "cross_service_dependencies": {
        "notification-service": ["000002"]
      }
    },
    "000006": {"depends_on": ["000005"]}
  }
}$$);
CALL files.make('m/notification', '1_a.up.sql', 'CREATE TABLE n1();', '2_b.up.sql', 'CREATE TABLE n2();');
SELECT migrator.register('user-service', 'm/user');

-- Nobody knows the other service.
SELECT * FROM migrator.apply('m/user');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('users');
CALL migrator.up('m/user');
SELECT version, state, flags, message FROM migrator.status('m/user');
SELECT version, description, blocked FROM migrator.pending('m/user');
SELECT check_name, severity, version, file, message FROM migrator.validate('m/user') WHERE check_name IN ('cross_service', 'dependencies') AND severity <> 'ok';
SELECT migrator.is_current('m/user');
-- It is registered, and has nothing on record; then something else; then a failure.
SELECT migrator.register('notification-service', 'm/notification');
SELECT message FROM migrator.status('m/user') WHERE version = '000005';
SELECT version, outcome FROM migrator.apply('m/notification', target => '1');
SELECT message FROM migrator.status('m/user') WHERE version = '000005';
CALL files.write('m/notification/2_b.up.sql', 'SELECT 1/0;');
SELECT version, outcome FROM migrator.apply('m/notification', on_error => 'stop');
SELECT message FROM migrator.status('m/user') WHERE version = '000005';
-- What does not need it runs meanwhile, by name or up to a target.
SELECT version, outcome FROM migrator.apply('m/user', target => '1');
SELECT version, outcome FROM migrator.apply('m/user', versions => '{6}', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/user', versions => '{5,6}', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/user', target => '6', dry_run => true);
CALL migrator.up('m/user', versions => '{7}') \gset
SELECT version, state, flags FROM migrator.status('m/user');
-- Then it is there, under another spelling of the number; what waited is not late.
CALL files.write('m/notification/2_b.up.sql', 'CREATE TABLE n2();');
SELECT version, outcome FROM migrator.apply('m/notification');
SELECT version, state, flags, message FROM migrator.status('m/user');
SELECT check_name, severity FROM migrator.validate('m/user') WHERE check_name = 'cross_service';
SELECT version, outcome FROM migrator.apply('m/user');
-- What was taken back is not there, and what is applied needs nothing any more.
SELECT migrator.resolve('2', 'rolled_back', service => 'notification-service');
SELECT version, state, flags FROM migrator.status('m/user');
SELECT migrator.is_current('m/user');
SELECT migrator.resolve('000005', 'rolled_back', service => 'user-service');
SELECT version, state, flags, message FROM migrator.status('m/user');
-- It does what another call of this transaction did.
CALL files.write('m/notification/2_b.up.sql', 'SELECT 2;');
CALL files.write('m/user/000005_notifications.up.sql', 'SELECT 5;');
BEGIN;
SELECT version, outcome FROM migrator.apply('m/notification');
SELECT version, outcome FROM migrator.apply('m/user');
ROLLBACK;

-- A record without a registration will do.
CALL files.forget();
SELECT version FROM migrator.apply('m/notification', 'notification-service', target => '1');
SELECT message FROM migrator.status('m/user', 'user-service') WHERE version = '000005';
SELECT migrator.baseline('m/notification', 'notification-service', '2');
SELECT version, outcome FROM migrator.apply('m/user', 'user-service');

-- Several, of several.
CALL files.forget();
CALL files.make('m/user', '1_a.sql', 'SELECT 1;', 'dependencies.json',
  '{"migrations": {"1": {"cross_service_dependencies": {"notification-service": ["1", "2"], "billing": ["000003"], "crm": ["20250101-x", "01"]}}}}');
SELECT migrator.register('user-service', 'm/user');
SELECT version FROM migrator.apply('m/notification', 'notification-service', target => '1');
SELECT * FROM migrator.apply('m/user');
-- of its own: that is what depends_on is for
CALL files.write('m/user/dependencies.json', E'{"migrations": {"1": {\n"cross_service_dependencies": {"user-service":\n ["0"]}}}}');
SELECT * FROM migrator.apply('m/user');
\echo :LAST_ERROR_SQLSTATE
-- names from outside
CALL files.write('m/user/dependencies.json', E'{"migrations": {"1": {"cross_service_dependencies": {"a\\"\\n\\u001b": ["\\n\\"", "''"]}}}}');
SELECT * FROM migrator.apply('m/user');
CALL files.write('m/user/dependencies.json', E'{"migrations": {"1": {"cross_service_dependencies": {"a": ["\\n\\"", "''"]}}}}');
SELECT * FROM migrator.apply('m/user');
-- what needs nothing of it
CALL files.write('m/user/dependencies.json', '{"migrations": {"1": {"cross_service_dependencies": {"billing": []}}}}');
SELECT version, outcome FROM migrator.apply('m/user');
-- Numbers are equal however they are written, other versions by their bytes.
CALL files.forget();
CALL files.write('m/user/dependencies.json', '{"migrations": {"1": {"cross_service_dependencies": {"notification-service": ["0002", "1"], "crm": ["0x1"]}}}}');
SELECT version FROM migrator.apply('m/notification', 'notification-service');
INSERT INTO migrator.migrations (service, version, name, state) VALUES ('crm', 'x1', 'x', 'applied');
SELECT message FROM migrator.status('m/user', 'user-service');
