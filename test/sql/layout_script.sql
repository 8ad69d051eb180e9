-- One SQL file as a source: it is one migration, whatever it is called, and runs again when it was changed.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.record AS SELECT version, name, file, layout, state, repeatable, non_transactional FROM migrator.migrations
  ORDER BY version COLLATE "C";

CALL files.make('m/d', 'Release 1.sql', 'CREATE TABLE IF NOT EXISTS a(i int);', '2_b.sql', 'SELECT nobody;', 'pre_migrate.sql', 'SELECT nobody;',
  'dependencies.json', '{', 'environments.json', '{');
SELECT version, name, file, transactional FROM migrator.pending('m/d/Release 1.sql');
SELECT message FROM migrator.validate('m/d/Release 1.sql') WHERE check_name = 'readable';
SELECT severity, count(*) FROM migrator.validate('m/d/Release 1.sql') GROUP BY 1 ORDER BY 1;
SELECT version, outcome FROM migrator.apply('m/d/Release 1.sql');
TABLE files.record;
-- nothing to do, until it is changed
SELECT version, outcome FROM migrator.apply('m/d/Release 1.sql');
SELECT migrator.is_current('m/d/Release 1.sql');
CALL files.write('m/d/Release 1.sql', 'CREATE TABLE IF NOT EXISTS a(i int); ALTER TABLE a ADD IF NOT EXISTS j int;');
SELECT version, state, flags, message FROM migrator.status('m/d/Release 1.sql');
SELECT migrator.is_current('m/d/Release 1.sql');
SELECT version, outcome FROM migrator.apply('m/d/Release 1.sql');
SELECT version, outcome FROM migrator.apply('m/d/Release 1.sql');
SELECT attname FROM pg_attribute WHERE attrelid = 'app.a'::regclass AND attnum > 0 ORDER BY attnum;
SELECT event, count(*) FROM migrator.history GROUP BY 1 ORDER BY 1;
-- registered, by another spelling too; nothing beside it counts
SELECT migrator.register('default', 'm/d/Release 1.sql');
SELECT version, outcome FROM migrator.apply();
SELECT version, outcome FROM migrator.apply('m/../m/d/Release 1.sql');
SELECT name, value FROM migrator.settings() WHERE name IN ('source', 'environment');
SELECT migrator.health() ->> 'status';
SELECT files.error($$SELECT migrator.new_migration(NULL, 'more')$$);
-- another file is not the registered one, and a layout of directories is none of a file
SELECT files.error($$SELECT * FROM migrator.apply('m/d/2_b.sql')$$);
SELECT * FROM migrator.apply('m/d/2_b.sql', 'other', options => '{"layout": "numbered"}');
SELECT * FROM migrator.apply('m/d/2_b.sql', 'other', options => '{"layout": "flyway"}');
CALL files.forget();

-- Names: what is meant is the file, not what its name says; one that goes back does not run
CALL files.names('m/d', '1_a.sql', 'V1__a.sql', 'a b''c.SQL', 'seed.sql', 'bootstrap.sql', 'pre_migrate.sql', 'x.test.sql', 'x.prod.sql', 'x.mysql.sql',
  'x.old.sql', 'x.up.sql', '.x.sql', 'größe.sql', 'x.down.sql', 'x.undo.sql', 'x_rollback.sql', 'x.down_old.sql', 'x.txt', 'x',
  '.sql', 'folder.sql/');
SELECT file, files.error(format('SELECT * FROM migrator.apply(%L, %L)', 'm/d/' || file, 's' || n))
  FROM unnest('{1_a.sql,V1__a.sql,a b''c.SQL,seed.sql,bootstrap.sql,pre_migrate.sql,x.test.sql,x.prod.sql,x.mysql.sql,x.old.sql,
    x.up.sql,.x.sql,größe.sql,x.down.sql,x.undo.sql,x_rollback.sql,x.down_old.sql,x.txt,x,.sql,folder.sql,nosuch.sql,1_a.sql/,
    1_a.sql/x.sql}'::text[]) WITH ORDINALITY f(file, n) ORDER BY n;
