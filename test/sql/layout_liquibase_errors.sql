-- Liquibase: what is not read as Liquibase would, or cannot run here. Nothing runs.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Lines of changesets, each in a file of its own behind the first line.
CREATE TABLE files.bad(place int GENERATED ALWAYS AS IDENTITY, lines text);
INSERT INTO files.bad(lines) VALUES
  (E'SELECT 1;\n'), (E'--changeset bob\nSELECT 1;\n'), (E'--changeset bob: 1\nSELECT 1;\n'), (E'--changeset :1\nSELECT 1;\n'),
  (E'--changeset "bob:1\nSELECT 1;\n'),
  (E'-changeset bob:1\nSELECT 1;\n'), (E'--changeset bob:1\n--rollback DROP SCHEMA app CASCADE;\n'), (E'--changeset bob:1\n\n\n--changeset bob:2\nSELECT 1;\n'),
  (E'--changeset bob:1 context: test\nSELECT 1;\n'), (E'--changeset bob:1 context:test or prod\nSELECT 1;\n'),
  (E'--changeset bob:1 context:"test or"\nSELECT 1;\n'),
  (E'--changeset bob:1 context:"(test"\nSELECT 1;\n'), (E'--changeset bob:1 context:"test\nSELECT 1;\n'), (E'--changeset bob:1 runOnChange:yes\nSELECT 1;\n'),
  (E'--changeset bob:1 failOnError:false\nSELECT 1;\n'), (E'--changeset bob:1 runWith:psql\nSELECT 1;\n'), (E'--changeset bob:1 endDelimeter:/\nSELECT 1;\n'),
  (E'--changeset bob:1 runOrder:last\nSELECT 1;\n'), (E'--changeset bob:1\nSELECT 1;\n-rollback DROP SCHEMA app CASCADE;\n'),
  (E'--changeset bob:1\nSELECT 1;\n-- liquibase rollback DROP SCHEMA app CASCADE;\n'),
  (E'--changeset bob:1\nSELECT 1;\n/* liquibase rollback\nDROP SCHEMA app CASCADE;\n'),
  (E'--changeset bob:1\nSELECT 1;\n/* liquibase rollback DROP SCHEMA app CASCADE; */\n'),
  (E'--changeset bob:1\nSELECT 1;\n--rollback empty\n/* liquibase rollback\nDROP SCHEMA app CASCADE;\n*/\n'),
  (E'--changeset bob:1\nSELECT 1;\n--rollback changesetId:2 changesetAuthor:bob\n'),
  (E'--changeset bob:1\nSELECT 1;\n--rollback changesetId:1 changesetPath:other.sql\n'),
  (E'--changeset bob:1\n--preconditions onFail:CONTINUE\nSELECT 1;\n'), (E'--changeset bob:1\n--preconditions onFail:SKIP\nSELECT 1;\n'),
  (E'--changeset bob:1\n--preconditions onError:IGNORE\nSELECT 1;\n'), (E'--changeset bob:1\n--precondition-sql-check expectedResult:0\nSELECT 1;\n'),
  (E'--changeset bob:1\n--precondition-column-exists x\nSELECT 1;\n'), (E'--changeset bob:1\n--precondition-table-exists t\nSELECT 1;\n'),
  (E'--changeset bob:1\n--precondition-sql-check expectedResult:0 SELECT 1;\n--preconditions onFail:MARK_RAN\nSELECT 1;\n'),
  (E'--changeset bob:1\n--precondition-sql-check expectedResult:0 SELECT 1; SELECT 2\nSELECT 1;\n'),
  (E'--changeset bob:1\n--precondition-sql-check expectedResult:0 DELETE FROM t\nSELECT 1;\n'),
  (E'--property name:x\n--changeset bob:1\nSELECT 1;\n'), (E'--property name:x value:y of:z\n--changeset bob:1\nSELECT 1;\n'),
  (E'--ignoreLines:start\n--changeset bob:1\nSELECT 1;\n'), (E'--ignoreLines:x\n--changeset bob:1\nSELECT 1;\n'),
  (E'--rollback DROP SCHEMA app CASCADE;\n--changeset bob:1\nSELECT 1;\n'), (E'--changeset bob:1\nSELECT 1;\n--changeset bob:1\nSELECT 2;\n'),
  (E'--changeset bob:1 dbms:"postgresql"\nSELECT 1;\n'), (E'--changeset bob:1 dbms:postgresql.old\nSELECT 1;\n'),
  (E'--changeset bob:1 logicalFilePath:"x.sql"\nSELECT 1;\n'), (E'--changeset bob:1 labels:a labels:b\nSELECT 1;\n'),
  (E'--changeset bob:1 labels:"a context:b"\nSELECT 1;\n'), (E'--changeset ${who}:1\nSELECT 1;\n'), (E'--changeset bob:1 context:${what}\nSELECT 1;\n'),
  (E'--changeset bob:1 endDelimiter:\\n//\nSELECT 1\n//\n'), (E'--changeset bob:1 endDelimiter:(GO|go)\nSELECT 1\nGO\n'),
  (E'--changesets of bob\nSELECT 1;\n'), (E'--changeset bob:1\nSELECT 1;\n--ignore:true\n'), (E'--changeset bob:1\n --ignoreLines:1\nSELECT 1;\n'),
  (E'--changeset bob:1\nSELECT 1;\n--rollback\tDROP SCHEMA app CASCADE;\n'), (E'--changeset bob:1\nSELECT 1;\n--rollback: DROP SCHEMA app CASCADE;\n'),
  (E'--changeset bob:1\nSELECT 1;\n--rollback changesetId:1\n--rollback changesetAuthor:bob\n'),
  (E'--changeset bob:1\n--precondition sql-check expectedResult:0 SELECT 1\nSELECT 1;\n'),
  (E'--changeset bob:1\n--precondition-SQL-CHECK 0 SELECT 0\nSELECT 1;\n'),
  (E'--changeset bob:1\n--precondition-table-exists table:app.t\nSELECT 1;\n'), (E'--changeset bob:1\n--precondition-sql-check \'0\'SELECT 0\nSELECT 1;\n'),
  (E'--changeset bob:1\n--preconditions onFail:MARK_RAN onTrouble:HALT\nSELECT 1;\n'), (E'--changeset bob:1\nSELECT 1;\n--include file:x.sql\n'),
  (E'--property name:x value: context:y\n--changeset bob:1\nSELECT 1;\n'), (E'--property name:x value:y labels:"open\n--changeset bob:1\nSELECT 1;\n'),
  (E'/* at the top\n--changeset bob:1\n*/\n'),
  (E'--changeset bob:1\nSELECT 1;\n--liquibase formatted sql logicalFilePath:x.sql\n--changeset bob:2\nSELECT 2;\n'),
  (E'--changeset bob:1\nSELECT \'open;\n--changeset bob:2\nSELECT 2\';\n'), (E'--changeset bob:1\nCREATE TABLE t();\n-- @down\nDROP SCHEMA app CASCADE;\n'),
  (E'--changeset bob:x::1\nSELECT 1;\n--changeset bob:2\nSELECT 2;\n--rollback changesetId:1 changesetAuthor:bob\n');
