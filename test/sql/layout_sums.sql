-- Layouts with a file about all others: Atlas with atlas.sum, drizzle with meta/_journal.json.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;
CREATE VIEW files.layout AS SELECT message FROM migrator.validate('m/d') WHERE check_name = 'readable';

-- Writes the files and what Atlas would write: the sum of each over all up to it, and one over names and sums.
CREATE PROCEDURE files.atlas(VARIADIC pairs text[]) LANGUAGE plpgsql AS $$
DECLARE
  so_far bytea = '';
  sums text = '';
  lines text = '';
BEGIN
  CALL files.remove('m/d');
  FOR i IN 1 .. array_length(pairs, 1) BY 2 LOOP
    CALL files.write('m/d/' || pairs[i], pairs[i + 1]);
    so_far := so_far || convert_to(pairs[i], 'UTF8');
    CONTINUE WHEN pairs[i + 1] LIKE '-- atlas:sum ignore%';
    so_far := so_far || convert_to(pairs[i + 1], 'UTF8');
    sums := sums || pairs[i] || encode(sha256(so_far), 'base64');
    lines := lines || pairs[i] || ' h1:' || encode(sha256(so_far), 'base64') || E'\n';
  END LOOP;
  CALL files.write('m/d/atlas.sum', 'h1:' || encode(sha256(convert_to(sums, 'UTF8')), 'base64') || E'\n' || lines);
END $$;

CALL files.atlas('20240101000000_a.sql', 'CREATE TABLE a(i int);',
  '20240102000000.sql', E'-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY ON a (i);\n',
  '20240103000000_c.sql', E'-- atlas:sum ignore\n-- atlas:nolint\n\nSELECT 3;\n',
  '20240104000000_d.sql', E'-- atlas:delimiter -- end\n-- what it does\n\nSELECT 4 -- end\nSELECT 5; -- end\n');
