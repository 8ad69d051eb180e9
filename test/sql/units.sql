-- Units of script that are parts of a file (src/layout/unit.c). No layout makes any yet, so a library of the tests does.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.probe_unit(source text, file text, ranges int8[], seen text, direction text, transactions text, mark text, mark_line int,
	OUT checksum text, OUT file_checksum text, OUT fingerprint text, OUT content text, OUT problem text, OUT statements text[],
	OUT problems text[], OUT call_reason text, OUT findings text[])
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_unit';
CREATE FUNCTION files.probe_unit_run(source text, file text, ranges int8[], seen text, direction text, transactions text, mark text, mark_line int)
RETURNS void LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_unit_run';
CREATE FUNCTION files.sum(content bytea) RETURNS text LANGUAGE sql AS $$SELECT encode(sha256(content), 'hex')$$;

-- A range from the first byte of a text to the last one of another: offset, length, line. Lines end with LF or CRLF here.
CREATE FUNCTION files.range(file text, first text, last text) RETURNS int8[] LANGUAGE sql AS $$
  SELECT ARRAY[start, position(convert_to(last, 'UTF8') IN substr(content, start + 1)) - 1 + octet_length(convert_to(last, 'UTF8')),
    1 + octet_length(before) - octet_length(decode(replace(encode(before, 'escape'), E'\n', ''), 'escape'))]
  FROM pg_read_binary_file('m/' || file) AS content, LATERAL (SELECT position(convert_to(first, 'UTF8') IN content) - 1 AS start) AS found,
    LATERAL (SELECT substr(content, 1, start) AS before) AS lines;
$$;
CREATE FUNCTION files.unit(file text, ranges int8[], direction text DEFAULT 'up', transactions text DEFAULT 'script', mark text DEFAULT '',
	mark_line int DEFAULT 0, OUT checksum text, OUT file_checksum text, OUT fingerprint text, OUT content text, OUT problem text,
	OUT statements text[], OUT problems text[], OUT call_reason text, OUT findings text[])
LANGUAGE sql AS $$
  SELECT * FROM files.probe_unit('m', file, ranges, files.sum(pg_read_binary_file('m/' || file)), direction, transactions, mark, mark_line)
$$;
CREATE FUNCTION files.run(file text, ranges int8[], transactions text DEFAULT 'script', mark text DEFAULT '', mark_line int DEFAULT 0)
RETURNS void LANGUAGE sql AS $$
  SELECT files.probe_unit_run('m', file, ranges, files.sum(pg_read_binary_file('m/' || file)), 'up', transactions, mark, mark_line)
$$;

-- Both ways in one file: lines are those of the file, and nothing of the one way is in the other.
CALL files.write('m/both.sql', E'-- migrate:up\n-- Users.\nCREATE TABLE users (name text);\n\nCOPY users FROM stdin;\nada\nbob\n'
  '\\.\nINSERT INTO users\n  VALUES (''eve'');\n\n-- migrate:down\nDROP TABLE users\n');
SELECT files.range('both.sql', '-- Users', E'eve\');\n') AS up, files.range('both.sql', 'DROP', E'users\n') AS down \gset
SELECT :'up' AS up, :'down' AS down;
SELECT unnest(statements) FROM files.unit('both.sql', :'up');
SELECT content, statements, problems, findings FROM files.unit('both.sql', :'down', 'down');
-- the sums are those of the bytes of the unit, and the other's beside them
SELECT checksum = files.sum(E'DROP TABLE users\n') AS of_unit, file_checksum = files.sum(pg_read_binary_file('m/both.sql')) AS of_file
  FROM files.unit('both.sql', :'down', 'down');
CALL files.write('m/down.sql', E'DROP TABLE users\n');
SELECT whole.checksum = part.checksum AS checksum, whole.fingerprint = part.fingerprint AS fingerprint,
  whole.file_checksum = whole.checksum AS file, part.file_checksum = part.checksum AS part
FROM files.unit('down.sql', '{}') AS whole, files.unit('both.sql', :'down', 'down') AS part;
-- marks: without ranges the script is that of another tool
SELECT unnest(findings) FROM files.unit('both.sql', '{}');
SELECT findings FROM files.unit('both.sql', :'up');
-- run
SELECT files.run('both.sql', :'up');
TABLE users;
SELECT files.run('both.sql', :'up');
SELECT files.run('both.sql', :'down');
SELECT to_regclass('users');

