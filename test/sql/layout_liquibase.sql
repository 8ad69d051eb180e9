-- Liquibase: changesets of formatted SQL, in the order in which changelogs name their files.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;
CREATE VIEW files.layout AS SELECT message FROM migrator.validate('m/d') WHERE check_name = 'readable';

-- Without a changelog files follow each other by name. Up never runs a way back; each here would drop everything.
CALL files.make('m/d',
  '01.sql', E'\n--liquibase formatted sql\n\n/* what\n   this is */\n--changeset bob:1 labels:"a, b" stripComments:false splitStatements:true\n'
    '--comment: the users\n'
    'CREATE TABLE users(name text);\n-- their names\n\nINSERT INTO users VALUES (''one'');\n\n--rollback DROP SCHEMA app\n--rollback CASCADE;\n',
  '02.sql', E'-- Liquibase Formatted SQL logicalFilePath:old/name.sql\n  -- ChangeSet "Bob B.":"2 x" RUNONCHANGE:FALSE\nINSERT INTO users VALUES (''two'');\n'
    '  -- ROLLBACK DROP SCHEMA app CASCADE;\nINSERT INTO users VALUES (''and'');\n--changeset bob:3\nINSERT INTO users VALUES (''three'');\n'
    '/* Liquibase Rollback\nDROP SCHEMA app CASCADE;\nDROP SCHEMA files CASCADE; */\n--changeset bob:4 logicalFilePath:new.sql\n'
    'INSERT INTO users VALUES (''four'')\n'
    '--rollback not required\n',
  '03_crlf.sql', E'--liquibase formatted sql\r\n--changeset eve:1\r\nINSERT INTO users VALUES (''five\r\nlines'');\r\n--rollback DROP SCHEMA app CASCADE;\r\n',
  '04_bom.sql', E'\uFEFF--liquibase formatted sql\n--changeset eve:1\nSELECT ''\n--rollback DROP SCHEMA app CASCADE;\n'';\n'
    'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$\n--rollback DROP SCHEMA app CASCADE;\nSELECT ''f'' $$;\n/*\n--rollback DROP SCHEMA app CASCADE;\n*/\n',
  '05_delimiters.sql', E'--liquibase formatted sql\n--changeset eve:1 rollbackEndDelimiter:GO endDelimiter://\n'
    'CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n'
    '  RETURN 4 / 2;\nEND $$\n//\nINSERT INTO users VALUES (''http://x'') //\n\nINSERT INTO users VALUES (g())//\n'
    '--rollback DROP SCHEMA app CASCADE\n--rollback go\n--changeset eve:2 enddelimiter:/\nSELECT 8 /\n 2\n/\nSELECT 3;\n/\n',
  '06_alone.sql', E'--liquibase formatted sql\n--changeset eve:1 runInTransaction:false\nCREATE INDEX CONCURRENTLY ON users (name);\n',
  '07_other.sql', E'--liquibase formatted sql\n--changeset eve:1 dbms:oracle,h2\nSELECT 1 FROM dual;\n--changeset eve:2 dbms:!postgresql\nnonsense;\n'
    '--changeset eve:3 dbms:h2,postgresql\nINSERT INTO users VALUES (''ours'');\n--liquibase formatted sql\n'
    '--changeset eve:4 ignore:true\nnonsense;\n--changeset eve:5 dbms:!h2\n'
    'SELECT 5;\n',
  '08_ignored.sql', E'--liquibase formatted sql\n--ignoreLines:2\nnonsense\nnonsense\n--changeset eve:1\nSELECT 1;\n--ignoreLines:start\n'
    'DROP SCHEMA app CASCADE;\n'
    '--changeset eve:2\n--ignoreLines:end\nSELECT 2;\n--validCheckSum: 8:0\n',
  '09_references.sql', E'--liquibase formatted sql\n--changeset eve:1\nINSERT INTO users VALUES (''again'');\n'
    '--rollback DELETE FROM users WHERE name = ''nine'';\n'
    '--changeset eve:2\nINSERT INTO users VALUES (''nine'');\n--rollback changesetId:1 changesetAuthor:eve\n',
  '10_properties.sql', E'--liquibase formatted sql\n--property name:who value:ten\n--property name:who value:never\n'
    '--property name:mine value:here global:false\n'
    '--property name:there value:oracle dbms:oracle\n--changeset eve:1\nINSERT INTO users VALUES (''${who} ${mine} ${there} ${home}'');\n',
  '11_properties.sql', E'--liquibase formatted sql\n--changeset eve:1\nINSERT INTO users VALUES (''${who} ${mine} ${given}'');\n',
  'README.md', '');