TABLE files.wrong;
TABLE files.layout;
SELECT version, name, transactional FROM migrator.pending('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, layout, non_transactional FROM migrator.migrations ORDER BY 1;
-- edited, added, taken away, renamed, no more of it
CALL files.write('m/d/20240103000000_c.sql', E'-- atlas:sum ignore\n\nSELECT 33;\n');
TABLE files.wrong;
CALL files.write('m/d/20240104000000_d.sql', 'DROP TABLE a;');
TABLE files.wrong;
CALL files.write('m/d/20240101500000_x.sql', 'DROP TABLE a;');
CALL migrator.up('m/d');
CALL files.run('rm m/d/202401015*; rm m/d/20240104*');
TABLE files.wrong;
CALL files.write('m/d/atlas.sum', '');
TABLE files.wrong;
CALL files.write('m/d/atlas.sum', E'h1:xyz\n');
TABLE files.wrong;
CALL files.forget();
-- a checkpoint stands for what is before it, where none of that ran
CALL files.atlas('1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();',
  '3_all.sql', E'-- atlas:checkpoint\n\nCREATE TABLE a();\nCREATE TABLE b();\n',
  '4_c.sql', 'CREATE TABLE c();');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
CALL files.forget();
CALL files.atlas('1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.atlas('1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();',
  '3_all.sql', E'-- atlas:checkpoint\n\nCREATE TABLE a();\nCREATE TABLE b();\n',
  '4_c.sql', 'CREATE TABLE c();');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
CALL files.forget();
-- what Atlas would do otherwise
CALL files.atlas('1_a.sql', E'-- down.sql --\nDROP SCHEMA app CASCADE;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.atlas('1_a.sql', E'-- atlas:txmode maybe\n\nSELECT 1;',
  '2_b.sql', E'-- atlas:txtar\n\n-- checks.sql --\nSELECT 1;\n-- migration.sql --\nSELECT 2;\n-- down.sql --\n',
  '3_c.sql', E'SELECT 1;\n-- atlas:txmode none\nSELECT 2;\n', '4_d.sql', E'-- atlas:txmode file\n\nVACUUM;\n');
TABLE files.wrong;
CALL files.forget();

-- directives where Atlas does not see them, or not as they are meant; ones that are not known
CALL files.atlas('01_a.sql', E'-- atlas:txmode all\n\nSELECT 1;', '02_b.sql', E'-- atlas:txmode none\nSELECT 2;', 
  '03_c.sql', E'-- atlas:txmode none\n-- atlas:txmode file\n\n',
  '04_d.sql', E'-- see atlas:txmode none\n-- more\n\nVACUUM;', '05_e.sql', E'-- atlas:import x\n\nSELECT 5;',
  '06_f.sql', E'-- atlas:nolint\nSELECT 6;\n-- atlas:nolint destructive\nSELECT 6;',
  '07_g.sql', E'-- atlas:txmode\n\n', '08_h.sql', E'-- atlas:checkpoint v1', '09_i.sql', E'-- atlas:txmode none # x\n\n',
  '10_j.sql', E'-- atlas:txmodes none\n\n',
  '11_k.sql', E'-- atlas:txmode none\r\n\r\nVACUUM;', '12_l.sql', E'-- x\n-- atlas:sum ignore\n\n');
TABLE files.wrong;
SELECT version, transactional FROM migrator.pending('m/d');
CALL files.atlas('01_a.sql', E'-- atlas:delimiter\nSELECT 1', '02_b.sql', E'\uFEFF-- atlas:delimiter //\nSELECT 1',
  '03_c.sql', E'--atlas:delimiter //\nSELECT 1',
  '04_d.sql', E'-- atlas:delimiter //', '05_e.sql', E'-- atlas:delimiter //\rSELECT 1//', '06_f.sql', E'-- atlas:delimiter //\n',
  '07_g.sql', E'SELECT 1;\n-- atlas:delimiter //\n',
  '08_h.sql', E'/*\n-- atlas:delimiter //\n*/', '09_i.sql', E'-- atlas:delimiter  \n');
TABLE files.wrong;

-- a delimiter ends statements; outside of quotes and parentheses, and before comments; lines stay those of the file
CALL files.atlas('01_a.sql',
  E'-- atlas:delimiter \\n\\n\nCREATE TABLE a (\n\n i int) -- no end\n\n\n-- what\n\nINSERT INTO a\n  VALUES (1)\n\n\n\nINSERT INTO a VALUES (2)',
  '02_b.sql', E'-- atlas:delimiter \\nGO\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\nGO\n$$\nGO\nINSERT INTO a VALUES (3);\nGO',
  '03_c.sql',
    E'-- atlas:delimiter //\nINSERT INTO a VALUES (length(\'//\')) // INSERT INTO a VALUES (length(E\'\\\'//\')) // INSERT INTO a /* // */ VALUES (4)//\n//',
  '04_d.sql', E'-- atlas:delimiter \\t\nSELECT 1\tSELECT\r\n2\tSELECT 3;\t',
  '05_e.sql', E'-- atlas:delimiter -- end\nINSERT INTO a VALUES (5) -- end\nINSERT INTO a VALUES (6) -- ending\n');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT file, line, message FROM migrator.validate('m/d') WHERE severity = 'error';
CALL files.atlas('01_a.sql',
  E'-- atlas:delimiter \\n\\n\nCREATE TABLE a (\n\n i int)\n\n\n-- what\n\nINSERT INTO a\n  VALUES (1)\n\n\n\nINSERT INTO a VALUES (2) /*\n\n*/',
  '02_b.sql', E'-- atlas:delimiter \\nGO\nCREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT \'\nGO\n\'$$\nGO\nINSERT INTO a VALUES (3);\nGO',
  '03_c.sql',
    E'-- atlas:delimiter //\nINSERT INTO a VALUES (length(\'//\')) // INSERT INTO a VALUES (length(E\'\\\'//\')) // INSERT INTO a /* // */ VALUES (4)//\n//',
  '04_d.sql', E'-- atlas:delimiter \\t\nSELECT 1\tSELECT\r\n2\tSELECT 3;\t',
  '05_e.sql', E'-- atlas:delimiter -- end\nINSERT INTO a VALUES (5) -- end\nINSERT INTO a VALUES (6) -- end\n',
  '06_f.sql', E'-- atlas:delimiter \\n\\n\n\n\nSELECT 1\n\nSELECT nothing\n\n');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', target => '05');
TABLE a;
SELECT f();
SELECT version, checksum = (SELECT encode(sha256(pg_read_binary_file('m/d/' || m.file)), 'hex')) AS of_file FROM migrator.migrations m ORDER BY 1;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.forget();

-- sums are checked whatever the layout; what is not summed up does not go up
CALL files.atlas('1_a.up.sql', 'CREATE TABLE a();', '2_b.up.sql', 'CREATE TABLE b();');
CALL files.write('m/d/1_a.down.sql', 'DROP TABLE a;');
TABLE files.layout;
TABLE files.wrong;
CALL files.write('m/d/2_b.up.sql', 'CREATE TABLE evil();');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT outcome FROM migrator.apply('m/d', dry_run => true, options => '{"ignore": "atlas.sum"}');
CALL files.atlas('1_a.down.sql', 'DROP TABLE a;', '1_a.up.sql', 'CREATE TABLE a();', '2_b.up.sql', 'CREATE TABLE b();');
TABLE files.wrong;
CALL files.write('m/d/1_a.down.sql', 'DROP SCHEMA app CASCADE;');
TABLE files.wrong;
CALL files.atlas('1_a.up.sql', 'CREATE TABLE a();');
CALL files.write('m/d/2_b.up.SQL', 'CREATE TABLE b();');
TABLE files.wrong;
CALL files.atlas('1_a.sql', E'-- +goose Up\nSELECT 1;\n', '2_b.sql', E'-- +goose Up\nSELECT 2;\n');
TABLE files.layout;
TABLE files.wrong;
CALL files.write('m/d/2_b.sql', E'-- +goose Up\nSELECT 3;\n');
TABLE files.wrong;
CALL files.atlas('1_a.sql', E'-- migrate:up\nSELECT 1;\n-- migrate:down\n');
CALL files.write('m/d/0_b.sql', E'-- migrate:up\nSELECT 0;\n-- migrate:down\n');
TABLE files.layout;
TABLE files.wrong;
CALL files.atlas('1_a.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n');
TABLE files.layout;
TABLE files.wrong;
CALL files.write('m/d/1_a.sql', E'--liquibase formatted sql\n--changeset a:1\nSELECT 2;\n');
TABLE files.wrong;
-- Flyway's are in the order of the sums, with folders; U does not go up
CALL files.atlas('B2__b.sql', 'SELECT 2;', 'V3__c.sql', 'SELECT 3;', 'x/V10__d.sql', 'SELECT 10;', 'R__r.sql', 'SELECT 1;');
CALL files.write('m/d/U3__c.sql', 'DROP SCHEMA app CASCADE;');
TABLE files.layout;
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
CALL files.write('m/d/V4__e.sql', 'SELECT 4;');
TABLE files.wrong;
CALL files.atlas('V1__a.sql', 'SELECT 1;', 'V2__b.sql', 'SELECT 2;');
CALL files.write('m/d/V2__b.sql', 'SELECT 3;');
TABLE files.wrong;
CALL files.run('rm m/d/V2__b.sql');
TABLE files.wrong;
CALL files.write('m/d/atlas.sum', E'h1:x\n../d/V1__a.sql h1:y\n');
TABLE files.wrong;
CALL files.write('m/d/atlas.sum', E'h1:x\nV1__a.sql\n');
TABLE files.wrong;
CALL files.atlas('1_a.sql', 'SELECT 1;');
CALL files.run('mkdir m/d/common; mv m/d/1_a.sql m/d/atlas.sum m/d/common');
TABLE files.wrong;

-- drizzle: the journal has the order
CALL files.make('m/d', '0000_first.sql', E'CREATE TABLE a();--> statement-breakpoint\nCREATE TABLE b();\n', '0001_second.sql', 'CREATE TABLE c();',
  '0002_third.sql', 'CREATE TABLE d();', 'relations.ts', '');
CALL files.write('m/d/meta/0000_snapshot.json', '{}');
CALL files.write('m/d/meta/_journal.json', '{"version": "7", "entries": [{"idx": 0, "when": 1, "tag": "0000_first", "breakpoints": true},
  {"idx": 1, "when": 2, "tag": "0002_third"}, {"idx": 2, "when": 3, "tag": "0001_second"}]}');
