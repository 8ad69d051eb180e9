-- Options of register(): where the service's view lies, and its schemas.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'SELECT 1;');
CREATE VIEW files.views AS
  SELECT n.nspname, c.relname, c.relowner::regrole,
    (SELECT array_agg(a.grantee::regrole || ' ' || a.privilege_type ORDER BY 1) FROM aclexplode(c.relacl) a
      WHERE a.grantee <> c.relowner) AS granted
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname LIKE '%\_schema\_migrations' ORDER BY 1, 2;
CREATE SCHEMA "Other schema";
SET client_min_messages = notice;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "app"}');
SET client_min_messages = warning;
TABLE files.views;
SELECT version FROM migrator.apply('m/d');
SELECT version, dirty, migration_name, status FROM app.user_service_schema_migrations;
SELECT obj_description('app.user_service_schema_migrations'::regclass);
-- it stays where it is, moves, and goes back
SELECT migrator.register('user-service', 'm/d');
TABLE files.views;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "Other schema"}');
TABLE files.views;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": null}');
TABLE files.views;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "migrator"}');
TABLE files.views;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "app"}');
SELECT migrator.unregister('user-service');
TABLE files.views;
-- wrong values
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "nosuch"}');
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": ""}');
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": ["app"]}');
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "pg_temp"}');
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "pg_catalog"}');
SELECT count(*) FROM migrator.services;
-- what is there is not replaced
CREATE VIEW app.user_service_schema_migrations AS SELECT 1 AS x;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "app"}');
\echo :LAST_ERROR_SQLSTATE
DROP VIEW app.user_service_schema_migrations;
CREATE TABLE app.user_service_schema_migrations ();
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "app"}');
DROP TABLE app.user_service_schema_migrations;
-- whoever registers must be able to create there
CREATE ROLE regress_migrator_alice;
CREATE SCHEMA regress_migrator_alice AUTHORIZATION regress_migrator_alice;
GRANT EXECUTE ON FUNCTION migrator.register, migrator.unregister TO regress_migrator_alice;
GRANT pg_read_server_files TO regress_migrator_alice;
SET SESSION AUTHORIZATION regress_migrator_alice;
SELECT migrator.register('alice', 'm/d', options => '{"view_schema": "app"}');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('alice', 'm/d', options => '{"view_schema": "regress_migrator_alice"}');
-- the view is the extension's owner's all the same, and what takes its place is not touched
SELECT relowner::regrole FROM pg_class WHERE oid = 'regress_migrator_alice.alice_schema_migrations'::regclass;
SELECT * FROM regress_migrator_alice.alice_schema_migrations;
GRANT SELECT ON regress_migrator_alice.alice_schema_migrations TO PUBLIC;
DROP VIEW regress_migrator_alice.alice_schema_migrations;
CREATE VIEW regress_migrator_alice.alice_schema_migrations AS SELECT 1 AS mine;
SELECT migrator.register('alice', 'm/d');
SELECT migrator.register('alice', 'm/d', options => '{"view_schema": null}');
SELECT * FROM regress_migrator_alice.alice_schema_migrations;
SELECT migrator.unregister('alice');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_migrator;
-- a schema that is gone takes its view with it
CREATE SCHEMA gone;
SELECT migrator.register('user-service', 'm/d', options => '{"view_schema": "gone"}');
SET client_min_messages = error;
DROP SCHEMA gone CASCADE;
SET client_min_messages = warning;
SELECT migrator.register('user-service', 'm/d');
SELECT migrator.unregister('user-service');
TABLE files.views;

-- The schemas that are the service's.
SELECT migrator.register('user-service', 'm/d', options => '{"schemas": ["user_service", "not yet there"]}');
SELECT options FROM migrator.services;
SELECT migrator.register('user-service', 'm/d', options => '{"schemas": []}');
SELECT migrator.register('user-service', 'm/d', options => '{"schemas": [""]}');
SELECT migrator.register('user-service', 'm/d', options => '{"schemas": "app"}');
SELECT migrator.register('user-service', 'm/d', options => '{"schemas": null}');
SELECT options FROM migrator.services;
DROP SCHEMA "Other schema";
DROP OWNED BY regress_migrator_alice;
DROP ROLE regress_migrator_alice;
