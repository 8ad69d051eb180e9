-- A run inside a run is refused, whoever calls it and whatever is called; the session is as good as before.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/other', '1_x.sql', 'CREATE TABLE x();');

-- from a script
CALL files.make('m/d', '1_a.sql', E'SELECT 1;\nSELECT * FROM migrator.apply(''m/other'', ''other'');');
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
-- from a script, all the others that change something
CALL files.make('m/d', '1_a.sql', $$SELECT migrator.register('other', 'm/other');$$, '2_b.sql', $$SELECT migrator.unregister('other');$$,
  '3_c.sql', $$SELECT migrator.baseline('m/other', 'other');$$, '4_d.sql', $$SELECT migrator.resolve('1', 'applied', 'other');$$,
  '5_e.sql', $$SELECT * FROM migrator.apply('m/other', 'other', dry_run => true);$$);
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
-- a script that catches the refusal goes on
CALL files.forget();
CALL files.make('m/d', '1_a.sql',
  $$DO $x$BEGIN PERFORM migrator.apply('m/other', 'other'); EXCEPTION WHEN object_in_use THEN CREATE TABLE caught(); END$x$; SELECT * FROM caught;$$,
  '2_b.sql', $$DO $x$BEGIN PERFORM migrator.apply('m/other', 'other'); EXCEPTION WHEN object_in_use THEN NULL; END$x$; $$ ||
    $$SELECT * FROM migrator.apply('m/other', 'other');$$);
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
-- reading is no run
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $$CREATE TABLE seen AS SELECT version, state FROM migrator.status('m/d');$$, '2_b.sql',
  $$INSERT INTO seen SELECT version, state FROM migrator.status('m/d');$$);
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
TABLE seen;
-- from a trigger: of a row, deferred, of an event
CALL files.forget();
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM migrator.apply('m/other', 'other'); RETURN NULL; END$$;
CREATE TABLE t(i int);
CREATE TRIGGER nest AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION nest();
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (1);');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
DROP TRIGGER nest ON t;
CREATE CONSTRAINT TRIGGER nest AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nest();
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
DROP TABLE t;
CREATE FUNCTION nest_event() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN PERFORM migrator.apply('m/other', 'other'); END$$;
CREATE EVENT TRIGGER regress_migrator_nest ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION nest_event();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE t(i int);');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
DROP EVENT TRIGGER regress_migrator_nest;
-- from a function in the arguments, that is before the run: no trouble
CREATE FUNCTION first() RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM migrator.apply('m/other', 'other'); RETURN 'm/d'; END$$;
SELECT version, outcome FROM migrator.apply(first());
SELECT service, version, state FROM migrator.migrations ORDER BY 1, 2;
-- nothing is held after errors of all kinds
SELECT version FROM migrator.apply('m/nowhere');
SELECT version FROM migrator.apply('m/d', on_error => 'x');
SELECT version FROM migrator.apply('m/other', 'third');