TABLE files.layout;
TABLE files.wrong;
SELECT version, name FROM migrator.pending('m/d');
SELECT version, outcome FROM migrator.apply('m/d', target => '0002_third');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', target => '0002')$$);
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, layout FROM migrator.migrations ORDER BY applied_at;
SELECT migrator.is_current('m/d', version => '0001_second'), migrator.is_current('m/d');
-- its places, not its names, say what is late
CALL files.write('m/d/0000_zero.sql', 'CREATE TABLE e();');
CALL files.write('m/d/meta/_journal.json', '{"version": "7", "entries": [{"idx": 0, "when": 1, "tag": "0000_first", "breakpoints": true},
  {"idx": 1, "when": 2, "tag": "0002_third"}, {"idx": 2, "when": 3, "tag": "0001_second"}, {"tag": "0000_zero"}]}');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();
-- what does not fit
CALL files.write('m/d/meta/_journal.json', E'{"version": "7", "entries": [\n  {"tag": "0000_first"},\n  {"tag": "0000_first"},\n'
  '  {"tag": "0009_gone"},\n  {"when": 1}]}');
TABLE files.wrong;
CALL migrator.up('m/d');
CALL files.write('m/d/meta/_journal.json', E'{"entries": {}}');
TABLE files.wrong;
CALL files.write('m/d/meta/_journal.json', E'{"entries": [\n');
TABLE files.wrong;
