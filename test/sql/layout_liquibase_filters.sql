-- Liquibase: contexts and labels that are given, properties, delimiters, and changesets that are no SQL.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, line, check_name AS check, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- Contexts are given by an option, in place of the environment's name; labels by an expression. What has a label is asked for, what has none runs.
CALL files.make('m/d', 'changelog.xml', E'<databaseChangeLog context="!never">\n<include file="1.sql"/>\n'
    '<include file="2.sql" labels="odd, new" context="a"/>\n'
    '<include file="3.sql" ignore="true"/>\n<includeAll path="deep" minDepth="2" maxDepth="2"/></databaseChangeLog>',
  '1.sql', E'--liquibase formatted sql\n--changeset a:1 context:a\nSELECT 1;\n--changeset a:2 context:"a and b"\nSELECT 2;\n'
    '--changeset a:3 context:"a or @c"\n'
    'SELECT 3;\n--changeset a:4 context:"@c"\nSELECT 4;\n--changeset a:5 labels:odd\nSELECT 5;\n'
    '--changeset a:6 labels:"Even, big" contextFilter:"NOT a"\nSELECT 6;\n'
    '--changeset a:7 context:(@c)\nSELECT 7;\n--changeset a:8 dbms:!postgresql,all\nSELECT 8;\n--changeset a:9 dbms:none\nnonsense;\n',
  '2.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n', '3.sql', E'--liquibase formatted sql\n--changeset a:1\nnonsense;\n',
  'deep/x/1.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n');
TABLE files.wrong;
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, options => '{"contexts": "a, B", "labels": "odd or (even and not big)"}');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, environment => 'c', options => '{"contexts": "c,d", "labels": "@odd"}');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"labels": "odd or"}')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"context": "a"}')$$);
SELECT migrator.register('shop', 'm/d', options => '{"contexts": "b", "labels": "!odd"}');
SELECT version, state, message FROM migrator.status(service => 'shop') WHERE message IS NOT NULL;
SELECT name, value, origin FROM migrator.settings(service => 'shop') WHERE name IN ('contexts', 'labels');
SELECT version, outcome FROM migrator.apply(service => 'shop');
SELECT migrator.is_current(service => 'shop');
SELECT migrator.unregister('shop');
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'SELECT 1;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"contexts": "a"}')$$);

-- One of two changesets of a name is for another database.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1 dbms:oracle\nnonsense;\n--changeset a:1 dbms:postgresql\nCREATE TABLE one();\n'
    '--changeset a:1 context:@no\nnonsense;\n');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();

-- Properties: global ones before the file's own, whose last counts; in other values, names and attributes; of the database. A run's values come first.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--property name:who value:"bob"\n--property name: both  value: ${who}!\n'
    '--property name:later value:${last}\n'
    '--property name:last value:deep\n--property name:own value:first global:false\n--property name:own value:second global:false\n'
    '--property name:x value:own global:false\n--property name:x value:global\n--property name:no value:x context:@no\n--property name:n value:2\n'
    '--property name:loop value:${loop}\n--changeset a:${n} labels:${n}\nCREATE TABLE said(i int, s text);\n'
    'INSERT INTO said VALUES (1, ''${who}''), (2, ''${Both}''), (3, ''${ LATER }''), (4, ''${own}''), (5, ''${x}''), (6, ''${no}''),\n'
    '  (7, ''${l${"x"}${no}ast}''), (8, ''${given}''), (9, ''${database.typeName}''), (10, ''$${n}''), (11, ''${w${none}}''), (12, ''${last'');\n'
    '--rollback DROP TABLE ${table};\n--property name:table value:said\n',
  '2.sql', E'--liquibase formatted sql\n--changeset a:1\nINSERT INTO said VALUES (20, ''${own}''), (21, ''${x}'');\n'
    '--rollback DELETE FROM said WHERE i IN (20, ${n}1);\n');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"GIVEN": "here", "N": "2"}', options => '{"labels": "2"}');
SELECT * FROM said ORDER BY i;
-- what goes back has the values of the files as they were, and needs those that a run gives
SELECT version, down_script FROM migrator.migrations ORDER BY 1;
CALL files.write('m/d/1.sql', E'--liquibase formatted sql\n');
CALL files.write('m/d/2.sql', E'--liquibase formatted sql\n--changeset a:other\nSELECT 1;\n');
SELECT version, outcome FROM migrator.rollback(steps => 1, variables => '{"n": "2"}');
SELECT i FROM said WHERE i > 12;
SELECT version, outcome FROM migrator.rollback(steps => 1);
CALL files.forget();

