-- adopt(): the tables of all other tools that are known, one after the other. Each is a fixture, made as its tool's source makes it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET timezone = 'UTC';
\set shown 'SELECT version, name, applied_at, verified, message FROM migrator.adopt'
\set record 'SELECT version, file, layout, applied_by, execution_time_ms, baseline FROM migrator.migrations ORDER BY version COLLATE "C"'

-- tern: a high-water mark
CALL files.make('m/tern', '001_a.sql', E'CREATE TABLE a();\n---- create above / drop below ----\nDROP TABLE a;\n',
  '002_b.sql', 'CREATE TABLE b();', '003_c.sql', 'CREATE TABLE c();');
CREATE TABLE schema_version (version int4 NOT NULL);
INSERT INTO schema_version VALUES (2);
:shown('m/tern');
:record;
CALL files.forget();

-- diesel
CALL files.make('m/diesel', '2024-01-01-000000_a/up.sql', 'CREATE TABLE a();', '2024-01-01-000000_a/down.sql', 'DROP TABLE a;',
  '2024-01-02-000000_b/up.sql', 'CREATE TABLE b();');
CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO __diesel_schema_migrations VALUES ('20240101000000', '2024-01-01 12:00'), ('00000000000000', '2024-01-01');
:shown('m/diesel');
:record;
CALL files.forget();

-- sql-migrate
CALL files.make('m/sqlm', '1_a.sql', E'-- +migrate Up\nCREATE TABLE a();\n-- +migrate Down\nDROP TABLE a;\n', '2_b.sql',
  E'-- +migrate Up\nCREATE TABLE b();\n');
CREATE TABLE gorp_migrations (id text NOT NULL PRIMARY KEY, applied_at timestamptz);
INSERT INTO gorp_migrations VALUES ('1_a.sql', '2024-01-01'), ('0_gone.sql', '2024-01-01');
:shown('m/sqlm');
:record;
CALL files.forget();

-- node-pg-migrate: names without extensions
CALL files.make('m/node', '1700000000000_a.sql', E'-- Up Migration\nCREATE TABLE a();\n-- Down Migration\nDROP TABLE a;\n',
  '1700000000001_b.sql', E'-- Up Migration\nCREATE TABLE b();\n');
CREATE TABLE pgmigrations (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);
INSERT INTO pgmigrations (name, run_on) VALUES ('1700000000000_a', '2024-01-01');
:shown('m/node');
:record;
CALL files.forget();

-- graphile-migrate: the hash is the file's
CALL files.make('m/graphile', '000001.sql', E'--! Previous: -\n--! Hash: sha1:539e7775db0f56d9884c24fa1490a5eba8bc2d0a\n\nCREATE TABLE a();\n',
  '000002-b.sql',
  E'--! Previous: sha1:539e7775db0f56d9884c24fa1490a5eba8bc2d0a\n--! Hash: sha1:c02c0ead222f924548c09a1b3a5fa9a443b169bd\n\nCREATE TABLE b();\n');
CREATE SCHEMA graphile_migrate;
CREATE TABLE graphile_migrate.migrations (hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations, filename text NOT NULL,
  date timestamptz NOT NULL DEFAULT now());
INSERT INTO graphile_migrate.migrations VALUES ('sha1:539e7775db0f56d9884c24fa1490a5eba8bc2d0a', NULL, '000001.sql', '2024-01-01'),
  ('sha1:other', 'sha1:539e7775db0f56d9884c24fa1490a5eba8bc2d0a', '000002-b.sql', '2024-01-02');
:shown('m/graphile');
:record;
DROP SCHEMA graphile_migrate CASCADE;
CALL files.forget();

-- Atlas: the sum is that of atlas.sum
CALL files.make('m/atlas', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();',
  'atlas.sum',
  E'h1:v/fk8nsen5S7JYfTRIslMNan5/aJ+X15sV4inq38Cz8=\n'
  '1_a.sql h1:wutvLMFIxAmbbiXy4v4goPNzky+ADXTcL/D9b4lacl0=\n'
  '2_b.sql h1:k8V0lxp5zt0n5Mavx/WgAQUIcaqRZqnhbJaBNR1HyzM=\n');
