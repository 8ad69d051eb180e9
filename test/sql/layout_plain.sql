-- Layouts whose files are scripts as a whole: sqlx, schema-evolution-manager, Boundary's; and those that have to be chosen.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;
CREATE VIEW files.found AS SELECT version, name, file, transactional FROM migrator.pending('m/d');
-- the layout is named in validate()'s ok rows
CREATE VIEW files.layout AS SELECT message FROM migrator.validate('m/d') WHERE check_name = 'readable';

-- sqlx: one file that begins with its mark is enough; without it the names are those of others
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '20240101120000_b.sql', E'-- no-transaction\nCREATE INDEX CONCURRENTLY ON a (i);\n',
  '3_c.sql', E'\n-- no-transaction\nSELECT 1;');
TABLE files.layout;
TABLE files.found;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, layout, non_transactional FROM migrator.migrations ORDER BY length(version), version;
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', E'-- no-transaction\nSELECT 1;', '1_a.down.sql', E'-- no-transaction\nSELECT 2;', '2_b.up.sql', 'SELECT 3;');
TABLE files.layout;
TABLE files.found;
CALL files.make('m/d', '1_a.up.sql', E'--no-transaction\nSELECT 1;', '1_a.down.sql', 'SELECT 2;');
TABLE files.layout;
-- a service that has been another layout's stays so
CALL files.make('m/d', '1_a.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.write('m/d/2_b.sql', E'-- no-transaction\nSELECT 2;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, layout FROM migrator.migrations ORDER BY 1;
CALL files.forget();

-- schema-evolution-manager
CALL files.make('m/d', '20240101-120000.sql', 'CREATE TABLE a(i int);',
  '20240101-120001.sql', E'-- sem.attribute.transaction = none\nCREATE INDEX CONCURRENTLY ON a (i);',
  '20240102-000000.sql', E'--  sem.attribute.transaction=single \nSELECT 1;', 'README.md', '');
TABLE files.layout;
TABLE files.found;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, layout, non_transactional FROM migrator.migrations ORDER BY version;
SELECT regexp_replace(file, '\d', '9', 'g') AS file FROM migrator.new_migration('m/d', 'next');
CALL files.forget();
-- Supabase takes any digits, and runs the files in the order of their names
CALL files.names('m/d', '20240102_day.sql', '20240102120000_noon.sql', '20240102_.sql', '2024_year.sql', '20240301_march.sql');
SELECT files.error($$SELECT FROM migrator.apply('m/d', options => '{"layout": "supabase"}')$$);
SELECT version, name FROM migrator.apply('m/d', options => '{"layout": "supabase", "ignore": ["*_.sql"]}');
SELECT migrator.register('default', 'm/d', options => '{"layout": "supabase", "ignore": ["*_.sql"]}');
CALL files.write('m/d/20240103_late.sql', 'SELECT 1;');
CALL files.write('m/d/20240301120000_noon.sql', 'SELECT 1;');
SELECT version, flags FROM migrator.status() WHERE state = 'pending';
SELECT migrator.unregister('default');
CALL files.forget();
CALL files.make('m/d', '20240101-120000.sql', E'SELECT 1;\n-- sem.attribute.transaction = nothing\n', '20240101-120001.sql', E'-- sem.attribute.timeout = 1\n',
  '20240102-120000.sql', E'-- sem.attribute.transaction = single\nCREATE DATABASE x;', '20240230-000000.sql', '',
  '20240103-120000.sql', E'SELECT 1;\n#-- sem.attribute.transaction = none\n');
TABLE files.wrong;
-- beside other names of the day it is dated
CALL files.names('m/d', '20240101-120000.sql', '20240102-more.sql');
TABLE files.layout;

-- Boundary's: folders that are numbers, and files in them
CALL files.names('m/d', '0/01_a.up.sql', '0/10_c.up.sql', '0/2_b.up.sql', '10/01_a.up.sql', '9/01_z.up.sql', '9/hooks.go', '9/02_z_test.go', 'README.md');
TABLE files.layout;
TABLE files.found;
SELECT count(*) FROM migrator.apply('m/d');
CALL files.names('m/d', '0/01_a.up.sql', '1/02_b.sql', '1/01_c.up.sql');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d', 'other', options => '{"ignore": "1/02_b.sql"}')$$);
CALL files.names('m/d', '0/01_a.up.sql', '0/1_b.up.sql');
TABLE files.wrong;
-- no folder is looked for inside of a release's, and no code
CALL files.names('m/d', '0/01_a.up.sql', '0/more/02_b.up.sql', '0/03_c.go');
TABLE files.wrong;
-- beside files at the top they would be left out
CALL files.names('m/d', '0/01_a.up.sql', '1_a.up.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', 'other')$$);
CALL files.forget();