SELECT version, file FROM migrator.migrations ORDER BY version COLLATE "C";
CALL files.forget();

-- A directory, or staged files, when it is chosen: one SQL file, whatever it is called
CALL files.make('m/d', 'x.prod.sql', 'CREATE TABLE a();', 'README.md', '', 'build.sh', '');
SELECT version, outcome FROM migrator.apply('m/d', options => '{"layout": "script"}');
TABLE files.record;
-- the record knows it from then on; the file by itself is the same source
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, outcome FROM migrator.apply('m/d/x.prod.sql');
SELECT migrator.stage('one', ARRAY['x.prod.sql'], ARRAY['CREATE TABLE a();']::bytea[]);
SELECT version, outcome FROM migrator.apply('stage:one', 'default', options => '{"layout": "script"}');
CALL files.forget();
CALL files.make('m/d', 'x.sql', 'CREATE TABLE a();', 'pre_migrate.sql', 'SELECT nobody;');
SELECT * FROM migrator.apply('m/d', options => '{"layout": "script"}');
SELECT version, outcome FROM migrator.apply('m/d', options => '{"layout": "script", "ignore": ["pre_*"]}');
CALL files.forget();
CALL files.make('m/d', 'x.sql', 'SELECT 1;', 'x_down.sql', 'SELECT nobody;', 'dependencies.json', '{', 'environments.json', '{',
  'common/1_a.sql', 'SELECT nobody;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"layout": "script"}')$$);
SELECT migrator.register('default', 'm/d', options => '{"layout": "script", "ignore": ["common"]}');
SELECT file, message FROM migrator.validate('m/d') WHERE severity IN ('error', 'blocked', 'warning') ORDER BY file COLLATE "C";
CALL files.make('m/d', 'x.txt', '');
SELECT * FROM migrator.pending('m/d');
CALL files.forget();

-- What another tool divides never runs whole, here either
CALL files.make('m/d', 'goose.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP SCHEMA app CASCADE;',
  'dbmate.sql', E'-- migrate:up\n-- migrate:down\nDROP SCHEMA app CASCADE;',
  'heading.sql', E'SELECT 1;\n-- DOWN\nDROP SCHEMA app CASCADE;\n');
SELECT file, files.error(format('SELECT * FROM migrator.apply(%L)', 'm/d/' || file)) FROM unnest('{goose.sql,dbmate.sql,heading.sql}'::text[]) AS file;

-- A record of another layout is not this source's
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d/1_a.sql')$$);
CALL files.forget();

-- Several transactions: CALL only. After a failure it goes on behind what is done.
CALL files.make('m/d', 'x.sql', E'CREATE TABLE a(i int);\nBEGIN;\nINSERT INTO a VALUES (1);\nCOMMIT;\n'
  'BEGIN;\nINSERT INTO a VALUES (2);\nSELECT 1/(count(*) - 2) FROM a;\nCOMMIT;\n');