CREATE TABLE atlas_schema_revisions (version varchar PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2, applied bigint NOT NULL
  DEFAULT 0, total bigint NOT NULL DEFAULT 0, executed_at timestamptz NOT NULL, execution_time bigint NOT NULL, error text, error_stmt text,
  hash varchar NOT NULL, partial_hashes jsonb, operator_version varchar NOT NULL);
INSERT INTO atlas_schema_revisions VALUES ('.atlas_cloud_identifier', '', 2, 0, 0, '2024-01-01', 0, '', '', '', NULL, ''),
  ('1', 'a', 2, 1, 1, '2024-01-01', 2500000, '', '', 'wutvLMFIxAmbbiXy4v4goPNzky+ADXTcL/D9b4lacl0=', NULL, 'Atlas CLI'),
  ('2', 'b', 2, 1, 3, '2024-01-01', 0, '', '', 'k8V0lxp5zt0n5Mavx/WgAQUIcaqRZqnhbJaBNR1HyzM=', NULL, 'Atlas CLI');
:shown('m/atlas');
UPDATE atlas_schema_revisions SET applied = 3 WHERE version = '2';
:shown('m/atlas', dry_run => true);
-- a baseline
DELETE FROM atlas_schema_revisions WHERE version = '1';
UPDATE atlas_schema_revisions SET type = 1, hash = '' WHERE version = '2';
:shown('m/atlas');
:record;
CALL files.forget();

-- drizzle: the n-th of the journal, and SHA-256 of the file
CALL files.make('m/drizzle', '0000_x.sql', 'CREATE TABLE a();', '0001_b.sql', 'CREATE TABLE b();', 'meta/_journal.json',
  '{"version": "7", "entries": [{"idx": 0, "when": 1704067200000, "tag": "0000_x"}, {"idx": 1, "when": 1704067200001, "tag": "0001_b"}]}');
CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);
INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES (encode(sha256('CREATE TABLE a();'), 'hex'), 1704067200000),
  (encode(sha256('other'), 'hex'), 1704067200001), (encode(sha256('gone'), 'hex'), 1704067200002);
:shown('m/drizzle');
:record;
DROP SCHEMA drizzle CASCADE;
CALL files.forget();

-- refinery: SipHash-1-3 as Rust has it, of a version of 32 bits or of 64
CALL files.make('m/refinery', 'V1__a.sql', 'CREATE TABLE a();', 'V2__b.sql', 'CREATE TABLE b();', 'V3__c.sql', 'CREATE TABLE c();');
CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
INSERT INTO refinery_schema_history VALUES (1, 'a', '2024-01-01T12:00:00.5Z', '15886825035316641503'),
  (2, 'b', '2024-01-01T12:00:00+02:00', '1052753218742684238'), (3, 'c', '2024-01-01T12:00:00Z', '1');
:shown('m/refinery', options => '{"layout": "refinery"}');
:record;
CALL files.forget();

-- Flyway, with its own directory: callbacks of the past, a repeatable script, a baseline
CALL files.make('m/flyway', 'V1__a.sql', 'CREATE TABLE a();', 'V1.1__b.sql', 'CREATE TABLE b();', 'V2__c.sql', 'CREATE TABLE c();',
  'V3__d.sql', 'CREATE TABLE d();', 'R__views.sql', 'CREATE VIEW v AS SELECT 1;');
CREATE TABLE flyway_schema_history (installed_rank integer NOT NULL PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL,
  type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum integer, installed_by varchar(100) NOT NULL,
  installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, success boolean NOT NULL);
INSERT INTO flyway_schema_history VALUES
  (1, '1.1', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL, 'flo', '2024-01-01', 0, true),
  (2, '2', 'c', 'SQL', 'V2__c.sql', -1346468575, 'flo', '2024-01-02', 3, true),
  (3, NULL, 'views', 'SQL', 'R__views.sql', 4711, 'flo', '2024-01-03', 3, true),
  (4, NULL, 'views', 'SQL', 'R__views.sql', 895998086, 'flo', '2024-01-04', 3, true);
