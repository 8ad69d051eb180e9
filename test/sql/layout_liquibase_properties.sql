-- Liquibase: where a property counts, and what it is made of; and what Liquibase refuses.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Those of YAML count in all of their file, and of JSON; not in what was read before it.
CALL files.make('m/d', 'db.changelog.yaml', E'databaseChangeLog:\n- include: {file: 1.sql}\n- property: {name: p, value: late}\n'
    '- property: {name: p, value: later}\n- include: {file: "${file}.yaml"}\n- property: {name: file, value: sub}\n'
    '- include: {file: more.json}\n',
  '1.sql', E'--liquibase formatted sql\n--property name:p value:sql\n--changeset a:1\nCREATE TABLE said(i int, s text);\n'
    'INSERT INTO said VALUES (1, ''${p} ${sub} ${last}'');\n',
  'sub.yaml', E'databaseChangeLog:\n- logicalFilePath: "${file}.yaml"\n- include: {file: 2.sql}\n- property: {name: sub, value: "${last}"}\n'
    '- property: {name: file, value: never}\n',
  '2.sql', E'--liquibase formatted sql\n--changeset a:1\nINSERT INTO said VALUES (2, ''${p} ${sub} ${last}'');\n',
  'more.json', E'{"databaseChangeLog": [{"include": {"file": "3.sql"}}, {"property": {"name": "last", "value": "json"}}]}',
  '3.sql', E'--liquibase formatted sql\n--changeset a:1\nINSERT INTO said VALUES (3, ''${p} ${sub} ${last}'');\n');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d');
TABLE said;
CALL files.forget();

-- A value in SQL and XML is made where it is defined, as far as it can be; what is left, where it is used, as all of it in YAML.
CALL files.make('m/d', 'db.changelog.yaml', E'databaseChangeLog:\n- include: {file: one.xml}\n- property: {name: y, value: "${own}"}\n',
  'one.xml', E'<databaseChangeLog><property name="a" value="${b}"/><property name="b" value="B"/><property name="n${b}" value="N"/>\n'
    '<property name="before" value="${own}"/><property name="own" value="xml" global="false"/><property name="behind" value="${own}"/>\n'
    '<property name="c" value="${late}"/><include file="1.sql"/><include file="2.sql"/></databaseChangeLog>',
  '1.sql', E'--liquibase formatted sql\n--property name:own value:first global:false\n--property name:v value:${own}\n--property name:w value:${x}\n'
    '--property name:late value:L\n--property name:own value:${own}-second global:false\n--property name:x value:${own} global:false\n'
    '--property name:m${b} value:M\n--property name:database.typeName value:mine\n'
    '--changeset a:1\nCREATE TABLE said(i int, s text);\n'
    'INSERT INTO said VALUES (1, ''${a} ${nB} ${n${b}} ${before} ${behind} ${c} ${y}''), (2, ''${own} ${v} ${w} ${mB} ${database.typeName}'');\n'
    '--rollback DELETE FROM said WHERE s = ''${v} ${w} ${who}'';\n',
  '2.sql', E'--liquibase formatted sql\n--property name:own value:third global:false\n--property name:x value:X\n'
    '--changeset a:1\nINSERT INTO said VALUES (3, ''${before} ${behind} ${v} ${w} ${y} ${x}'');\n');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"who": "bob"}');
TABLE said;
SELECT version, down_script FROM migrator.migrations WHERE down_script IS NOT NULL;
CALL files.forget();
-- A run's values go first, also in values that were made before; the record of the way back has none of them.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--property name:who value:bob\n--property name:greeting value:hello_${who}\n'
    '--property name:env value:${env}\n--changeset a:1\n'
    'CREATE TABLE said AS SELECT ''${greeting} ${env}'' AS s;\n--rollback DROP TABLE said; -- ${greeting} ${env}\n');
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"who": "eve", "env": "prod"}');
TABLE said;
SELECT down_script FROM migrator.migrations;
CALL files.forget();
-- without one it leads back to itself
CALL files.write('m/d/1.sql', E'--liquibase formatted sql\n--property name:one value:${two}\n--property name:two value:1${one}\n'
    '--changeset a:1\nSELECT 1;\nSELECT ''${one}'', ''${two${one}}'';\n--changeset ${one}:2\nSELECT 2;\n');
TABLE files.wrong;
CALL files.write('m/d/1.sql', replace(pg_read_file('m/d/1.sql'), '--changeset ${one}:2', '--changeset a:2'));
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, variables => '{"one": "1"}');
-- deep is fine, and round about is not
SELECT string_agg(format(E'--property name:p%s value:${p%s}.\n', i, i - 1), '') AS chain FROM generate_series(1, 60) i \gset
CALL files.write('m/d/1.sql', E'--liquibase formatted sql\n--property name:p0 value:x\n' || :'chain' ||
  E'--changeset a:1\nSELECT ''${p60}'' AS deep;\n');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