DO $$
DECLARE
  bad record;
BEGIN
  CALL files.make('m/d', '00.sql', E'--liquibase formatted sql\n--changeset bob:1\nCREATE TABLE first();\n');
  FOR bad IN SELECT * FROM files.bad LOOP
    CALL files.write(format('m/d/%s.sql', lpad(bad.place::text, 2, '0')), E'--liquibase formatted sql\n' || bad.lines);
  END LOOP;
END $$;
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT to_regclass('first');
-- files beside them that are not formatted
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n', '2.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n',
  '3.sql', E'--changeset a:1\nSELECT 3;\n--rollback DROP SCHEMA app CASCADE;\n', '4.sql', 'SELECT 4;', '5.sql',
  E'--liquibase unformatted sql\n--changeset a:1\nSELECT 5;\n');
TABLE files.wrong;
-- one file among those of another tool
CALL files.make('m/d', '1_a.up.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--rollback DROP SCHEMA app CASCADE;\n', '2_b.up.sql',
  'SELECT 2;', '3_c.up.sql', 'SELECT 3;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- the same in two files
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql logicalFilePath:x.sql\n--changeset a:1\nSELECT 1;\n', '2.sql',
  E'--liquibase formatted sql logicalFilePath:x.sql\n\n--changeset a:1\nSELECT 1;\n');
TABLE files.wrong;