-- A delimiter ends a statement where it is one: not in what is quoted. Without one that is also GO, and a slash, on a line.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1\nCREATE TABLE t(i int, s text)\nGO\nINSERT INTO t VALUES (1, ''a\nGO\n/\n'
    'b'')\ngo\n/* \nGO\n*/\n'
    'INSERT INTO t VALUES (4 \n  / 2, ''"'')\n/\n--rollback DELETE FROM t\n--rollback GO\n--rollback DROP TABLE t\n'
    '--changeset a:2 endDelimiter:$$\nINSERT INTO t VALUES (3, '';'') $$\nINSERT INTO t VALUES (4, ''\n$$\n'')\n$$\n'
    '--changeset a:3 endDelimiter:GO\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$\nBEGIN\n  RETURN 5;\nEND\n$f$ GO\n'
    'INSERT INTO t VALUES (f(), ''ergo'') go\n'
    '--changeset a:4 endDelimiter:\\n/\nINSERT INTO t VALUES (6 /\n 1, '';'')\n/\nINSERT INTO t VALUES (7, ''x'');\n/\n'
    '--changeset a:5 rollbackEndDelimiter:@\nINSERT INTO t VALUES (8, ''x'')@\nINSERT INTO t VALUES (9, ''x'')@\n'
    '/* Liquibase Rollback\nDELETE FROM t WHERE i = 8@\nDELETE FROM t WHERE i = 9\n*/\nINSERT INTO t VALUES (10, ''behind'')\n--rollback @\n'
    '--rollback DELETE FROM t WHERE i = 10\n');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d');
SELECT * FROM t ORDER BY i, s;
SELECT version, outcome FROM migrator.rollback('m/d');
SELECT count(*) FROM t;
CALL files.forget();

-- What has another file or changeset to take it back, what needs no way back, and what has none.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--rollback not required, as it only reads\n--changeset a:2\n'
    'SELECT 2;\n--rollback\n'
    '--changeset a:3\nSELECT 3;\n--rollback changesetPath:1.sql changesetId:1 changesetAuthor:a\n--changeset a:4\nSELECT 4;\n--rollbacks are for others\n'
    '  --comment a comment\n--comment:  none\n--validCheckSum: 1:any\n');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, down_script FROM migrator.migrations ORDER BY 1;
CALL files.forget();

-- Preconditions that warn, and queries that fail.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1\n--preconditions onFail:WARN\n'
    '--precondition-sql-check expectedResult:2 SELECT 1\n'
    'CREATE TABLE made();\n--changeset a:2\n--preconditions onFail:HALT onError:MARK_RAN\n--precondition-sql-check expectedResult:1 SELECT 1/0\n'
    'nonsense_here();\n'
    '--changeset a:3\n--preconditions onError:WARN\n--precondition-sql-check expectedResult:1 SELECT 1/0\nCREATE TABLE made_too();\n'
    '--changeset a:4\n--preconditions onFail:MARK_RAN\n--precondition-table-exists table:MADE\n'
    '--precondition-table-exists table:made schema:pg_catalog\nDROP TABLE made;\n'
    '--changeset a:5\n--precondition-sql-check expectedResult:t SELECT true\n--precondition-sql-check ''${one}'' SELECT ${one}\n'
    '--precondition-sql-check expectedResult:${one}${one} SELECT ${one}${one}\n'
    '--precondition-sql-check 1 SELECT count(*) FROM '
    'pg_class WHERE relname = ''made'' -- one;\nCREATE TABLE last();\n--changeset a:6\n--precondition-sql-check expectedResult:true SELECT true\n'
    'CREATE TABLE never();\n');
CALL files.write('m/d/1.sql', replace(pg_read_file('m/d/1.sql'), 'nonsense_here();', 'DROP TABLE made;'));
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', target => '1.sql::5::a', variables => '{"one": "one'' AS a, ''x"}');
SELECT version, outcome FROM migrator.apply('m/d', target => '1.sql::5::a', variables => '{"one": "1"}');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', variables => '{"one": "1"}')$$);
SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' ORDER BY 1;
CALL files.forget();

-- What cannot be done here stops a run that has it pending, and no other.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1 failOnError:false created:today objectQuotingStrategy:LEGACY\nSELECT 1;\n'
    '--changeset a:2 runWith:psql\n'
    'SELECT 2;\n--changeset a:3\n--preconditions onFail:CONTINUE onError:CONTINUE\n--precondition-sql-check 1 SELECT 1\nSELECT 3;\n'
    '--changeset a:4 runWith:jdbc\n'
    'CREATE TABLE four();\n'
    '--rollback DROP TABLE four;\n');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d', versions => '{1.sql::1::a}')$$);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1.sql::4::a}');