SELECT string_agg(format(E'--property name:p%s value:${p%s}${p%s}\n', i, i - 1, i - 1), '') AS chain FROM generate_series(1, 60) i \gset
CALL files.write('m/d/1.sql', E'--liquibase formatted sql\n--property name:p0 value:x\n' || :'chain' ||
  E'--changeset a:1\nSELECT ''${p60}'' AS deep;\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);

-- What Liquibase refuses, or reads otherwise than it looks: each is the only changelog, or is named by one.
CREATE TABLE files.changelog(place int GENERATED ALWAYS AS IDENTITY, name text, content text);
INSERT INTO files.changelog(name, content) VALUES
  ('c-changelog.xml', E'<databaseChangeLog>\n<include file="sql/1.sql"/>\n<property name="p" value="1"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n<include file="sql/1.sql"/>\n<preConditions><dbms type="postgresql"/></preConditions>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog>\n<property name="${q}" value="1"/>\n<include file="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.xml', E'<databaseChangeLog\n logicalFilePath="${p}.xml">\n<include file="sql/1.sql"/>\n</databaseChangeLog>'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- property: {name: "${q}", value: 1}\n- include: {file: sql/1.sql}\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- property: {name: p, value: 1, context: "${q}"}\n- include: {file: sql/1.sql}\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- property: {name: p, value: 1, labels: "${q}"}\n- include: {file: sql/1.sql}\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- property: {name: p, value: 1, dbms: "${q}"}\n- include: {file: sql/1.sql}\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- property: {name: p, value: 1, contextFilter: a}\n- include: {file: sql/1.sql}\n'),
  ('c-changelog.json', E'{"databaseChangeLog": [\n {"include": {"file": "sql/1.sql"}},\n {"property": {"name": "p", "value": "1", "contextFilter": "a"}}]}'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- include: {file: sql/1.sql}\n- includeAll: {path: empty}\n'),
  ('c-changelog.json', E'{"databaseChangeLog": [\n {"include": {"file": "sql/1.sql"}},\n {"property": {"name": "p", "value": 1.50}}]}'),
  ('c-changelog.json', E'{"databaseChangeLog": [\n {"include": {"file": "sql/1.sql"}},\n {"property": {"name": "p", "value": null}}]}'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- include: {file: sql/1.sql}\n- changeSet:\n    id: 007\n    author: a\n'),
  ('c-changelog.yaml', E'databaseChangeLog:\n- include: {file: sql/1.sql}\n- property:\n    name: p\n    value: 2020-01-01\n');
INSERT INTO files.changelog(name, content)
  SELECT 'c-changelog.yaml', format(E'databaseChangeLog:\n- property: {name: p, value: %s}\n- include: {file: sql/1.sql}\n', v)
  FROM unnest('{010,yes,Off,1.50,~,0x10,1_000,1e3,12:30,+5,.5,5.,0.0001,190:20:30,.inf}'::text[]) AS v;
-- these are what they look
INSERT INTO files.changelog(name, content)
  SELECT 'c-changelog.yaml', E'databaseChangeLog:\n- include: {file: sql/1.sql}\n' ||
    string_agg(format(E'- property: {name: p%s, value: %s}\n', n, v), '' ORDER BY n)
  FROM unnest('{0,-1,10,1.0,1.25,0.001,0.0,true,false,y,1.2.3,10.0.0.1,2001-1-1,0o17,a1,"\"010\"",''yes''}'::text[]) WITH ORDINALITY AS t(v, n);
CREATE TABLE files.says(place int, file text, line int, message text);
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM files.changelog ORDER BY place LOOP
    CALL files.make('m/d', one.name, one.content, 'sql/1.sql', E'--liquibase formatted sql\n--property name:q value:p\n--changeset a:1\nSELECT 1;\n');
    IF one.content LIKE '%empty%' THEN
      CALL files.write('m/d/empty/1.sql', '');
      CALL files.write('m/d/empty/2.sql', E' \n\n');
      CALL files.write('m/d/empty/3.sql', E'\uFEFF');
      CALL files.write('m/d/empty/4.sql', '-- not this one');
      CALL files.write('m/d/empty/5.sql', E'--liquibase formatted sql\n');
      CALL files.write('m/d/empty/6.yaml', E'\n# nothing\n');
      CALL files.write('m/d/empty/7.yaml', 'databaseChangeLog:');
      CALL files.write('m/d/empty/8.json', '');
      CALL files.write('m/d/empty/9.xml', '');
    END IF;
    INSERT INTO files.says SELECT one.place, * FROM files.wrong;
  END LOOP;
END $$;
SELECT place, s.file, s.line, s.message FROM files.changelog LEFT JOIN files.says s USING (place) ORDER BY place, file, line;
-- Before the first changeset of a file, also in a comment.
CREATE TABLE files.early(place int GENERATED ALWAYS AS IDENTITY, line text);
INSERT INTO files.early(line) VALUES ('--comment: the users'), ('-- comment on them'), ('--COMMENT '), ('- property names are small'),
  ('  -property name:x value:y'),
  ('---property x y'), ('-changeset b:1'), ('- changeset of b'), ('-ignoreLines:1'), ('--ignore:1'), ('-- ignore:start'),
  ('--commented'), ('  --comment: indented'), ('--comment:none'), ('- changesets are here'), (' -changeset b:1'), ('-- -changeset b:1'), ('--ignored: 1'),
  ('x -property y');
TRUNCATE files.says;
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM files.early ORDER BY place LOOP
    CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n/*\n' || one.line || E'\n*/\n--changeset a:1\nSELECT 1;\n');
    INSERT INTO files.says SELECT one.place, file, line, message FROM files.wrong;
  END LOOP;
END $$;
SELECT e.line, s.line AS "at", s.message FROM files.early e LEFT JOIN files.says s USING (place) ORDER BY place;
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n-- comment on it\n--changeset a:1\n-- comment on it\nSELECT 1;\n');
TABLE files.wrong;
CALL files.forget();
CALL files.remove('m');