-- Changelogs: each is the only one.
CREATE TABLE files.changelog(place int GENERATED ALWAYS AS IDENTITY, name text, content text);
INSERT INTO files.changelog(name, content) VALUES
  ('c-changelog.xml', E'<databaseChangeLog>\n <changeSet id="1" author="a">\n  <createTable tableName="t"/>\n </changeSet>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="none.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql"/>\n <include file="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql" author="me"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include path="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <includeAll path="none"/>\n <includeAll path="sql" filter="x.Y"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <preConditions><runningAs username="x"/></preConditions>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <preConditions><dbms type="oracle"/></preConditions>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog\n context="(a">\n <include file="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog includeLabels="x">\n <include file="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="${dir}/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <includeAll path="sql" minDepth="x"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <property file="x.properties"/>\n <include file="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <changeSet id="1" author="a"><sql><![CDATA[</changeSet>]]></sql>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="../../secret.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql">text</include>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql"/>\n'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql"/>\n</databaseChangelog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/&x;.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file=sql/1.sql/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<!DOCTYPE x [<!ENTITY e "databaseChangeLog">]>\n<databaseChangeLog/>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="c-changelog.xml"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql" context="(a"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n <include file="sql/1.sql"/>\n <include file="notes.txt"/>\n</databaseChangeLog>'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - changeSet:\n      id: 1\n      changes:\n        - createTable: [x]\n  - include:\n      file: sql/1.sql\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include:\n      file: *anchor\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include:\n      file: sql/1.sql\n     path: x\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include:\n\t  file: sql/1.sql\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include:\n      file: |\n        sql/1.sql\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include: {file: sql/1.sql\n'), ('c-changelog.yaml', E'databaseChangeLog:\n  include:\n    file: sql/1.sql\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - sql/1.sql\n'), ('c-changelog.yaml', E'# databaseChangeLog:\n'),
  ('c-changelog.yaml', E'x: databaseChangeLog\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include:\n      file: sql/1.sql\n      file: sql/1.sql\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n  - include: {file: sql/1.sql, file: sql/2.sql}\n'),
  ('c-changelog.json', E'{"databaseChangeLog": [\n {"changeSet": {"id": 1}}]}'),
  ('c-changelog.json', E'{"databaseChangeLog": [\n {"include": {"file": "sql/1.sql"}]}'),
  ('c-changelog.json', E'{"databaseChangeLog": {"include": {"file": "sql/1.sql"}}}'),
  ('c-changelog.json', E'{"databaseChangeLog": [\n {"include": "sql/1.sql"}]}');
CREATE TABLE files.says(place int, file text, line int, message text);
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM files.changelog ORDER BY place LOOP
    CALL files.make('m/d', one.name, one.content, 'sql/1.sql', E'--liquibase formatted sql\n--changeset a:1\nCREATE TABLE first();\n', 'notes.txt', '');
    INSERT INTO files.says SELECT one.place, * FROM files.wrong;
  END LOOP;
END $$;
SELECT place, s.file, s.line, s.message FROM files.changelog LEFT JOIN files.says s USING (place) ORDER BY place, file, line;
-- two that do not include each other; one that no changelog includes
CALL files.make('m/d', 'a-changelog.xml', '<databaseChangeLog/>', 'b-changelog.xml', '<databaseChangeLog/>');
TABLE files.wrong;
-- several, of which one includes the others; what is wrong with one of them is said once
CALL files.make('m/d', 'a-changelog.yaml', E'databaseChangeLog:\n  - include: {file: b-changelog.yaml}\n  - include: {file: c-changelog.yaml}\n',
  'b-changelog.yaml', E'databaseChangeLog:\n  - include: {file: *x}\n', 'c-changelog.yaml', E'databaseChangeLog:\n');
TABLE files.wrong;
CALL files.write('m/d/b-changelog.yaml', E'databaseChangeLog:\n  - include: {file: b-changelog.yaml}\n');
TABLE files.wrong;
CALL files.write('m/d/c-changelog.yaml', E'databaseChangeLog:\n  - include: {file: a-changelog.yaml}\n');
TABLE files.wrong;
CALL files.make('m/d', 'changelog.xml', E'<databaseChangeLog>\n<include file="1.sql"/></databaseChangeLog>', '1.sql',
  E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n',
  'v2/2.sql', E'--liquibase formatted sql\n--changeset a:2\nSELECT 2;\n', 'v2/3.sql', 'SELECT 3;');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version, outcome FROM migrator.apply('m/d', options => '{"ignore": ["v2/*"]}');
CALL files.forget();
CALL files.remove('m');