-- Authelia's: pairs with a dot behind the number
CALL files.make('m/d', 'V0001.Initial_Schema.up.sql', 'CREATE TABLE a(i int);', 'V0001.Initial_Schema.down.sql', 'DROP TABLE a;',
  'V0002.WebAuthn.up.sql', 'ALTER TABLE a ADD j int;', 'V0002.WebAuthn.down.sql', 'ALTER TABLE a DROP j;',
  'V0010.none.up.sql', '', 'V0010.none.down.sql', '', 'README.md', '');
TABLE files.layout;
TABLE files.found;
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, name, layout, down_script FROM migrator.migrations ORDER BY version;
SELECT file FROM migrator.new_migration('m/d', 'Time zones');
SELECT version, outcome FROM migrator.rollback('m/d', target => '1');
CALL files.forget();
-- good names
CALL files.names('m/d', 'V0001.a.up.sql', 'V0002.b.UP.SQL', 'V0013.a b-ü%_.up.sql', 'V0009.__.up.sql', 'V0000.0.up.sql', 'V0003.up.up.sql',
  'V0004.down_.up.sql', 'V0005.R__x.up.sql', 'V9999.1.up.sql', 'V0006.2__j.up.sql');
TABLE files.found;
TABLE files.wrong;
-- and bad ones: what is not quite a name stops a run
CALL files.names('m/d', 'V0001.a.up.sql', 'V0002.a.up.sql', 'V0003.a.up.sql', 'V0004.a.up.sql', 'V0005.a.up.sql', 'V0006.a.up.sql',
  'V0007.a.up.sql', 'V0018.a.up.sql', 'V0019.a.up.sql', 'V0020.a.up.sql',
  'V003.c.up.sql', 'V00004.d.up.sql', 'V0005..up.sql', 'V0006.e.f.up.sql', 'V0007.g.sql', 'v0008.h.up.sql', 'V0009_i.up.sql', '0011.k.up.sql',
  'V0012.up.sql', 'V0014.l.up.go', 'V0015.m.up.sql/', 'V0016.down.up.go');
