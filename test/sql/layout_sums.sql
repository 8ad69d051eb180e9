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

CALL files.atlas('20240101000000_a.sql', 'CREATE TABLE a(i int);', '20240102000000.sql', E'-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY ON a (i);\n',
  '20240103000000_c.sql', E'-- atlas:sum ignore\n-- atlas:nolint\n\nSELECT 3;\n',
  '20240104000000_d.sql', E'-- what it does\n-- atlas:delimiter -- end\n\nSELECT 4; -- end\nSELECT 5; -- end\n');
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
CALL files.atlas('1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();', '3_all.sql', E'-- atlas:checkpoint\n\nCREATE TABLE a();\nCREATE TABLE b();\n',
  '4_c.sql', 'CREATE TABLE c();');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
CALL files.forget();
CALL files.atlas('1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.atlas('1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();', '3_all.sql', E'-- atlas:checkpoint\n\nCREATE TABLE a();\nCREATE TABLE b();\n',
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
