-- The joints of layouts (src/layout/layout.h) that no layout of the product uses yet, through a window of the tests: there
-- "divided" follows dbmate's marks, and "listed" reads a file plan.txt.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.layout(directory text) RETURNS TABLE (layout text, version text, up text, down text, findings text)
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_layout';

-- All files bear the marks: the layout that owns them takes them, and no script is refused for them. Lines are the file's.
CALL files.make('m/d',
  '1_a.sql', E'-- migrate:up\nCREATE TABLE a();\n-- migrate:down\nDROP TABLE a;\n',
  '2_b.sql', E'-- who\n-- migrate:up\nCREATE TABLE b();\n');
SELECT layout, version, replace(up, E'\n', ' ') AS up, replace(down, E'\n', ' ') AS down, findings FROM files.layout('m/d');
-- the product has another layout of that tool, which asks for more
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);

-- Marks of another tool stop a run as ever, and so do words of nobody.
CALL files.make('m/d',
  '1_a.sql', E'-- migrate:up\nCREATE TABLE a();\n-- +goose Down\nDROP TABLE a;\n',
  '2_b.sql', E'-- migrate:up\nCREATE TABLE b();\n-- Down\nDROP TABLE b;\n');
SELECT layout, version, findings FROM files.layout('m/d');

-- One without the marks: by their names all are numbered, and whoever is divided is refused.
CALL files.make('m/d',
  '1_a.sql', E'-- migrate:up\nCREATE TABLE a();\n-- migrate:down\nDROP TABLE a;\n',
  '2_b.sql', 'CREATE TABLE b();');
SELECT layout, version, findings FROM files.layout('m/d');
-- a mark in a string is one: the tools read lines, and know no strings
CALL files.make('m/d', '1_a.sql', E'SELECT \'\n-- migrate:up\n\';');
SELECT layout, version, findings FROM files.layout('m/d');
-- what its contents say may be a fault
CALL files.make('m/d',
  '1_a.sql', E'-- migrate:up\nCREATE TABLE a();\n',
  '2_b.sql', E'-- migrate:down\nDROP TABLE b;\n');
SELECT layout, version, findings FROM files.layout('m/d');

-- A plan says what the migrations are; without its sign nobody asks for it.
CALL files.make('m/d', 'plan.txt', E'2 second\n10 tenth\nthird\n1 first\n');
CALL files.write('m/d/deploy/first.sql', 'SELECT 1');
CALL files.write('m/d/deploy/second.sql', 'SELECT 2');
SELECT layout, version, up, regexp_replace(findings, '"/.*/', '".../') AS findings FROM files.layout('m/d');
CALL files.run('rm m/d/plan.txt');
SELECT files.error($$SELECT * FROM files.layout('m/d')$$);
-- names of two layouts, and the sign is only one of them
CALL files.write('m/d/1_a.sql', 'SELECT 1');
CALL files.write('m/d/plan.txt', E'1 first\n');
SELECT files.error($$SELECT * FROM files.layout('m/d')$$);
