-- What a run costs does not grow with the square of anything: steps are counted, not seconds.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

-- Rows of a table that the statements of this session looked at since the last time.
CREATE TABLE files.looked(relation regclass PRIMARY KEY, rows bigint);
CREATE FUNCTION files.rows_of(relation regclass) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT pg_stat_get_tuples_returned(relation) + coalesce(sum(pg_stat_get_tuples_returned(indexrelid)), 0)::bigint
    FROM pg_index WHERE indrelid = relation;
$$;
CREATE PROCEDURE files.count_from_here(relation regclass) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_stat_force_next_flush();
  COMMIT;
  PERFORM pg_stat_clear_snapshot();
  INSERT INTO files.looked VALUES (relation, files.rows_of(relation))
    ON CONFLICT ON CONSTRAINT looked_pkey DO UPDATE SET rows = excluded.rows;
END $$;
CREATE FUNCTION files.seen(of regclass) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT files.rows_of(of) - (SELECT rows FROM files.looked WHERE relation = of);
$$;

-- A failure writes its own row and reads no others.
CALL files.make('m/d');
DO $$BEGIN FOR i IN 1 .. 300 LOOP CALL files.write(format('m/d/%s_x.sql', i), 'SELECT 1/0;'); END LOOP; END$$;
CALL files.count_from_here('migrator.migrations');
CALL migrator.up('m/d', on_error => 'continue');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_stat_force_next_flush();
SELECT count(*) AS failed FROM migrator.migrations WHERE state = 'failed';
SELECT files.seen('migrator.migrations') < 10 * 300 AS few;

-- Deferrable constraints are looked up once in a run, not behind each migration.
CALL files.forget();
DO $$BEGIN FOR i IN 1 .. 200 LOOP EXECUTE format('CREATE TABLE app.d%s (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)', i); END LOOP; END$$;
CALL files.make('m/d');
DO $$BEGIN FOR i IN 1 .. 100 LOOP CALL files.write(format('m/d/%s_x.sql', i), 'SELECT 1;'); END LOOP; END$$;
CALL files.count_from_here('pg_trigger');
SELECT count(*) FROM migrator.apply('m/d');
SELECT pg_stat_force_next_flush();
SELECT files.seen('pg_trigger') < 20 * 400 AS few;

-- Thousands of names, in any order and twice, against as many files: found by halving, not one by one.
CALL files.forget();
CALL files.make('m/d');
CALL files.run('cd m/d && i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "SELECT 1;" >${i}_x.sql; done');
SELECT count(*), count(*) FILTER (WHERE outcome = 'applied') AS applied
  FROM migrator.apply('m/d', dry_run => true, versions => (SELECT array_agg(i::text ORDER BY i DESC) || array_agg('0' || i) FROM generate_series(1, 2000) i));
SELECT count(*) FROM migrator.apply('m/d', versions => '{7,2999,0007}');
SELECT count(*) FROM migrator.apply('m/d', target => '10', options => (SELECT jsonb_build_object('allow_late', jsonb_agg(i::text))
  FROM generate_series(1, 3000) i));
SELECT count(*) FROM migrator.apply('m/d', versions => '{1,3001}');

-- Values of psql's variables that double with each line, and many that are long: the script is refused before it is read to its end.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrator: psql\n\\set a xxxxxxxxxx\n' || repeat(E'\\set a :a:a\n', 60) || E'SELECT 1;\n',
  '2_b.sql', E'-- migrator: psql\n\\set a xxxxxxxxxx\n' || repeat(E'\\set a :a:a\n', 20) || repeat(E'\\echo :a\n', 1000) || E'SELECT 1;\n',
  '3_c.sql', E'-- migrator: psql\n\\set a x\n' || repeat(E'\\set a :a:a\n', 60) || E'\\if :a\n\\endif\nSELECT 1;\n',
  '4_d.sql', E'-- migrator: psql\nSELECT repeat(\'x\', 10000) AS a \\gset\n' || repeat(E'\\set a :a:a\n', 60) || E'SELECT 1;\n');
SELECT file, line, message FROM migrator.validate('m/d') WHERE severity = 'error';
\set VERBOSITY terse
CALL migrator.up('m/d', versions => '{4}');
\set VERBOSITY default

-- What is recorded of an error is bounded, at a character's end.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'DO $$BEGIN RAISE EXCEPTION ''%'', repeat(''x'', 200000) USING DETAIL = repeat(chr(228), 100000); END$$;');
\set VERBOSITY sqlstate
CALL migrator.up('m/d', on_error => 'raise');
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
SET client_min_messages = error;
SELECT count(*) FROM migrator.apply('m/d', on_error => 'stop');
SET client_min_messages = warning;
SELECT event, octet_length(error_message), octet_length(error_detail), right(error_message, 10) FROM migrator.history ORDER BY id;
SELECT octet_length(error_message) FROM migrator.migrations;

-- Neither a name nor an error writes a line of its own.
CALL files.forget();
CALL files.make('m/d', E'1_a\n  LOG: forged.sql', 'SELECT 1;', '2_b.sql', E'DO $$BEGIN RAISE EXCEPTION E''one\nDEBUG: two \\x1b[31m''; END$$;',
  E'3_c.sql', 'SELECT 3;', E'not\nours.sql', '');
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/; s/identifier [0-9]+/identifier N/; s/Database "[^"]*"/Database "D"/'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At 2>&1 | sed -E "$MASK"'
\! echo "SELECT outcome FROM migrator.apply('m/d', on_error => 'continue')" | eval "$SAY"