TABLE files.wrong;
TABLE files.layout;
SELECT version, name, file, transactional FROM migrator.pending('m/d');
CALL migrator.up('m/d', variables => '{"given": "value"}', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE users;
SELECT f(), g(), prosrc FROM pg_proc WHERE oid = 'f'::regproc;
SELECT version, layout, down_script FROM migrator.migrations WHERE down_script IS NOT NULL ORDER BY version COLLATE "C";
SELECT version, state, flags, message FROM migrator.status('m/d') WHERE state <> 'applied';
SELECT files.error($$SELECT * FROM migrator.apply('m/d', versions => '{07_other.sql::4::eve}')$$);
-- A way back is none of the changeset, nor are others or what stands around them; what is new runs wherever it stands.
CALL files.write('m/d/01.sql', E'--liquibase formatted sql\n--changeset new:0\nINSERT INTO users VALUES (''before'');\n\n\n--changeset bob:1\n'
    'CREATE TABLE users(name text);\n-- their names\n\n'
  'INSERT INTO users VALUES (''one'');\n--rollback DROP TABLE users;\n\n--changeset new:9\nSELECT 9;\n');
SELECT version, state, flags FROM migrator.status('m/d') WHERE version LIKE '01.sql%';
CALL migrator.up('m/d', variables => '{"given": "value"}', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
CALL files.write('m/d/01.sql', E'--liquibase formatted sql\n--changeset bob:1\nCREATE TABLE users(name varchar);\n');
SELECT version, state, flags FROM migrator.status('m/d') WHERE version LIKE '01.sql%' ORDER BY 1;
SELECT files.error($$SELECT migrator.new_migration('m/d', 'next')$$);
CALL files.forget();

-- A changelog says which files there are.
CALL files.make('m/d',
  'db.changelog-master.xml', E'<?xml version="1.0" encoding="UTF-8"?>\n<!-- all -->\n<databaseChangeLog\n'
    '    xmlns="http://www.liquibase.org/xml/ns/dbchangelog"\n'
    '    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x y">\n  <property name="what" value="a &lt; b"/>\n'
    '  <include file="production/z.sql" relativeToChangelogFile="true"/>\n  <include file="db/changelog/db.changelog-2.yaml" context="!none"></include>\n'
    '  <!-- <include file="never.sql"/> -->\n  <include file="classpath:db/changelog/more.json"/>\n</databaseChangeLog>\n',
  'db.changelog-2.yaml', E'# the second\n---\ndatabaseChangeLog:\n- property: {name: where, value: "yaml # no comment"}\n- includeAll:\n'
    '    path: ./production/tables/ # in order\n'
    '    relativeToChangelogFile: true\n    endsWithFilter: .sql\n',
  'more.json', '{"databaseChangeLog": [{"include": {"file": "0_old.down.sql", "relativeToChangelogFile": true}}, {"include": {"file": "./raw.sql", '
    '"relativeToChangelogFile": true, "errorIfMissing": false}}]}',
  'production/z.sql', E'--liquibase formatted sql\n--changeset a:z\nCREATE TABLE t(s text);\n--changeset a:y\nINSERT INTO t VALUES (''y ${what}'');\n',
  'production/tables/b.sql', E'--liquibase formatted sql\n--changeset a:b\nINSERT INTO t VALUES (''b ${where}'');\n',
  'production/tables/a/1_first.up.sql', E'--liquibase formatted sql\n--changeset a:a\nINSERT INTO t VALUES (''a'');\n',
  'production/tables/notes.txt', 'none of ours',
  '0_old.down.sql', E'--liquibase formatted sql\n--changeset a:old\nINSERT INTO t VALUES (''old'');\n',
  'raw.sql', E'INSERT INTO t VALUES (''raw'');\n', 'other/unknown.sql', 'nonsense');
TABLE files.wrong;
TABLE files.layout;
SELECT file, severity, message FROM migrator.validate('m/d') WHERE check_name = 'names';
SELECT version, file FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d', target => 'production/tables/a/1_first.up.sql::a::a');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE t;
CALL files.forget();

-- Again when it changes, in its place; always.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:t\nCREATE TABLE t(s text);\n--changeset a:v runOnChange:true\n'
    'CREATE OR REPLACE VIEW v AS SELECT s FROM t;\n'
  '--changeset a:always runAlways:true\nINSERT INTO t VALUES (''again'');\n--changeset a:last\nCREATE TABLE last AS SELECT * FROM v;\n');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, repeatable FROM migrator.migrations ORDER BY 1;
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.write('m/d/1.sql', E'--liquibase formatted sql\n--changeset a:t\nCREATE TABLE t(s text);\n--changeset a:v runOnChange:true\n'
    'CREATE OR REPLACE VIEW v AS SELECT s, 1 AS i FROM t;\n'
  '--changeset a:always runAlways:true\nINSERT INTO t VALUES (''other'');\n--changeset a:last\nCREATE TABLE last AS SELECT * FROM v;\n'
    '--changeset a:more\nCREATE TABLE more AS SELECT * FROM v;');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE more;
CALL files.forget();

-- Preconditions: what is not so stops the run, or leaves the changeset out for good.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--property name:t value:t\n--changeset a:1\n--preconditions onFail:MARK_RAN onError:HALT\n'
  '--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = ''${t}'' AND relnamespace = ''app''::regnamespace;\n'
    'CREATE TABLE t(i int);\n'
  '--changeset a:2\n--preconditions onFail:MARK_RAN\n'
    '--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = ''${t}'' -- comment\nDROP SCHEMA app CASCADE;\n'
  '--changeset a:3\n--precondition-table-exists table:t schema:app\n--precondition-sql-check expectedResult:t SELECT true\n'
    '--precondition-sql-check expectedResult:"a b" SELECT ''a b''\nCREATE VIEW v AS SELECT 1;\n'
  '--changeset a:4 runInTransaction:false\n--preconditions onFail:MARK_RAN\n--precondition-view-exists view:w\nDROP SCHEMA app CASCADE;\n'
  '--changeset a:5\n--preconditions onFail:HALT\n--precondition-view-exists view:v\n--precondition-table-exists table:v\nDROP SCHEMA app CASCADE;\n');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', target => '1.sql::3::a');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, state FROM migrator.status('m/d');