:shown('m/flyway');
:record;
SELECT version, state, flags FROM migrator.status('m/flyway');
CALL files.forget();

-- its lock: Java's hash of the quoted name in UTF-16
CALL files.make('m/flyway', 'V1__a.sql', 'CREATE TABLE a();');
CREATE TABLE flyway_schema_history (installed_rank integer NOT NULL PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL,
  type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum integer, installed_by varchar(100) NOT NULL,
  installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, success boolean NOT NULL);
BEGIN;
SELECT count(*) FROM migrator.adopt('m/flyway', options => '{"force": true}', dry_run => true);
SELECT (classid::bigint << 32 | objid::bigint) = 77431436970681 AS its FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = 18028;
COMMIT;
ALTER TABLE flyway_schema_history RENAME TO U&"sch""\00f6\+01d11en";
BEGIN;
SELECT count(*) FROM migrator.adopt('m/flyway', options => '{"force": true}', dry_run => true);
SELECT (classid::bigint << 32 | objid::bigint) = 77432247618540 AS its FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = 18028;
COMMIT;
CALL files.forget();

-- yandex-pgmigrate, of whose table the type of a column is its own
CALL files.make('m/yandex', 'V0001__a.sql', 'CREATE TABLE a();', 'V0002__b.sql', 'CREATE TABLE b();');
CREATE TYPE schema_version_type AS ENUM ('auto', 'manual');
CREATE TABLE schema_version (version bigint NOT NULL PRIMARY KEY, description text NOT NULL, type schema_version_type NOT NULL DEFAULT 'auto',
  installed_by text NOT NULL, installed_on timestamp NOT NULL DEFAULT now());
INSERT INTO schema_version VALUES (1, 'a', 'auto', 'yara', '2024-01-01');
:shown('m/yandex', options => '{"layout": "yandex-pgmigrate"}');
:record;
CALL files.forget();
-- the one row of "pgmigrate baseline" is of all up to it
CALL files.write('m/yandex/V0003__c.sql', 'CREATE TABLE c();');
CREATE TYPE schema_version_type AS ENUM ('auto', 'manual');
CREATE TABLE schema_version (version bigint NOT NULL PRIMARY KEY, description text NOT NULL, type schema_version_type NOT NULL DEFAULT 'auto',
  installed_by text NOT NULL, installed_on timestamp NOT NULL DEFAULT now());
INSERT INTO schema_version VALUES (2, 'Forced baseline', 'manual', 'yara', '2024-01-01');
:shown('m/yandex', options => '{"layout": "yandex-pgmigrate"}');
SELECT version, outcome FROM migrator.apply('m/yandex', options => '{"layout": "yandex-pgmigrate"}');
CALL files.forget();

-- Supabase
CALL files.make('m/supabase', '20240101000000_a.sql', 'CREATE TABLE a();', '20240102000000_b.sql', 'CREATE TABLE b();');
CREATE SCHEMA supabase_migrations;
CREATE TABLE supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY, statements text[], name text);
INSERT INTO supabase_migrations.schema_migrations VALUES ('20240101000000', '{CREATE TABLE a()}', 'a'), ('20240102000000', NULL, NULL);
:shown('m/supabase', options => '{"layout": "supabase"}');
:record;
DROP SCHEMA supabase_migrations CASCADE;
CALL files.forget();

-- popx; that of pop has one column
CALL files.make('m/popx', '20240101000000000000_a.up.sql', 'CREATE TABLE a();', '20240101000000000000_a.down.sql', 'DROP TABLE a;',
  '20240102000000000000_b.postgres.up.sql', 'CREATE TABLE b();', '20240102000000000000_b.down.sql', 'DROP TABLE b;');
CREATE TABLE schema_migration (version varchar(48) NOT NULL, version_self int NOT NULL DEFAULT 0);
INSERT INTO schema_migration VALUES ('20240101000000000000');
:shown('m/popx', options => '{"layout": "popx", "mirror": true}');
:record;
CALL migrator.up('m/popx', options => '{"layout": "popx", "verbose": false}') \gset
TABLE schema_migration;
CALL migrator.down('m/popx', steps => 1, options => '{"layout": "popx", "verbose": false}') \gset
TABLE schema_migration;
CALL files.forget();