-- What is open at the end is cut off there: a string, a parenthesis, a comment, rows; a last semicolon may be missing.
CALL files.write('m/cut.sql', E'SELECT 1;\nSELECT ''a;\nb'';\nSELECT (\n1);\n/* a\n*/ SELECT 2;\nCOPY t FROM stdin;\n1\n2\n\\.\n');
SELECT statements, problems FROM files.unit('cut.sql', files.range('cut.sql', E'SELECT \'a', E'\'a;\n'));
SELECT statements, problems FROM files.unit('cut.sql', files.range('cut.sql', 'SELECT (', '('));
SELECT statements, problems FROM files.unit('cut.sql', files.range('cut.sql', '/*', E'a\n'));
SELECT statements, problems FROM files.unit('cut.sql', files.range('cut.sql', 'COPY', E'1\n'));
SELECT statements, problems FROM files.unit('cut.sql', files.range('cut.sql', 'COPY', 'stdin;'));
SELECT statements, problems FROM files.unit('cut.sql', files.range('cut.sql', '*/', 'SELECT 2'));
SELECT content, statements, problems FROM files.unit('cut.sql', '{10,0,2}');
-- that they do not fit the file cannot be
SELECT files.unit('cut.sql', '{80,4000,9}');
SELECT files.unit('cut.sql', '{10,5,2,12,5,2}');
-- and a file that is another one by now is not read in ranges of the one before
SELECT checksum, problem, findings FROM files.probe_unit('m', 'cut.sql', '{0,10,1}', files.sum('another'), 'up', 'script', '', 0);
SELECT replace(problem, current_setting('data_directory'), ''), cardinality(findings)
  FROM files.probe_unit('m', 'none.sql', '{0,10,1}', files.sum('another'), 'up', 'script', '', 0);

-- Line ends of Windows; a byte order mark, in the range and before it; characters of several bytes before it on its line.
CALL files.write('m/crlf.sql', E'-- migrate:up\r\nSELECT 1;\r\nCOPY t FROM stdin;\r\n1\r\n2\r\n\\.\r\n SELECT oops oops oops;\r\n'
  '-- migrate:down\r\nSELECT 2;\r\n');
SELECT statements, problems FROM files.unit('crlf.sql', files.range('crlf.sql', 'SELECT 1', E'oops;\r\n'));
SELECT statements, problems FROM files.unit('crlf.sql', files.range('crlf.sql', 'SELECT 2', E'2;\r'), 'down');
CALL files.write('m/cr.sql', E'-- migrate:up\rSELECT 1;\r SELECT oops oops oops;\r-- migrate:down\rSELECT 2;');
SELECT statements, problems FROM files.unit('cr.sql', '{14,34,2}');
CALL files.write('m/bom.sql', E'\ufeffSELECT 1; SELECT a a a;\nSELECT 2;\n');
SELECT statements, problems FROM files.unit('bom.sql', '{}');
SELECT statements, problems FROM files.unit('bom.sql', '{0,27,1}');
SELECT statements, problems FROM files.unit('bom.sql', '{3,24,1}');
SELECT content, statements, problems FROM files.unit('bom.sql', '{13,14,1}');
SELECT content, statements FROM files.unit('bom.sql', '{27,10,2}');
CALL files.write('m/bytes.sql', E'-- \u00e4\u20ac\U0001f600 -- up: SELECT ''\u00e4\u20ac'', a a a;\n-- down: SELECT 2;\n');
SELECT content, statements, problems FROM files.unit('bytes.sql', files.range('bytes.sql', 'SELECT', 'a;'));

-- One text of several ranges: a way back that stands in comments, line by line.
CALL files.write('m/lines.sql', E'CREATE TABLE a (i int);\n--rollback DROP TABLE a\n-- \u00e4 comment; of SQL\n--rollback   CASCADE;\nSELECT 1;\n'
  '--rollback SELECT ''x;\n--rollback y'';\n');
SELECT files.range('lines.sql', 'DROP', 'a') || files.range('lines.sql', '  CASCADE', ';') || files.range('lines.sql', E'SELECT \'x', E'x;\n')
  || files.range('lines.sql', E'y\'', ';') AS back \gset