SELECT * FROM migrator.apply('m/d/x.sql');
CALL migrator.up('m/d/x.sql');
SELECT state, error_message, statement_done FROM migrator.migrations;
CALL files.write('m/d/x.sql', E'CREATE TABLE a(i int);\nBEGIN;\nINSERT INTO a VALUES (1);\nCOMMIT;\nBEGIN;\nINSERT INTO a VALUES (3);\nCOMMIT;\n');
CALL migrator.up('m/d/x.sql', options => '{"verbose": false}') \gset
SELECT string_agg(i::text, ' ' ORDER BY i) FROM a;
-- changed from its first statement on: it is one that was applied, and runs from there
CALL files.write('m/d/x.sql', E'CREATE TABLE IF NOT EXISTS a(i int);\nBEGIN;\nINSERT INTO a VALUES (4);\nCOMMIT;\nSELECT 1/0;');
CALL migrator.up('m/d/x.sql');
-- what was done of it is on record, and must stay as it is; from the start again when somebody says so
CALL files.write('m/d/x.sql', E'CREATE TABLE IF NOT EXISTS a(i int);\nBEGIN;\nINSERT INTO a VALUES (5);\nCOMMIT;\n');
CALL migrator.up('m/d/x.sql');
SELECT migrator.resolve('x', 'pending');
CALL migrator.up('m/d/x.sql', options => '{"verbose": false}') \gset
SELECT string_agg(i::text, ' ' ORDER BY i) FROM a;
-- the way back passes over it
SELECT files.error($$SELECT * FROM migrator.rollback('m/d/x.sql')$$);
CALL files.forget();

-- As EF Core writes it: guards, each migration a transaction
SELECT convert_from(pg_read_binary_file(:'dir' || '/fixtures/ef_core/script.sql'), 'UTF8') AS script,
       convert_from(pg_read_binary_file(:'dir' || '/fixtures/ef_core/script.sql') ||
                    pg_read_binary_file(:'dir' || '/fixtures/ef_core/added.sql'), 'UTF8') AS extended \gset
CALL files.make('m/d', 'script.sql', :'script');
SELECT version, transactional FROM migrator.pending('m/d/script.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d/script.sql')$$);
CALL migrator.up('m/d/script.sql', options => '{"verbose": false}') \gset
SELECT "MigrationId" FROM "__EFMigrationsHistory" ORDER BY 1;
SELECT statement_total, statement_done FROM migrator.migrations;
CALL files.write('m/d/script.sql', :'extended');
CALL migrator.up('m/d/script.sql', options => '{"verbose": false}') \gset
SELECT "MigrationId" FROM "__EFMigrationsHistory" ORDER BY 1;
TABLE "Bakeries";
-- where EF Core itself applied all of it nothing is left to do for the script
CALL files.forget();
CREATE TABLE kept AS SELECT 1 AS i;
SELECT replace(replace(:'script', 'CREATE TABLE "Bakeries"', 'SELECT nobody; CREATE TABLE "Bakeries"'), chr(65279), '') AS script \gset
CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) PRIMARY KEY, "ProductVersion" varchar(32));
INSERT INTO "__EFMigrationsHistory" VALUES ('20240101120000_Initial', '8.0.2'), ('20240203120000_Weights', '8.0.2');
CALL files.make('m/d', 'script.sql', :'script');
CALL migrator.up('m/d/script.sql', options => '{"verbose": false}') \gset
SELECT version, state FROM migrator.status('m/d/script.sql');
CALL files.forget();

-- As pg_dump writes it
CALL files.make('m/d', 'dump.sql', $$--
-- PostgreSQL database dump
--

\restrict x1

-- Dumped by pg_dump version 15.15

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;
CREATE VIEW app.v AS SELECT (ARRAY[1,2,3])[1:2] AS a, 1 AS "USER";
CREATE TABLE app.t (i integer, "t" text);
COPY app.t (i, t) FROM stdin;
1	\N
2	\\restrict\tx
\.

\unrestrict x1

$$);
SELECT version, transactional FROM migrator.pending('m/d/dump.sql');
SELECT version, outcome FROM migrator.apply('m/d/dump.sql');
TABLE t;
TABLE v;
SHOW search_path;
-- another key, and it is another file; it has no guards
CALL files.run($$sed -i 's/x1/x2/' m/d/dump.sql$$);
SELECT version, state, message FROM migrator.status('m/d/dump.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d/dump.sql')$$);
-- of all databases, or with its own: another connection
CALL files.make('m/d', 'dump.sql', E'--\n-- PostgreSQL database dump\n--\n\nCREATE DATABASE x;\n\\connect x\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d/dump.sql', 'other')$$);
CALL files.forget();