-- schema-evolution-manager
CALL files.make('m/sem', '20240101-000000.sql', 'CREATE TABLE a();', '20240102-000000.sql', 'CREATE TABLE b();');
CREATE SCHEMA schema_evolution_manager;
CREATE TABLE schema_evolution_manager.scripts (id bigserial PRIMARY KEY, filename varchar(100) NOT NULL UNIQUE, created_at timestamptz NOT NULL
  DEFAULT now());
INSERT INTO schema_evolution_manager.scripts (filename, created_at) VALUES ('20240101-000000.sql', '2024-01-01');
:shown('m/sem');
:record;
DROP SCHEMA schema_evolution_manager CASCADE;
CALL files.forget();

-- Tools whose migrations are code: their names stay on record, and a file of that name is the migration's.
CALL files.make('m/code', '20240101000000_a.sql', 'CREATE TABLE a();', '20240102000000_b.sql', 'CREATE TABLE b();');
CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
CREATE TABLE ar_internal_metadata (key varchar NOT NULL PRIMARY KEY, value varchar, created_at timestamp(6), updated_at timestamp(6));
INSERT INTO schema_migrations VALUES ('20240101000000'), ('20230101000000');
:shown('m/code', dry_run => true);
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('1975ea83b712');
CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) NOT NULL PRIMARY KEY, "ProductVersion" varchar(32) NOT NULL);
INSERT INTO "__EFMigrationsHistory" VALUES ('20240101000000_a', '8.0.0'), ('20240103000000_C', '8.0.0');
CREATE TABLE django_migrations (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, app varchar(255) NOT NULL, name varchar(255) NOT NULL,
  applied timestamptz NOT NULL);
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0001_initial', '2024-01-01'), ('shop', '0001_initial', '2024-01-02');
CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);
CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked integer);
INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20240101000000_a.js', 1, '2024-01-01'), ('20240301000000_x.js', 1, '2023-12-01');
INSERT INTO knex_migrations_lock (is_locked) VALUES (1);
:shown('m/code', dry_run => true);
:shown('m/code', tool => 'alembic', dry_run => true);
:shown('m/code', tool => 'ef-core', dry_run => true);
:shown('m/code', tool => 'django', dry_run => true);
:shown('m/code', tool => 'knex', dry_run => true);
\echo :LAST_ERROR_SQLSTATE
UPDATE knex_migrations_lock SET is_locked = 0;
:shown('m/code', tool => 'knex');
SELECT version, state, flags FROM migrator.status('m/code');
-- what has no file was none of the source's: it has no place among the others, and they still run
CALL migrator.up('m/code', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb->>'outcome' AS outcome, :'result'::jsonb->>'applied' AS applied;
CALL files.forget();
-- a name that is no version: no new file is named behind it, and the way back does not begin with it
CALL files.make('m/names', '20240102000000_b.sql', 'CREATE TABLE b();', '20240102000000_b.down.sql', 'DROP TABLE b;');
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('f975ea83b712');
SELECT version FROM migrator.adopt('m/names');
CALL migrator.up('m/names', options => '{"verbose": false}') \gset
SELECT regexp_replace(file, '^20[0-9]{12}', 'TIME') AS file FROM migrator.new_migration('m/names', 'add email');
CALL migrator.down('m/names', steps => 1, options => '{"verbose": false}') \gset
SELECT version, state FROM migrator.status('m/names') WHERE version NOT LIKE '%add_email';
CALL migrator.down('m/names', target => '');
CALL files.forget();
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, inserted_at timestamp(0));
INSERT INTO schema_migrations VALUES (20240101000000, '2024-01-01 12:00');
SET timezone = 'Europe/Berlin';
:shown('m/code');
SET timezone = 'UTC';
CALL files.forget();

-- Liquibase, here without its directory: changesets, whose lock is a row
CALL files.make('m/liquibase', '1_a.sql', 'CREATE TABLE a();');
CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL,
  orderexecuted integer NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35), description varchar(255), comments varchar(255),
  tag varchar(255), liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10));