SELECT content FROM files.unit('lines.sql', :'back', 'down');
SELECT statements, problems FROM files.unit('lines.sql', :'back', 'down');
SELECT checksum = files.sum(E'DROP TABLE a  CASCADE;SELECT ''x;\ny'';') FROM files.unit('lines.sql', :'back', 'down');
-- but rows are not put together, for what lies between would be rows
CALL files.write('m/rows.sql', E'--undo COPY t FROM stdin;\n--undo 1\n--undo \\.\nSELECT 1;\nCOPY t FROM stdin;\n1\n--\n2\n\\.\nSELECT 2;\n--\nSELECT 3;\n');
SELECT problems, findings FROM files.unit('rows.sql', files.range('rows.sql', 'COPY', E';\n') || files.range('rows.sql', '1', E'\n')
  || files.range('rows.sql', E'\\.', E'\n'), 'down');
SELECT problems FROM files.unit('rows.sql', '{45,31,4,79,5,8}');
SELECT problems FROM files.unit('rows.sql', '{55,24,5,97,10,12}');
-- what lies before and behind them may be
SELECT statements, problems FROM files.unit('rows.sql', '{45,29,4,74,2,6,76,18,7}');
SELECT statements, problems FROM files.unit('rows.sql', '{45,10,4,55,39,5,97,10,12}');

-- What is no UTF-8 disturbs the unit that has it, and no other.
CALL files.write('m/broken.sql', convert_to(E'-- migrate:up\nSELECT 1;\n-- ', 'UTF8') || '\xe4' || convert_to(E'\nSELECT 2;\n-- ', 'UTF8') || '\xe4'
  || convert_to(' SELECT 3;', 'UTF8'));
SELECT statements, problem FROM files.unit('broken.sql', '{14,10,2}');
SELECT problem, findings FROM files.unit('broken.sql', '{14,23,2}');
SELECT problem FROM files.unit('broken.sql', '{28,10,4}');
SELECT content, statements FROM files.unit('broken.sql', '{43,10,5}');

-- What the tool says of transactions stands for a directive, and gives way to the script's own.
CALL files.write('m/mode.sql', E'-- +goose NO TRANSACTION\nSELECT 1;\nSELECT 2;\n-- migrator: no-transaction\nVACUUM;\n');
SELECT call_reason, findings FROM files.unit('mode.sql', '{25,20,2}');
SELECT call_reason, findings FROM files.unit('mode.sql', '{25,20,2}', transactions => 'none', mark => '-- +goose NO TRANSACTION', mark_line => 1);
SELECT call_reason, findings FROM files.unit('mode.sql', '{35,37,3}', transactions => 'none', mark => '-- +goose NO TRANSACTION', mark_line => 1);
SELECT call_reason, findings FROM files.unit('mode.sql', '{25,20,2}', transactions => 'one', mark => '-- migrate:up transaction:true', mark_line => 1);
SELECT call_reason, findings FROM files.unit('mode.sql', '{73,8,5}', transactions => 'one', mark => '-- migrate:up transaction:true', mark_line => 1);
SELECT call_reason, findings FROM files.unit('mode.sql', '{45,36,4}', transactions => 'one', mark => '-- migrate:up transaction:true', mark_line => 1);
SELECT files.run('mode.sql', '{73,8,5}', 'one', '-- migrate:up transaction:true', 1);

-- In a database of another encoding the ranges are the same, and lines and columns too.
CALL files.write('m/latin.sql', E'-- \u20ac up: SELECT ''\u00e4\u00e4'', a a a;\n-- down: SELECT ''\u20ac'';\n');
SELECT files.range('latin.sql', 'SELECT', 'a;') AS up, files.range('latin.sql', E'SELECT \'\u20ac', E'\u20ac\';')
  AS down, files.sum(pg_read_binary_file('m/latin.sql')) AS seen, current_database() AS here \gset
CREATE DATABASE regress_migrator_latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\connect regress_migrator_latin
SET client_encoding = UTF8;
CREATE FUNCTION probe_unit(source text, file text, ranges int8[], seen text, direction text, transactions text, mark text, mark_line int,
	OUT checksum text, OUT file_checksum text, OUT fingerprint text, OUT content text, OUT problem text, OUT statements text[],
	OUT problems text[], OUT call_reason text, OUT findings text[])
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_unit';
SELECT octet_length(content), statements, problem, problems FROM probe_unit('m', 'latin.sql', :'up', :'seen', 'up', 'script', '', 0);
SELECT problem FROM probe_unit('m', 'latin.sql', :'down', :'seen', 'down', 'script', '', 0);
\connect :here
DROP DATABASE regress_migrator_latin;
