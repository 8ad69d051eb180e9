-- The owner of the extension is known from one call to the next: what gives it to another role, or makes it anew, is noticed.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET client_min_messages = error;
DROP EXTENSION migrator;
CREATE ROLE regress_migrator_first SUPERUSER;
CREATE ROLE regress_migrator_second SUPERUSER;
SET ROLE regress_migrator_first;
CREATE EXTENSION migrator;
RESET ROLE;
ALTER ROLE regress_migrator_first NOSUPERUSER;
ALTER ROLE regress_migrator_second NOSUPERUSER;
CALL files.make('m', '1_a.sql', 'SELECT 1', '2_b.sql', 'SELECT 2', '3_c.sql', 'SELECT 3', '4_d.sql', 'SELECT 4');
SELECT version, outcome FROM migrator.apply('m', target => '1');
-- given to another role, and back by a rollback
BEGIN;
REASSIGN OWNED BY regress_migrator_first TO regress_migrator_second;
SELECT extowner::regrole FROM pg_extension WHERE extname = 'migrator';
SELECT version, outcome FROM migrator.apply('m', target => '2');
SAVEPOINT s;
REASSIGN OWNED BY regress_migrator_second TO regress_migrator_first;
SELECT version, outcome FROM migrator.apply('m', target => '3');
ROLLBACK TO s;
SELECT version, outcome FROM migrator.apply('m', target => '3');
ROLLBACK;
SELECT version, outcome FROM migrator.apply('m', target => '2');
-- given to another role for good
REASSIGN OWNED BY regress_migrator_first TO regress_migrator_second;
SELECT version, outcome FROM migrator.apply('m', target => '3');
CALL migrator.up('m') \gset
SELECT :'result'::jsonb -> 'applied' AS applied;
SELECT version, state FROM migrator.migrations ORDER BY version;
-- an owner who is no superuser may read what is kept of the schema
SELECT count(*) > 0 AS kept FROM migrator.schema_state;
SELECT change, kind, identity FROM migrator.drift();
-- made anew by another role
DROP EXTENSION migrator;
ALTER ROLE regress_migrator_first SUPERUSER;
SET ROLE regress_migrator_first;
CREATE EXTENSION migrator;
RESET ROLE;
ALTER ROLE regress_migrator_first NOSUPERUSER;
CALL files.write('m/5_e.sql', 'SELECT 5');
SELECT version, outcome FROM migrator.apply('m');
-- where the server throws its caches away at any time, as it can be built to, a table is found as it should be all the same
DO $$ BEGIN PERFORM set_config('debug_discard_caches', '1', false); EXCEPTION WHEN invalid_parameter_value THEN NULL; END $$;
SELECT migrator.wait_for(4711);
RESET debug_discard_caches;
DROP EXTENSION migrator;
DROP ROLE regress_migrator_first, regress_migrator_second;
CREATE EXTENSION migrator;