SELECT to_regclass('t') AS t, to_regclass('v') AS v;
CALL files.forget();

-- Contexts: the environment's name is the one that is given.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1 context:test\nSELECT 1;\n--changeset a:2 context:"!test and (prod or dev)"\n'
    'SELECT 2;\n'
  '--changeset a:3 contextFilter:test,PROD\nSELECT 3;\n--changeset a:4 context:@test\nSELECT 4;\n--changeset a:5\nSELECT 5;\n'
    '--changeset a:6 context:"not (test or prod)"\nSELECT 6;\n');
SELECT version FROM migrator.pending('m/d');
SELECT version FROM migrator.pending('m/d', environment => 'prod');
SELECT version, state, flags, message FROM migrator.status('m/d', environment => 'prod') WHERE message IS NOT NULL;
SELECT version, outcome FROM migrator.apply('m/d', environment => 'test');
CALL files.forget();

-- The way back.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--property name:t value:t\n--changeset a:1\nCREATE TABLE ${t}(i int);\n'
    '--rollback DROP TABLE ${t};\n'
  '--changeset a:2\nINSERT INTO t VALUES (1);\n--rollback DELETE FROM t\n--rollback WHERE i = 1;\n--changeset a:3\nCREATE TABLE u();\n--rollback empty\n'
  '--changeset a:4\nDROP TABLE t;\n/*  liquibase rollback\n  CREATE TABLE t(i int);\n  INSERT INTO t VALUES (1);\n*/\n--changeset a:5\nCREATE TABLE v();\n');
SELECT count(*) FROM migrator.apply('m/d');
SELECT files.error($$SELECT * FROM migrator.rollback('m/d', steps => 1)$$);
CALL files.write('m/d/1.sql', replace(pg_read_file('m/d/1.sql'), 'TABLE v();', E'TABLE v();\n--rollback DROP TABLE v;\n'));
SELECT version, outcome FROM migrator.rollback('m/d', steps => 2);
TABLE t;
SELECT version, outcome FROM migrator.rollback('m/d', steps => 3);
SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r';
CALL files.forget();
-- What has no value stays as it is, which the server may not like; of what is applied it says nothing, and SQL of a kind that cannot
-- run here is worth a word.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1\nCREATE TABLE \u00e9(t text); GRANT SELECT ON \u00e9 TO ${who};\n'
    '--changeset a:2\nSELECT ${who};\n--changeset a:3 failOnError:false\nSELECT 3;\n');
SELECT severity, line, message, hint FROM migrator.validate('m/d') WHERE check_name IN ('marks', 'syntax') ORDER BY line;
SELECT files.error($$SELECT * FROM migrator.apply('m/d', versions => '{1.sql::1::a}')$$);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1.sql::1::a}', variables => '{"who": "PUBLIC"}');
SELECT migrator.resolve(version, 'applied', source => 'm/d') FROM migrator.pending('m/d');
SELECT severity, line, message, hint FROM migrator.validate('m/d') WHERE check_name IN ('marks', 'syntax') ORDER BY line;
CALL files.forget();
CALL files.remove('m');