TABLE files.wrong;
-- neither Flyway's nor refinery's, and none of theirs is one of these
CALL files.names('m/d', 'V0001.a.up.sql', 'V0002__b.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.names('m/d', 'V0001__a.sql', 'V0002.1__b.sql', 'V0003__c.d.sql');
TABLE files.layout;
SELECT layout, files.error(format($$SELECT * FROM migrator.apply('m/d', dry_run => true, options => '{"layout": "%s"}')$$, layout))
  FROM unnest('{authelia,refinery,yandex-pgmigrate}'::text[]) AS layout;
CALL files.names('m/d', 'V0001.a.up.sql', 'V0001.a.down.sql');
SELECT layout, files.error(format($$SELECT * FROM migrator.apply('m/d', dry_run => true, options => '{"layout": "%s"}')$$, layout))
  FROM unnest('{flyway,refinery,yandex-pgmigrate,golang-migrate}'::text[]) AS layout;

-- What nothing but the choice tells from others
CALL files.make('m/d', '20240101120000_a.sql', 'CREATE TABLE a();', '20240102120000_b.sql', 'CREATE TABLE b();');
TABLE files.layout;
SELECT version, outcome FROM migrator.apply('m/d', options => '{"layout": "supabase"}');
-- the record knows it from then on
CALL files.write('m/d/20240103120000_c.sql', 'CREATE TABLE c();');
TABLE files.layout;
SELECT version, name FROM migrator.apply('m/d');
SELECT regexp_replace(file, '\d', '9', 'g') AS file FROM migrator.new_migration('m/d', 'next');
CALL files.forget();
CALL files.make('m/d', 'V1__a.sql', 'CREATE TABLE a();', 'U1.5__b.sql', 'CREATE TABLE b();',
  'V10__c.sql', 'CREATE TABLE c();', 'V2__d.sql', 'CREATE TABLE d();');
SELECT version, name FROM migrator.apply('m/d', options => '{"layout": "refinery"}');
CALL files.forget();
CALL files.make('m/d', 'V0001__a.sql', 'CREATE TABLE a(i int);', 'V0002__NONTRANSACTIONAL_b.sql', 'CREATE INDEX CONCURRENTLY ON a (i); SELECT 1;');
CALL migrator.up('m/d', options => '{"layout": "yandex-pgmigrate", "verbose": false}') \gset
SELECT version, name, layout, non_transactional FROM migrator.migrations ORDER BY version;
CALL files.forget();
CALL files.names('m/d', 'V1_a.sql', 'v2__b.sql', 'V3__.sql', 'V__c.sql', 'V4__d.SQL');
SELECT version, files.error(format($$SELECT * FROM migrator.apply('m/d', options => '{"layout": "%s", "ignore": ["V1_*", "v2*", "V3*", "V_*"]}')$$, version))
  FROM unnest('{refinery,yandex-pgmigrate,supabase}'::text[]) AS version;

CALL files.forget();

-- popx: a file for PostgreSQL in the place of the one for all; those for other systems are passed over
CALL files.make('m/d', '20200101000001_a.up.sql', 'SELECT nobody;', '20200101000001_a.postgres.up.sql', 'CREATE TABLE a(i int);',
  '20200101000001_a.mysql.up.sql', 'SELECT 1;', '20200101000001_a.down.sql', 'DROP TABLE a;', '20200101000001_a.sqlite3.down.sql', 'SELECT 1;',
  '20200101000002_b.postgres.autocommit.up.sql', 'CREATE INDEX CONCURRENTLY ON a (i); SELECT 2;', '20200101000002_b.cockroach.autocommit.up.sql', '',
  '20200101000003_c.cockroach.up.sql', 'SELECT 3;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT migrator.register('default', 'm/d', options => '{"layout": "popx"}');
TABLE files.found;
TABLE files.wrong;
SELECT file, message FROM migrator.validate('m/d') WHERE check_name = 'names' ORDER BY 1;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, name, file, layout, non_transactional, down_script FROM migrator.migrations ORDER BY version;
CALL files.write('m/d/20200101000004_d.up.sql', E'SELECT 1;\n{{ if .IsPostgreSQL }}SELECT 2;{{ end }}\n');
TABLE files.wrong;
SELECT migrator.unregister('default');
CALL files.forget();

-- yoyo: any name, and NAME.rollback.sql; what it needs is in its first comments, and what runs behind a run is called post-apply
CALL files.make('m/d', '20240101_01_AbCdE-b.sql', E'-- b: the second\n--depends: 20240101_02_xyz  0001.a\n-- depends: \n\nCREATE TABLE b(i int);\n',
  '20240101_02_xyz.sql', E'-- depends: 0001.a\r\nCREATE TABLE xyz(i int);\r\n', '20240101_02_xyz.rollback.sql', 'DROP TABLE xyz;',
  '0001.a.sql', 'CREATE TABLE a(i int);', '0001.a.rollback.sql', 'DROP TABLE a;', '20240101_03-index on a.sql',
  E'-- transactional: False\nCREATE INDEX CONCURRENTLY a_i ON a (i);', '20240101_03-index on a.rollback.sql', 'DROP INDEX CONCURRENTLY a_i; SELECT 1;',
  'post-apply-counts.sql', 'CREATE TABLE IF NOT EXISTS ran(i int); INSERT INTO ran VALUES (1);', 'yoyo.ini', '[DEFAULT]', 'README.md', '',
  '_tmp_yoyonew1.sql', 'SELECT of somebody who writes it');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT migrator.register('default', 'm/d', options => '{"layout": "yoyo"}');
TABLE files.layout;
TABLE files.found;
TABLE files.wrong;
SELECT file, message FROM migrator.validate('m/d') WHERE check_name = 'names' ORDER BY 1;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, file, layout, non_transactional, down_script FROM migrator.migrations ORDER BY version COLLATE "C";
TABLE ran;
CALL migrator.down('m/d', steps => 1, options => '{"verbose": false}') \gset
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT event, version FROM migrator.history ORDER BY id;
SELECT regexp_replace(file, '\d', '9', 'g') AS file FROM migrator.new_migration('m/d', 'Next, please', down => 'SELECT 1;');
SELECT migrator.unregister('default');
CALL files.forget();
-- names and comments, good and bad
CALL files.make('m/d', 'a.sql', 'SELECT 1;', 'b', 'SELECT 1;', 'c.SQL', 'SELECT 1;', 'd.py', 'step("SELECT 1")', '__init__.py', '', '5.py', '',
  'e.down.sql', 'SELECT 1;', 'f.old.sql', 'SELECT 1;', 'g-rollback.sql', 'SELECT 1;', '.rollback.sql', 'SELECT 1;', 'h.rollback.sql', 'SELECT 1;',
  'i.rollback.rollback.sql', '', 'post-apply.py', '', 'post-apply.rollback.sql', '', 'more/j.sql', 'SELECT 1;', 'd.pyc', '');
SELECT migrator.register('default', 'm/d', options => '{"layout": "yoyo"}');
TABLE files.wrong;
SELECT file, message FROM migrator.validate('m/d') WHERE check_name = 'names' AND severity IN ('info', 'warning') ORDER BY 1;
CALL files.make('m/d', 'a.sql', E'-- Depends: b\n', 'b.sql', E'-- transactional: no\n', 'c.sql', E'SELECT 1;\n-- depends: a\n', 'd.sql', E'SELECT 1;',
  'd.rollback.sql', E'-- transactional: false\n', 'e.sql', E'-- transactional: true\n-- transactional: false\n', 'f.sql', E'/* x */ -- depends: a\n',
  'g.sql', E'-- it depends: on what\n-- dependson: a\n-- depends a\n');
TABLE files.wrong;
CALL files.make('m/d', 'a.sql', E'-- depends: b\n', 'b.sql', E'-- depends: c\n', 'c.sql', E'-- depends: a nobody\n');
TABLE files.wrong;
-- what files and dependencies.json say is joined; without the latter no file lacks an entry in it
CALL files.make('m/d', 'a.sql', E'-- depends: b\n', 'b.sql', '', 'c.sql', '');
SELECT check_name, severity, file, line, message FROM migrator.validate('m/d') WHERE check_name IN ('dependencies', 'orphans');
CALL files.write('m/d/dependencies.json', E'{"migrations": {"a": {"manual": true}, "b":\n{"depends_on": ["c"]}}}');
SELECT version, depends_on FROM migrator.dependencies('m/d');
SELECT version FROM migrator.pending('m/d');
SELECT check_name, severity, file, line, message FROM migrator.validate('m/d') WHERE check_name IN ('dependencies', 'orphans');
CALL files.write('m/d/b.sql', E'-- depends: c c\nSELECT 1;');
SELECT version, depends_on FROM migrator.dependencies('m/d');
CALL files.write('m/d/b.sql', '\x2d2d20646570656e64733a20e978780a'::bytea);
TABLE files.wrong;
CALL files.write('m/d/c.sql', E'SELECT 1;');
CALL files.write('m/d/b.sql', E'\n-- depends: a nobody\n');
TABLE files.wrong;
SELECT migrator.unregister('default');
SELECT migrator.register('default', 'm/d', options => '{"layout": "yoyo", "ignore": ["*.py", "*.py[co]", "post-apply*", "[f-g]*", "h*"]}');
CALL files.make('m/d', 'a.sql', 'SELECT 1;', 'd.py', 'step("SELECT 1")', '5.py', '', 'e.up.sql', 'SELECT 1;', '.rollback.sql', 'SELECT 1;',
  'f.old.sql', 'SELECT 1;', 'sub-apply.sql', 'SELECT 1;', '3 b''c.sql', 'SELECT 1;', '3.sql', 'SELECT 1;', 'post-apply.py', '');
TABLE files.found;
TABLE files.wrong;
SELECT migrator.unregister('default');

-- diesel: metadata.toml beside the scripts
CALL files.make('m/d', '2024-01-01-000000_a/up.sql', 'CREATE TABLE a (i int); CREATE INDEX a_i ON a (i);',
  '2024-01-01-000000_a/metadata.toml', E'# no transaction\n\n run_in_transaction=false # why\n',
  '2024-01-01-000000_a/down.sql', 'DROP INDEX a_i; DROP TABLE a;',
  '2024-01-02-000000_b/up.sql', 'CREATE TABLE b ();', '2024-01-02-000000_b/metadata.toml', E'run_in_transaction = true\n',
  '2024-01-03-000000_c/up.sql', 'CREATE TABLE c ();');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, non_transactional, statement_total FROM migrator.migrations ORDER BY version COLLATE "C";
SELECT version, flags FROM migrator.status('m/d');
CALL migrator.down('m/d', versions => '{20240101000000}', options => '{"verbose": false}') \gset
CALL files.forget();
CALL files.make('m/d', '1_a/up.sql', 'SELECT 1;', '1_a/metadata.toml', 'run_in_transaction = no', '2_b/up.sql', 'SELECT 1;', '2_b/metadata.toml', 'x = 1',
  '3_c/up.sql', 'SELECT 1;', '3_c/metadata.toml', 'run_in_transaction', '4_d/up.sql', 'SELECT 1;', '4_d/metadata.toml', '');
TABLE files.wrong;