CREATE TABLE databasechangeloglock (id integer PRIMARY KEY, locked boolean NOT NULL, lockgranted timestamp, lockedby varchar(255));
INSERT INTO databasechangelog VALUES ('1', 'flo', 'classpath:db/a.sql', '2024-01-01', 1, 'EXECUTED', '9:x'),
  ('2', 'flo', 'db/a.sql', '2024-01-01', 2, 'MARK_RAN', NULL), ('3', 'flo', 'db/a.sql', '2024-01-01', 3, 'FAILED', NULL);
INSERT INTO databasechangeloglock VALUES (1, true, '2024-01-01', 'host');
:shown('m/liquibase', options => '{"force": true}');
UPDATE databasechangeloglock SET locked = false;
:shown('m/liquibase', options => '{"force": true}');
DELETE FROM databasechangelog WHERE id = '3';
:shown('m/liquibase');
:shown('m/liquibase', options => '{"force": true}');
CALL files.forget();
-- a changeset may say which checksums are valid: the one on record, the file's, or any
CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL,
  orderexecuted integer NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35));
SELECT '9:' || md5('9:' || md5('SELECT3;') || ':') AS computed \gset
CALL files.make('m/liquibase', 'a.sql', E'--liquibase formatted sql\n--changeset flo:1\n--validCheckSum: 9:x\nSELECT 1;\n--changeset flo:2\n'
    '-- validchecksum Any \nSELECT 2;\n--changeset flo:3\nSELECT 3;\n--validCheckSum: ' || :'computed' || E'\n--changeset flo:4\n'
    '--validCheckSum: 9:y\n--validCheckSum: 8:x\nSELECT 4;\n--changeset flo:5\n--validCheckSum: 9:X\n--validCheckSum:  any\nSELECT 5;\n'
    '--changeset flo:6\n--validCheckSum: 8:any\nSELECT 6;\n--changeset flo:7\nSELECT 3;\n--validCheckSum: 9:y\n');
INSERT INTO databasechangelog SELECT id, 'flo', 'a.sql', '2024-01-01', id, 'EXECUTED', CASE id WHEN 4 THEN '8:x' WHEN 7 THEN :'computed' ELSE '9:x' END
  FROM generate_series(1, 7) id;
:shown('m/liquibase');
CALL files.forget();

-- yoyo: the hash is of the name; migrations in Python stay on record by it
CALL files.make('m/yoyo', '0001.a.sql', 'CREATE TABLE a();', '0001.a.rollback.sql', 'DROP TABLE a;', '0003.c.sql', E'-- depends: 0002.b\nCREATE TABLE c();',
  '0002.b.py', 'step("CREATE TABLE b()")');
CREATE TABLE _yoyo_migration (migration_hash varchar(64), migration_id varchar(255), applied_at_utc timestamp, PRIMARY KEY (migration_hash));
CREATE TABLE _yoyo_log (id varchar(36), migration_hash varchar(64), migration_id varchar(255), operation varchar(10), username varchar(255),
  hostname varchar(255), comment varchar(255), created_at_utc timestamp, PRIMARY KEY (id));
CREATE TABLE _yoyo_version (version int NOT NULL PRIMARY KEY, installed_at_utc timestamp);
CREATE TABLE yoyo_lock (locked int DEFAULT 1, ctime timestamp, pid int NOT NULL, PRIMARY KEY (locked));
INSERT INTO _yoyo_migration SELECT encode(sha256(id::bytea), 'hex'), id, '2024-01-01 12:00' FROM unnest('{0001.a,0002.b}'::text[]) AS id;
INSERT INTO yoyo_lock VALUES (1, '2024-01-01', 1);
:shown('m/yoyo', options => '{"layout": "yoyo", "ignore": ["*.py"]}');
DELETE FROM yoyo_lock;
:shown('m/yoyo', options => '{"layout": "yoyo"}');
:shown('m/yoyo', options => '{"layout": "yoyo", "ignore": ["*.py"]}');
:record;
SELECT version, outcome FROM migrator.apply('m/yoyo', options => '{"ignore": ["*.py"]}');
CALL files.forget();
