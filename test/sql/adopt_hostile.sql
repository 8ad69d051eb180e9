-- adopt() and mirror: whose table it is, what hangs on it, and what is in it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
\set shown 'SELECT version, verified FROM migrator.adopt'
CREATE ROLE regress_migrator_owner;
CREATE ROLE regress_migrator_caller;
GRANT USAGE ON SCHEMA app, migrator TO regress_migrator_owner, regress_migrator_caller;
GRANT CREATE ON SCHEMA app TO regress_migrator_owner, regress_migrator_caller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO regress_migrator_caller;
GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA migrator TO regress_migrator_caller;
GRANT pg_read_server_files TO regress_migrator_caller;
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql', 'CREATE TABLE b();',
  '2_b.down.sql', 'DROP TABLE b;');

-- Nothing that hangs on a table is run: it is read without SQL.
SET ROLE regress_migrator_owner;
CREATE FUNCTION app.trap(bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN RAISE NOTICE 'run as %', current_user; RETURN true; END $$;
CREATE TABLE app.schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (1, false);
SET client_min_messages = error;
CREATE INDEX ON app.schema_migrations (version) WHERE app.trap(1);
CREATE INDEX ON app.schema_migrations (app.trap(2));
ALTER TABLE app.schema_migrations ADD CHECK (app.trap(version));
SET client_min_messages = warning;
RESET ROLE;
SET client_min_messages = notice;
:shown('m/d', dry_run => true);
SET client_min_messages = warning;
-- operators and functions of the caller's path neither
CREATE SCHEMA evil;
CREATE FUNCTION evil.lt(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil'; END $$;
CREATE OPERATOR evil.< (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.lt);
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
SET search_path = evil, app, pg_catalog;
:shown('m/d', dry_run => true);
SET search_path = app;
DROP SCHEMA evil CASCADE;

-- A view, a foreign or partitioned table, a column of another type, children.
ALTER TABLE schema_migrations RENAME TO real;
CREATE VIEW schema_migrations AS SELECT version, dirty FROM real;
:shown('m/d', dry_run => true, history => 'schema_migrations');
DROP VIEW schema_migrations;
CREATE TABLE schema_migrations (version bigint NOT NULL, dirty boolean NOT NULL) PARTITION BY LIST (dirty);
:shown('m/d', dry_run => true, history => 'schema_migrations');
DROP TABLE schema_migrations;
CREATE DOMAIN number AS bigint CHECK (app.trap(VALUE));
CREATE TABLE schema_migrations (version number NOT NULL, dirty boolean NOT NULL);
:shown('m/d', dry_run => true, history => 'schema_migrations');
DROP TABLE schema_migrations;
CREATE TABLE schema_migrations (version bigint NOT NULL, dirty boolean GENERATED ALWAYS AS (app.trap(1)) STORED);
:shown('m/d', dry_run => true, history => 'schema_migrations');
DROP TABLE schema_migrations;
DROP DOMAIN number;
CREATE TABLE child () INHERITS (real);
SET client_min_messages = error;
INSERT INTO child VALUES (2, true);
SET client_min_messages = warning;
:shown('m/d', dry_run => true, history => 'real');
DROP TABLE child;
DROP TABLE real;

-- It is read with the caller's rights.
CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('1'), (E'evil\n\x1b[31m"''; DROP'), (repeat('9', 30));
SET ROLE regress_migrator_caller;
:shown('m/d');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON schema_migrations TO regress_migrator_caller;
ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;
SET ROLE regress_migrator_caller;
:shown('m/d');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
ALTER TABLE schema_migrations DISABLE ROW LEVEL SECURITY;
-- what is in it are texts, whatever they say; but not none
INSERT INTO schema_migrations VALUES ('');
:shown('m/d');
DELETE FROM schema_migrations WHERE version = '';
:shown('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT note FROM migrator.history WHERE version <> '1' ORDER BY id LIMIT 1;
:shown('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
CALL files.forget();

-- What no tool has written: rows about nothing, times that are none, names without end.
CALL files.make('m/f', 'V1__a.sql', '', 'V2__b.sql', '', 'V3__c.sql', '', 'R__r.sql', '');
CREATE TABLE flyway_schema_history (installed_rank numeric, version text, description text, type text, script text, checksum int,
  installed_by text, installed_on timestamp, execution_time numeric, success boolean);
INSERT INTO flyway_schema_history VALUES (1, NULL, 'nothing', 'BASELINE', 'x', NULL, 'nobody', now(), 1, true);
:shown('m/f');
-- of the rows that reach so far the last; one that takes a repeatable script away
TRUNCATE flyway_schema_history;
INSERT INTO flyway_schema_history SELECT n, version, 'b', 'BASELINE', 'x', NULL, who, 'infinity', 'NaN', true
  FROM (VALUES (1, '3', 'first'), (2, '1', 'second'), (3, '2', 'third'), (4, '1.0', 'fourth')) r(n, version, who);
INSERT INTO flyway_schema_history SELECT n, NULL, 'r', type, 'R__r.sql', 0, 'them', now(), 1, true FROM (VALUES (5, 'SQL'), (6, 'DELETE')) r(n, type);
SELECT version, verified, applied_at FROM migrator.adopt('m/f');
SELECT version, applied_by, execution_time_ms FROM migrator.migrations ORDER BY 1;
CALL files.forget();
CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean, tstamp timestamp);
INSERT INTO goose_db_version VALUES (1, 1, true, '294276-12-31 23:59:59');
SET timezone = 'America/New_York';
SELECT version, applied_at FROM migrator.adopt('m/d');
RESET timezone;
CALL files.forget();
CREATE TABLE refinery_schema_history (version int, name text, applied_on text, checksum text);
INSERT INTO refinery_schema_history VALUES (1, 'a', 'infinity', '1'), (2, 'b', 'tomorrow', '1');
SELECT version, applied_at FROM migrator.adopt('m/d');
TRUNCATE refinery_schema_history;
INSERT INTO refinery_schema_history VALUES (3, repeat('c', 100000000), '2024-01-01T00:00:00Z', '1');
:shown('m/d');
CALL files.forget();
CREATE TABLE schema_migrations (version text);
INSERT INTO schema_migrations VALUES ('1'), (repeat('2', 2001));
:shown('m/d');
CALL files.forget();

-- A mirror: the table's owner must be one whom the caller may trust with his rights, and the caller needs rights of his own.
GRANT USAGE, CREATE ON SCHEMA app TO regress_migrator_owner, regress_migrator_caller;
SET ROLE regress_migrator_owner;
CREATE TABLE app.schema_migrations (version bigint NOT NULL, dirty boolean NOT NULL);
CREATE FUNCTION app.become() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN EXECUTE 'ALTER ROLE regress_migrator_owner SUPERUSER'; RETURN NEW; END $$;
CREATE TRIGGER become BEFORE INSERT OR UPDATE ON app.schema_migrations FOR EACH ROW EXECUTE FUNCTION app.become();
RESET ROLE;
SELECT migrator.register('shop', 'm/d', options => '{"mirror": true}');
CALL migrator.up('m/d', 'shop');
\echo :LAST_ERROR_SQLSTATE
SELECT version FROM migrator.apply('m/d', 'shop');
SELECT migrator.baseline('m/d', 'shop');
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_migrator_owner';
SELECT count(*) FROM migrator.migrations;
ALTER TABLE app.schema_migrations OWNER TO CURRENT_USER;
DROP TRIGGER become ON app.schema_migrations;
DROP FUNCTION app.become;
SET ROLE regress_migrator_caller;
CALL migrator.up('m/d', 'shop');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.schema_migrations TO regress_migrator_caller;
SET ROLE regress_migrator_caller;
CALL migrator.up('m/d', 'shop', options => '{"verbose": false}') \gset
RESET ROLE;
TABLE schema_migrations;
-- a grant is enough for a trigger, whose condition may call what it likes, and for a foreign key, whose actions do
GRANT TRIGGER, REFERENCES ON app.schema_migrations TO regress_migrator_owner;
SET ROLE regress_migrator_owner;
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'as %', current_user; RETURN NEW; END $$;
CREATE TRIGGER note AFTER DELETE ON app.schema_migrations EXECUTE FUNCTION app.note();
RESET ROLE;
CALL migrator.down('m/d', 'shop', steps => 1);
ALTER TABLE app.schema_migrations DISABLE TRIGGER note;
CALL migrator.down('m/d', 'shop', steps => 1, options => '{"verbose": false}') \gset
ALTER TABLE app.schema_migrations ENABLE TRIGGER note;
CALL migrator.up('m/d', 'shop');
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER note ON app.schema_migrations;
CREATE FUNCTION app.ours() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
SET ROLE regress_migrator_owner;
CREATE FUNCTION app.asks(bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'as %', current_user; RETURN true; END $$;
CREATE TRIGGER ours BEFORE INSERT ON app.schema_migrations FOR EACH ROW WHEN (app.asks(NEW.version)) EXECUTE FUNCTION app.ours();
RESET ROLE;
SELECT version FROM migrator.apply('m/d', 'shop');
DROP TRIGGER ours ON app.schema_migrations;
CREATE TRIGGER ours BEFORE INSERT ON app.schema_migrations FOR EACH ROW EXECUTE FUNCTION app.ours();
ALTER TABLE app.schema_migrations ADD UNIQUE (version);
SET ROLE regress_migrator_owner;
CREATE TABLE app.child (version bigint REFERENCES app.schema_migrations (version) ON UPDATE CASCADE);
RESET ROLE;
SELECT migrator.resolve('2', 'applied', 'shop');
ALTER TABLE app.child OWNER TO CURRENT_USER;
SELECT version FROM migrator.apply('m/d', 'shop');
-- what the caller cannot see he would not change
ALTER TABLE app.schema_migrations ENABLE ROW LEVEL SECURITY;
CREATE POLICY writes ON app.schema_migrations FOR INSERT WITH CHECK (true);
SET ROLE regress_migrator_caller;
SELECT version FROM migrator.rollback('m/d', 'shop', steps => 1);
RESET ROLE;
ALTER TABLE app.schema_migrations DISABLE ROW LEVEL SECURITY;
-- nor what a rule makes of it, nor a table that others do not have
CREATE RULE never AS ON DELETE TO app.schema_migrations DO INSTEAD NOTHING;
SELECT version FROM migrator.rollback('m/d', 'shop', steps => 1);
DROP RULE never ON app.schema_migrations;
CREATE TEMP TABLE mine (LIKE app.schema_migrations);
SELECT migrator.register('shop', 'm/d', options => '{"mirror": {"table": "pg_temp.mine"}}');
TABLE schema_migrations;
-- whoever writes the registration says where rows of the caller's go
SET ROLE regress_migrator_caller;
SELECT migrator.register('shop', 'm/d');
RESET ROLE;
CALL migrator.down('m/d', 'shop', steps => 1);
\echo :LAST_ERROR_SQLSTATE

-- The tool's own lock keeps both from running at once.
SET migrator.if_locked = fail;
CALL files.forget();
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (1, false);
SELECT migrator.adopt('m/d');
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
BEGIN;
SELECT migrator.adopt('m/d');
-- the number is golang-migrate's: crc32 of schema, table and database, times its salt
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND mode = 'ExclusiveLock' AND pid = pg_backend_pid();
SELECT mode FROM pg_locks WHERE relation = 'schema_migrations'::regclass AND mode = 'ShareLock';
ROLLBACK;
RESET migrator.if_locked;
CALL files.forget();
DROP OWNED BY regress_migrator_owner, regress_migrator_caller;
DROP ROLE regress_migrator_owner, regress_migrator_caller;

-- One version, by its number
CALL files.make('m/g', '20240101-000001.sql', '');
CREATE TABLE scripts (id int, filename text, created_at timestamptz);
INSERT INTO scripts VALUES (1, '20240101-000001.sql', now()), (2, '003', now()), (3, '0', now());
SELECT version, verified FROM migrator.adopt('m/g', history => 'scripts');
INSERT INTO scripts VALUES (4, '3', now());
SELECT version, verified FROM migrator.adopt('m/g', history => 'scripts');
CALL files.forget();

-- Bytes of no encoding, in a database without one
CALL files.make('m/bytes', '1_a.up.sql', '');
SELECT current_database() AS here \gset
CREATE DATABASE regress_migrator_bytes ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\connect regress_migrator_bytes
CREATE EXTENSION migrator;
CREATE TABLE schema_migrations (version text);
INSERT INTO schema_migrations VALUES ('1'), (E'2\xc3\xa4'), (E'\xff');
SELECT version FROM migrator.adopt('m/bytes');
DELETE FROM schema_migrations WHERE version = E'\xff';
SELECT octet_length(version) FROM migrator.adopt('m/bytes');
\connect :here
DROP DATABASE regress_migrator_bytes;
