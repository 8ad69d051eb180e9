-- Options of register(), and services with rights of their own.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE ROLE regress_migrator_a;
CREATE ROLE regress_migrator_b;
CREATE ROLE regress_migrator_team;
GRANT regress_migrator_team TO regress_migrator_a;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO regress_migrator_a, regress_migrator_b;
GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA migrator TO regress_migrator_a, regress_migrator_b;
GRANT USAGE, CREATE ON SCHEMA app TO regress_migrator_a, regress_migrator_b;
CALL files.make('m/in/d', '1_a.sql', 'CREATE TABLE app.a();', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;');
SELECT set_config('migrator.source_roots', current_setting('data_directory') || '/m/in', false) \g /dev/null

-- Every key is known, with its type; what nothing obeys yet is not kept as if something did.
SELECT migrator.register('team', 'm/in/d', options => '{"role": ["regress_migrator_team"]}');
SELECT migrator.register('team', 'm/in/d', options => '{"roles": "regress_migrator_team"}');
SELECT migrator.register('team', 'm/in/d', options => '{"roles": [1]}');
SELECT migrator.register('team', 'm/in/d', options => '{"roles": {"regress_migrator_team": true}}');
SELECT migrator.register('team', 'm/in/d', options => '{"roles": []}');
SELECT migrator.register('team', 'm/in/d', options => '{"roles": ["regress_migrator_team", "regress_migrator_nobody"]}');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('team', 'm/in/d', options => '{"roles": ["public"]}');
SELECT migrator.register('team', 'm/in/d', options => '{"mirror": true}');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('team', 'm/in/d', options => '"roles"');
SELECT count(*) FROM migrator.services;

-- Options stay when a service is registered again without them; null takes one away.
SELECT migrator.register('team', 'm/in/d', options => '{"roles": ["regress_migrator_team", "regress_migrator_team"]}');
SELECT migrator.register('team', 'm/in/d', environment => 'test');
SELECT migrator.register('team', 'm/in/d', options => NULL);
SELECT environment, options, role_oids = array[to_regrole('regress_migrator_team'), to_regrole('regress_migrator_team')]::oid[] AS oids FROM migrator.services;
SELECT migrator.register('team', 'm/in/d', options => '{"roles": null}');
SELECT options, role_oids FROM migrator.services;
SELECT migrator.register('new', 'm/in/d', options => '{"roles": null}');
SELECT options, role_oids FROM migrator.services WHERE service = 'new';
SELECT migrator.unregister('new');

-- Without roles the grants on the functions decide; with them only members act for the service.
SET ROLE regress_migrator_b;
SELECT migrator.register('team', 'm/in/d');
SELECT migrator.baseline('m/in/d', version => '1');
RESET ROLE;
SELECT migrator.register('team', 'm/in/d', options => '{"roles": ["regress_migrator_team"]}');
SET ROLE regress_migrator_b;
SELECT version FROM migrator.apply('m/in/d');
\echo :LAST_ERROR_SQLSTATE
SELECT version FROM migrator.apply('m/in/d', dry_run => true);
-- before any file is read
SELECT version FROM migrator.apply('m/nowhere', 'team');
SELECT version FROM migrator.apply();
CALL migrator.up('m/in/d');
CALL migrator.up(service => 'team');
SELECT migrator.baseline('m/in/d', version => '2');
SELECT migrator.baseline('m/nowhere', 'team');
SELECT migrator.resolve('2', 'applied');
SELECT migrator.resolve('1', 'pending', 'team');
SELECT migrator.unlock();
SELECT migrator.register('team', 'm/in/d');
SELECT migrator.register('team', 'm/nowhere', options => '{"roles": null}');
SELECT migrator.unregister('team');
-- to look is another matter
SELECT version, state FROM migrator.status('m/in/d');
SELECT migrator.is_current('m/in/d');
RESET ROLE;
SET ROLE regress_migrator_a;
SELECT version, outcome FROM migrator.apply('m/in/d', target => '2');
SELECT migrator.resolve('2', 'pending');
SELECT migrator.baseline('m/in/d', version => '2');
SELECT migrator.unlock();
SELECT migrator.register('team', 'm/in/d', environment => 'a');
RESET ROLE;
SELECT environment, options FROM migrator.services;
SET ROLE regress_migrator_a;
CALL migrator.up('m/in/d') \gset
SELECT :'result'::jsonb->'applied' AS applied;
RESET ROLE;

-- the registrations of a member act with the rights of members only: see registrar.sql
SELECT migrator.register('team', 'm/in/d');

-- A member who does not inherit the role's rights has to become the role, as for a table.
ALTER ROLE regress_migrator_b NOINHERIT;
GRANT regress_migrator_team TO regress_migrator_b;
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'pending');
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO regress_migrator_team;
SET ROLE regress_migrator_team;
SELECT migrator.resolve('3', 'pending');
RESET ROLE;
REVOKE regress_migrator_team FROM regress_migrator_b;
-- the extension's owner needs no membership, and a superuser neither
SELECT migrator.resolve('3', 'applied');

-- A renamed role keeps its rights; the name of a dropped one is no key.
ALTER ROLE regress_migrator_team RENAME TO regress_migrator_team2;
SET ROLE regress_migrator_a;
SELECT migrator.resolve('3', 'pending');
RESET ROLE;
CREATE ROLE regress_migrator_team;
GRANT regress_migrator_team TO regress_migrator_b;
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;
DROP OWNED BY regress_migrator_team2;
DROP ROLE regress_migrator_team2;
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;
SET ROLE regress_migrator_a;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;
-- to register again does not look the name up again; to give it does
SELECT migrator.register('team', 'm/in/d');
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;
SELECT migrator.register('team', 'm/in/d', options => '{"roles": ["regress_migrator_team"]}');
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;
ALTER ROLE regress_migrator_b INHERIT;
-- from 16 on the grant itself keeps what it was made with
REVOKE regress_migrator_team FROM regress_migrator_b;
GRANT regress_migrator_team TO regress_migrator_b;
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;

-- Restored in another cluster: its OIDs are none of ours, and names count until the service is registered again.
UPDATE migrator.services SET system_identifier = system_identifier + 1, role_oids = array[to_regrole('regress_migrator_a')]::oid[];
SET ROLE regress_migrator_a;
SELECT migrator.resolve('3', 'pending');
RESET ROLE;
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'pending');
SELECT migrator.register('team', 'm/in/d');
RESET ROLE;
SELECT role_oids = array[to_regrole('regress_migrator_team')]::oid[] AS oids,
  system_identifier = (SELECT system_identifier FROM pg_control_system()) AS here FROM migrator.services;
UPDATE migrator.services SET system_identifier = system_identifier + 1, options = '{"roles": ["regress_migrator_nobody"]}';
SET ROLE regress_migrator_b;
SELECT migrator.resolve('3', 'applied');
RESET ROLE;
SELECT migrator.register('team', 'm/in/d');
SELECT migrator.register('team', 'm/in/d', options => '{"roles": null}');
