-- CALL migrator.up(): what a script SETs ends with it, whether it runs in one transaction or part by part.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', result->>'outcome', concat_ws('/', result->>'applied', result->>'failed', result->>'total'),
                   (SELECT string_agg((m->>'version') || '=' || (m->>'outcome'), ' ' ORDER BY n)
                     FROM jsonb_array_elements(result->'migrations') WITH ORDINALITY e(m, n)))
$$;
\set shown 'SELECT files.shown(:\'result\');'
CREATE ROLE "regress migrator other";
GRANT ALL ON SCHEMA app TO "regress migrator other";
CREATE SCHEMA other;
-- All that a session can have SET, but what the server keeps for itself.
CREATE VIEW files.settings AS SELECT name, setting FROM pg_settings WHERE context IN ('user', 'superuser') AND name NOT LIKE 'transaction\_%';
CREATE VIEW files.some AS SELECT current_setting('search_path') AS search_path, current_setting('work_mem') AS work_mem, current_user,
  session_user, current_setting('app.x', true) AS x, current_setting('app.y', true) AS y,
  current_setting('lock_timeout') AS lock_timeout, current_setting('standard_conforming_strings') AS strings,
    current_setting('statement_timeout') AS statement_timeout, current_setting('timezone') AS timezone;
GRANT USAGE ON SCHEMA files TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA files TO PUBLIC;
SET work_mem = '5MB';
SET app.x = 'mine';
SET timezone = 'Europe/Berlin';
CREATE TABLE files.before AS TABLE files.settings;
TABLE files.some;
\set changes 'SET search_path = other, app; SET work_mem = \'\'9MB\'\'; SET app.x = \'\'yours\'\'; SET app.y = \'\'new\'\'; SET lock_timeout = \'\'3s\'\'; SET statement_timeout = \'\'1h\'\'; SET timezone = \'\'UTC\'\'; SET standard_conforming_strings = off; SET default_transaction_isolation = serializable; SET default_transaction_read_only = off; SET enable_seqscan = off; SET migrator.lock_retries = 7; SET role = \"regress migrator other\";'
SELECT replace(:'changes', '''''', '''') AS changes \gset

-- part by part: over its parts, and no further
CALL files.forget();
GRANT ALL ON SCHEMA app TO "regress migrator other";
CALL files.make('m/d', '1_a.sql', :'changes' || 'CREATE TABLE app.seen_1 AS TABLE files.some; VACUUM app.seen_1; INSERT INTO app.seen_1 TABLE files.some;',
  '2_b.sql', 'CREATE TABLE app.seen_2 AS TABLE files.some;', '3_c.sql', 'CREATE TABLE app.seen_3 AS TABLE files.some; VACUUM app.seen_3;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE seen_1;
TABLE seen_2;
TABLE seen_3;
TABLE files.some;
TABLE files.settings EXCEPT TABLE files.before ORDER BY 1;

SELECT replace(:'changes', 'SET app.y = ''new''; ', '') AS changes \gset

-- in one transaction
CALL files.forget();
GRANT ALL ON SCHEMA app TO "regress migrator other";
CALL files.make('m/d', '1_a.sql', :'changes' || 'CREATE TABLE app.seen_1 AS TABLE files.some;', '2_b.sql', 'CREATE TABLE app.seen_2 AS TABLE files.some;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE seen_1;
TABLE seen_2;
TABLE files.some;
TABLE files.settings EXCEPT TABLE files.before ORDER BY 1;

-- after a failure as well: in one transaction, part by part, in a DO that commits
CALL files.forget();
GRANT ALL ON SCHEMA app TO "regress migrator other";
CALL files.make('m/d', '1_a.sql', :'changes' || 'SELECT 1/0;');
CALL migrator.up('m/d');
TABLE files.some;
TABLE files.settings EXCEPT TABLE files.before ORDER BY 1;
CALL files.write('m/d/1_a.sql', :'changes' || 'SELECT 1; VACUUM app.nosuch;');
CALL migrator.up('m/d');
TABLE files.some;
TABLE files.settings EXCEPT TABLE files.before ORDER BY 1;
CALL files.forget();
CALL files.make('m/d', '1_a.sql',
  E'-- migrator: no-transaction\nDO $$BEGIN SET work_mem = ''9MB''; SET app.x = ''yours''; COMMIT; SET timezone = ''UTC''; RAISE EXCEPTION ''no''; END$$;',
  '2_b.sql', 'CREATE TABLE seen AS TABLE files.some;');
CALL migrator.up('m/d', on_error => 'continue');
TABLE seen;
TABLE files.some;
TABLE files.settings EXCEPT TABLE files.before ORDER BY 1;
-- with set_config(), RESET, SET SESSION AUTHORIZATION, SET LOCAL in a part
CALL files.forget();
GRANT ALL ON SCHEMA app TO "regress migrator other";
CALL files.make('m/d', '1_a.sql', 'SELECT set_config(''work_mem'', ''9MB'', false); VACUUM; CREATE TABLE seen AS TABLE files.some;',
  '2_b.sql', 'RESET work_mem; RESET search_path; VACUUM; INSERT INTO app.seen TABLE files.some;',
  '3_c.sql', 'SET SESSION AUTHORIZATION "regress migrator other"; RESET SESSION AUTHORIZATION; VACUUM; INSERT INTO app.seen SELECT '
    'search_path, work_mem, NULL, NULL, x, y, lock_timeout, strings, statement_timeout, timezone FROM files.some;', '4_d.sql',
    'BEGIN; SET LOCAL work_mem = ''9MB''; INSERT INTO seen TABLE files.some; COMMIT; INSERT INTO seen TABLE files.some;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE seen;
TABLE files.some;
TABLE files.settings EXCEPT TABLE files.before ORDER BY 1;

-- The caller's role comes back, and its rights were its own.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SET ROLE "regress migrator other"; CREATE TABLE app.theirs(i int); VACUUM app.theirs; CREATE TABLE app.theirs_too();',
  '2_b.sql', 'CREATE TABLE ours();');
GRANT ALL ON SCHEMA app TO "regress migrator other";
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 1;
SELECT current_user, session_user;
CALL files.forget();
GRANT ALL ON SCHEMA app TO "regress migrator other";
GRANT EXECUTE ON PROCEDURE migrator.up TO "regress migrator other";
GRANT USAGE ON SCHEMA migrator TO "regress migrator other";
GRANT pg_read_server_files TO "regress migrator other";
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE t(i int); VACUUM t; RESET ROLE; SELECT 1;', '2_b.sql',
  'CREATE TABLE u(); CREATE TABLE who AS SELECT current_user, session_user;');
SET ROLE "regress migrator other";
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SELECT current_user, session_user;
RESET ROLE;
:shown
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 1;
TABLE who;
SELECT version, applied_by FROM migrator.migrations ORDER BY 1;
SELECT DISTINCT applied_by, run_as FROM migrator.history;
-- without the right: refused
REVOKE EXECUTE ON PROCEDURE migrator.up FROM "regress migrator other";
SET ROLE "regress migrator other";
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- ddl_lock_timeout is the scripts' lock_timeout, in both forms; what they SET goes before it.
CALL files.forget();
SET migrator.ddl_lock_timeout = '77s';
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE seen AS SELECT 1 AS n, current_setting(''lock_timeout'') AS lock_timeout;', '2_b.sql',
  'VACUUM; INSERT INTO seen SELECT 2, current_setting(''lock_timeout'');', '3_c.sql',
  'SET lock_timeout = ''5s''; INSERT INTO seen SELECT 3, current_setting(''lock_timeout'');', '4_d.sql',
  'SET lock_timeout = ''6s''; VACUUM; INSERT INTO seen SELECT 4, current_setting(''lock_timeout'');');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE seen ORDER BY n;
SHOW lock_timeout;
RESET migrator.ddl_lock_timeout;
-- values that cannot be
SET migrator.lock_retries = -1;
SET migrator.migration_timeout = 'soon';
SET migrator.commit = 'never';
SELECT name, setting, unit, context FROM pg_settings WHERE name IN ('migrator.commit', 'migrator.lock_retries',
  'migrator.ddl_lock_timeout', 'migrator.migration_timeout') ORDER BY 1;
-- the setting, and that the argument wins
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT nosuch;', '2_b.sql', 'CREATE TABLE b();');
SET migrator.on_error = continue;
CALL migrator.up('m/d', on_error => 'raise');
SELECT to_regclass('b');
CALL migrator.up('m/d');
SELECT to_regclass('b');
RESET migrator.on_error;
DROP SCHEMA other;
DROP OWNED BY "regress migrator other" CASCADE;
DROP ROLE "regress migrator other";
