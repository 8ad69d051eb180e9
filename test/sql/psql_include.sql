-- Scripts with psql's commands: the files that they name.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE files.rows (name text, body text);
CREATE FUNCTION files.saw(name text, VARIADIC body text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows VALUES (name, array_to_string(body, ' | ', 'NULL'))
$$;
CREATE FUNCTION files.saw(name text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows VALUES (name)
$$;
-- What is wrong with a source.
CREATE FUNCTION files.faults(VARIADIC pairs text[]) RETURNS TABLE (file text, line int, message text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/f', VARIADIC pairs);
  RETURN QUERY SELECT v.file, v.line, regexp_replace(v.message, ': [^:]*(could not|none|parts|"a").*', ': ...')
    FROM migrator.validate('m/f', service => 'faults') v
   WHERE v.severity = 'error';
END $$;

-- \i from the top, \ir from where the script lies; a file ends what it begins.
CALL files.make('m/d', '1_a.sql', $s$-- migrator: psql
\set a 'of the script'
SELECT files.saw('top', :'a');
\i parts/b.sql
SELECT files.saw('back', :'a'); \ir 'parts/deeper/../c.sql'
\include_relative parts/data.sql
$s$, 'parts/b.sql', E'SELECT files.saw(''b'', :''a'');\n\\set a ''of b''\n\\ir c.sql\n\\i ./parts//c.sql;\nSELECT files.saw(''b again'', :''a'')',
 'parts/c.sql', E'\uFEFFSELECT files.saw(''c'', :''a'')\n\n',
 'parts/data.sql', E'\\copy files.rows (name, body) from parts/rows.csv with (format csv, header)\n\\copy files.rows from stdin\nd\t3\n\\.\n'
  'SELECT files.saw(''behind'');',
 'parts/rows.csv', E'name,body\nx,"1, 2"\ny,2');
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
SELECT * FROM files.rows;

-- What a file holds is let go when it is read: 60 MB of text that does not count are kept once, and what follows the rows not at all.
CALL files.make('m/g', '1_a.sql', E'-- migrator: psql\n' || repeat(E'\\i large.sql\n\\copy files.rows (name) from large.csv\n', 60) ||
  'SELECT files.saw(''little'') FROM pg_backend_memory_contexts HAVING sum(total_bytes) < 100000000;',
  'large.sql', E'\\if false\n' || repeat(repeat('-', 99) || E'\n', 10000) || E'\\endif\n',
  'large.csv', E'a row\n\\.\n' || repeat(repeat('-', 99) || E'\n', 10000));
SELECT outcome FROM migrator.apply('m/g', 'large', options => '{"ignore": ["large*"]}');
SELECT name, count(*) FROM files.rows WHERE name IN ('little', 'a row') GROUP BY name;
DELETE FROM files.rows WHERE name IN ('little', 'a row');

-- A change of any of them is one of the migration.
SELECT flags FROM migrator.status('m/d');
CALL files.write('m/d/parts/c.sql', E'SELECT files.saw(''other'', :''a'')');
SELECT flags FROM migrator.status('m/d');
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'checksums';
CALL files.write('m/d/parts/c.sql', E'\uFEFFSELECT files.saw(''c'', :''a'')\n\n');
SELECT flags FROM migrator.status('m/d');
CALL files.write('m/d/parts/rows.csv', E'name,body\nx,"1, 2"\ny,3');
SELECT flags FROM migrator.status('m/d');

-- Errors are in the file that has them.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\nSELECT 1;\n\\i parts/b.sql\n', 'parts/b.sql', E'SELECT 1;\n SELECT 2,\n 1/0;\n');
\set VERBOSITY default
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
CALL files.write('m/d/parts/b.sql', E'SELECT 1;\n SELECT 2,\n nothing;\n');
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
CALL files.write('m/d/parts/b.sql', E'CREATE TABLE app.t (a int);\n\\copy app.t from ''parts/rows''\n');
CALL files.write('m/d/parts/rows', E'1\n2\nx\n');
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
\set VERBOSITY terse
SELECT * FROM files.faults('1_a.sql', E'-- migrator: psql\n\\i parts/b.sql\nSELECT from from;', 'parts/b.sql', E'\n  SELECT from from;\n'
  'SELECT :none, ''open');

-- What is refused.
SELECT * FROM files.faults('1_a.sql', E'-- migrator: psql\n\\i ../x.sql\n\\i /etc/passwd\n\\ir parts/../../x\n\\i ~/x\n\\i\n\\i none.sql\n\\i parts\n'
  '\\i a b');
SELECT * FROM files.faults('1_a.sql', E'-- migrator: psql\n\\set f parts/b.sql\n\\i :f\n\\i parts/:''f''\nSELECT\n\\i parts/b.sql\n'
  ';', 'parts/b.sql', 'SELECT 1;');
SELECT * FROM files.faults('1_a.sql', E'-- migrator: psql\n\\i parts/b.sql', 'parts/b.sql', E'\\if 1\n\\i parts/c.sql', 'parts/c.sql', E'SELECT 1;\n'
  '\\ir b.sql\n\\i 1_a.sql\n\\endif');
SELECT * FROM files.faults('1_a.sql', E'-- migrator: psql\n\\i parts/b.sql', 'parts/b.sql', E'SELECT 1;\n\\copy x from none\n\\! ls\n');

-- Deep, but not too deep.
DO $$
BEGIN
  CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n\\i parts/1.sql\n');
  FOR i IN 1 .. 50 LOOP
    CALL files.write(format('m/d/parts/%s.sql', i), format(E'SELECT files.saw(''deep'', %L);\n\\ir %s.sql\n', i, i + 1));
  END LOOP;
END $$;
TRUNCATE files.rows;
CALL files.write('m/d/parts/50.sql', 'SELECT files.saw(''deepest'');');
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
SELECT name, count(*) FROM files.rows GROUP BY 1 ORDER BY 1;
CALL files.write('m/d/parts/50.sql', E'\\ir 51.sql\n');
CALL files.write('m/d/parts/51.sql', 'SELECT files.saw(''deepest'');');
CALL files.forget();
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');

-- What stands behind the file leaves nothing open for the rows.
CALL files.forget();
CREATE TABLE app.lines (line text);
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n\\copy app.lines from parts/a--b -- it''s\n\\copy app.lines from stdin -- it''s\nx;\n\\.\n',
  'parts/a--b', E';\nSELECT 1;\n');
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
TABLE app.lines;
SELECT * FROM files.faults('1_a.sql', E'-- migrator: psql\n\\copy app.lines from parts/a with (null ''x)\n\\copy app.lines from parts/a /*',
  'parts/a', E'''); DROP TABLE app.lines; --\n');
-- Rows that have no end end with their file, and what is behind it is SQL.
CALL files.forget();
CREATE TABLE app.lines (line text);
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n\\i parts/a\n\\i parts/b\n\\i parts/c\n\\i parts/d\n\\copy app.lines from parts/e\n' ||
  E'INSERT INTO app.lines VALUES (''behind'');\n', 'parts/a', E'COPY app.lines FROM stdin;\na1\na2\n', 'parts/b', E'\\copy app.lines from stdin\r\nb1\r\nb2',
  'parts/c', E'COPY app.lines FROM stdin;\rc1\rc2', 'parts/d', 'COPY app.lines FROM stdin;', 'parts/e', E'e1\r\ne2');
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["parts/*"]}');
TABLE app.lines;