SELECT migrator.resolve(format('1.sql::%s::a', n), 'applied', source => 'm/d') FROM generate_series(1, 3) n;
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d');
CALL files.forget();

-- Changesets that are no SQL: of each format. What Liquibase has run, and is on record, stops nothing.
CALL files.make('m/d', 'changelog.xml', E'<databaseChangeLog logicalFilePath="db/main.xml" xmlns:x="y">\n'
    '<preConditions onFail="HALT"><dbms type="oracle,postgresql"/></preConditions>\n'
    '<property name="author" value="bob"/>\n<include file="1.sql"/>\n'
    '<changeSet id="1" author="${author}" context="a or b"><sql><![CDATA[ </changeSet> ]]></sql><!-- </changeSet> --></changeSet>\n'
    '<x:changeSet id="2" author="bob" dbms="oracle"/><changeSet id="3" author="bob" logicalFilePath="other.xml" runOnChange="true"><empty/></changeSet>\n'
    '<include file="more.yaml"/><include file="more.json"/>\n</databaseChangeLog>',
  'more.yaml', E'databaseChangeLog:\n- logicalFilePath: yaml\n- preConditions:\n  - dbms: {type: postgresql}\n- changeSet:\n    id: 1\n'
    '    author: "eve"\n    labels: a\n    changes:\n'
    '    - createTable:\n        tableName: x # one\n        id: 7\n- changeSet:\n    author: eve\n    id: 2\n    ignore: true\n',
  'more.json', '{"databaseChangeLog": [{"changeSet": {"id": 1, "author": "eve", "changes": [{"sql": {"sql": "SELECT 1"}}]}}]}',
  '1.sql', E'--liquibase formatted sql\n--changeset a:1\nCREATE TABLE one();\n');
TABLE files.wrong;
SELECT version, state, flags FROM migrator.status('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1.sql::1::a}');
SELECT migrator.resolve(version, 'applied', source => 'm/d', note => 'by Liquibase') FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d'), count(*), count(DISTINCT checksum) FROM migrator.migrations;
SELECT severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'marks';
-- one that was changed is one that was changed
CALL files.write('m/d/more.yaml', replace(pg_read_file('m/d/more.yaml'), 'tableName: x', 'tableName: y'));
SELECT version, state, flags FROM migrator.status('m/d') WHERE version LIKE 'yaml::%';
CALL files.write('m/d/changelog.xml', replace(pg_read_file('m/d/changelog.xml'), '<empty/>', '<empty/><empty/>'));
SELECT version, state, flags, message FROM migrator.status('m/d') WHERE version LIKE 'other%';
CALL files.forget();
CALL files.make('m/d', 'db.changelog.yaml', E'databaseChangeLog:\n- include: {file: db/code.xml}\n- include: {file: db/1.sql}\n',
  'code.xml', '<databaseChangeLog><changeSet id="1" author="a"/></databaseChangeLog>', '1.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version, outcome FROM migrator.apply('m/d', options => '{"ignore": ["code.xml"]}');
CALL files.forget();

-- What runs in each run is no reason not to be current, once it ran. The way back is that of what ran last.
CALL files.make('m/d', '1.sql', E'--liquibase formatted sql\n--changeset a:1\nCREATE TABLE t(s text);\n--rollback DROP TABLE t;\n'
    '--changeset a:2 runAlways:true\nINSERT INTO t VALUES (''always'');\n--rollback DELETE FROM t WHERE s = ''always'';\n'
    '--changeset a:3 runOnChange:true\nINSERT INTO t VALUES (''first'');\n--rollback DELETE FROM t WHERE s IN (''first'', ''second'');\n'
    '--changeset a:4\nINSERT INTO t VALUES (''last'');\n--rollback DELETE FROM t WHERE s = ''last'';\n');
SELECT migrator.is_current('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d');
SELECT version, state, flags, message FROM migrator.status('m/d') WHERE version LIKE '%::2::%';
SELECT version FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, outcome FROM migrator.rollback('m/d');
SELECT s, count(*) FROM t GROUP BY s ORDER BY s;
CALL files.write('m/d/1.sql', replace(pg_read_file('m/d/1.sql'), '''first'')', '''second'')'));
SELECT migrator.is_current('m/d');
SELECT version, outcome FROM migrator.rollback('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, outcome FROM migrator.rollback('m/d', target => '1.sql::1::a');
SELECT s, count(*) FROM t GROUP BY s ORDER BY s;
CALL files.forget();
CALL files.remove('m');
