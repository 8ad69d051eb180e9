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
