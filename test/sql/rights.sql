-- Nobody but the owner writes the tables: whatever default privileges, GRANT, pg_write_all_data and views say.
-- In a database of its own, where the extension is made anew; the sources are staged.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT current_user AS me, current_database() AS first \gset
CREATE DATABASE "regress migrator rights" TEMPLATE template0;
\c "regress migrator rights"
SET client_min_messages = warning;
CREATE ROLE regress_migrator_eve;
CREATE ROLE regress_migrator_data IN ROLE pg_write_all_data, pg_read_all_data;
CREATE FUNCTION public.try(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SET LOCAL ROLE %I', role);
  EXECUTE statement;
  RESET ROLE;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN concat(SQLSTATE, ': ', SQLERRM);
END $$;

-- Default privileges, and a schema that was there before: nothing of it is left.
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_migrator_eve, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_migrator_eve, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO regress_migrator_eve WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO regress_migrator_eve;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_migrator_eve, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO pg_monitor, pg_database_owner;
CREATE SCHEMA migrator;
GRANT ALL ON SCHEMA migrator TO regress_migrator_eve WITH GRANT OPTION;
SET ROLE regress_migrator_eve;
GRANT CREATE ON SCHEMA migrator TO regress_migrator_data;
-- what was planted there keeps the extension out
CREATE FUNCTION migrator.up(source varchar) RETURNS text LANGUAGE sql AS 'SELECT source';
RESET ROLE;
-- (18 quotes the script in the context)
\set SHOW_CONTEXT never
CREATE EXTENSION migrator;
\set SHOW_CONTEXT errors
DROP FUNCTION migrator.up(varchar);
CREATE EXTENSION migrator;
SELECT privilege_type, string_agg(DISTINCT grantee::regrole::text, ', ') FROM pg_namespace n, aclexplode(nspacl)
  WHERE nspname = 'migrator' AND grantee <> nspowner GROUP BY 1;
SELECT public.try('regress_migrator_eve', 'CREATE FUNCTION migrator.up(source varchar) RETURNS text LANGUAGE sql AS ''SELECT source''');
SELECT public.try('regress_migrator_data', 'CREATE TABLE migrator.mine ()');
CREATE VIEW public.acl AS
  SELECT CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END AS kind, oid::regclass::text AS object, relacl AS acl, relowner AS owner
    FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')
  UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, attacl, relowner FROM pg_attribute JOIN pg_class c
    ON c.oid = attrelid WHERE relnamespace = 'migrator'::regnamespace
  UNION ALL SELECT 'type', oid::regtype::text, typacl, typowner FROM pg_type WHERE typnamespace = 'migrator'::regnamespace
  UNION ALL SELECT 'routine', oid::regprocedure::text, proacl, proowner FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace;
-- all that others have: reading for the owner of the database
SELECT kind, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee, a.privilege_type, a.is_grantable,
  CASE WHEN kind = 'routine' OR a.grantee = 'pg_monitor'::regrole THEN string_agg(object, ', ' ORDER BY object COLLATE "C")
  ELSE '(' || (count(*) = (SELECT count(*) FROM public.acl k WHERE k.kind = o.kind)) || ')' END AS objects
  FROM public.acl o, aclexplode(acl) a WHERE a.grantee <> o.owner AND kind <> 'type' GROUP BY 1, 2, 3, 4, a.grantee ORDER BY 1, 2;
SELECT * FROM public.acl o WHERE kind = 'type' AND EXISTS (SELECT FROM aclexplode(acl) a WHERE a.grantee NOT IN (0, o.owner));
-- nothing has the default of routines, which is that PUBLIC may execute them
SELECT object FROM public.acl WHERE kind = 'routine' AND acl IS NULL;

-- register() makes a view: reading is all that default privileges give on it. A second time, too.
SELECT migrator.stage('set', ARRAY['1_a.sql', '2_b.sql'], ARRAY['CREATE TABLE public.a ()', 'CREATE TABLE public.b ()']::bytea[]);
SELECT migrator.register('shop', 'stage:set');
GRANT UPDATE, TRIGGER ON migrator.shop_schema_migrations TO regress_migrator_eve WITH GRANT OPTION;
SELECT migrator.register('shop', 'stage:set', search_path => 'public');
SELECT a.privilege_type, a.is_grantable, string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
  ', ' ORDER BY a.grantee::regrole::text) FROM public.acl o, aclexplode(acl) a WHERE object = 'migrator.shop_schema_migrations'
  AND a.grantee <> o.owner GROUP BY 1, 2;
SELECT version, outcome FROM migrator.apply(service => 'shop');

-- No view is updatable, nor insertable: those that come later neither.
SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('v', 'f', 'm', 'p')
  AND (relkind <> 'v' OR pg_relation_is_updatable(c.oid, true) <> 0);
SELECT table_name FROM information_schema.views WHERE table_schema = 'migrator'
  AND (is_updatable, is_insertable_into, is_trigger_updatable, is_trigger_deletable, is_trigger_insertable_into) <> ('NO', 'NO', 'NO', 'NO', 'NO');
SELECT count(*) > 5 AS views FROM information_schema.views WHERE table_schema = 'migrator';
-- those that leave rows out are security barriers: a function of the reader's sees no row of another service
SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind = 'v' AND reloptions IS NOT NULL ORDER BY 1;
INSERT INTO migrator.migrations (service, version, state) VALUES ('other', 'secret', 'applied');
CREATE FUNCTION public.leak(version text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'sees %', version; RETURN true; END $$;
GRANT SELECT ON migrator.shop_schema_migrations TO regress_migrator_eve;
SET ROLE regress_migrator_eve;
SET client_min_messages = notice;
SELECT count(*) FROM migrator.shop_schema_migrations WHERE public.leak(version);
SET client_min_messages = warning;
RESET ROLE;
-- the second item of FROM costs nothing, and keeps no index from being used
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM migrator.shop_schema_migrations WHERE version = '1';
EXPLAIN (COSTS OFF) SELECT * FROM migrator.staged WHERE name = 'set' AND path = '1_a.sql';
RESET enable_seqscan;

-- Every table has the guard, which no session switches off.
SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind = 'r'
  AND (SELECT array_agg(ROW (tgname, tgenabled, tgtype, tgfoid::regproc::text)::text) FROM pg_trigger WHERE tgrelid = c.oid)
  IS DISTINCT FROM ARRAY['(owner_only,A,62,migrator.owner_only)'];
CREATE FUNCTION public.attacks(who name) RETURNS TABLE (what text, outcome text) LANGUAGE sql AS $f$
  SELECT statement, string_agg(DISTINCT replace(public.try(who, format(statement, object)), object, '%s'), '; ')
    FROM (SELECT oid::regclass::text AS object FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v')) o,
         unnest('{INSERT INTO %s DEFAULT VALUES,DELETE FROM %s,TRUNCATE %s}'::text[]) WITH ORDINALITY AS s (statement, n)
   GROUP BY statement, n ORDER BY n
$f$;
SELECT * FROM public.attacks('regress_migrator_data');
SELECT a, public.try('regress_migrator_data', a) FROM unnest(ARRAY[
  'UPDATE migrator.migrations SET state = ''applied'', service = ''x''', 'UPDATE migrator.staged SET path = ''2_b.sql''',
    'DELETE FROM migrator.staged', 'DELETE FROM migrator.schema_migrations',
  'UPDATE migrator.shop_schema_migrations SET version = ''3''', 'UPDATE migrator.staged_files SET sha256 = ''''',
    'UPDATE migrator.services SET search_path = ''evil''',
  'INSERT INTO migrator.migrations (service, version, state) VALUES (''x'', ''1'', ''applied'') ON CONFLICT (service, version) DO '
    'UPDATE SET state = ''failed''',
  'MERGE INTO migrator.migrations m USING (SELECT 1) AS s ON m.version = ''1'' WHEN MATCHED THEN DELETE',
    'WITH d AS (DELETE FROM migrator.history RETURNING 1) SELECT count(*) FROM d']) AS a;
SET ROLE regress_migrator_data;
COPY migrator.services (service) FROM stdin;
forged
\.
RESET ROLE;
-- GRANT ALL changes nothing of it
GRANT ALL ON ALL TABLES IN SCHEMA migrator TO regress_migrator_eve;
GRANT SET ON PARAMETER session_replication_role TO regress_migrator_eve;
SELECT * FROM public.attacks('regress_migrator_eve');
SELECT public.try('regress_migrator_eve', 'DO $x$ BEGIN SET LOCAL session_replication_role = replica; DELETE FROM migrator.migrations; END $x$');
SELECT public.try('regress_migrator_eve', 'SELECT migrator.owner_only()');
-- the key is nobody's to read, and the record is as it was
SELECT role, (SELECT public.try(role, 'DO $x$ BEGIN ASSERT NOT EXISTS (SELECT FROM migrator.stage_key); END $x$'))
  FROM unnest('{regress_migrator_data,regress_migrator_eve}'::name[]) role;
SELECT count(*), count(DISTINCT key), max(length(key)) FROM migrator.stage_key;
SELECT service, version, state FROM migrator.migrations ORDER BY 1, 2;
SELECT version, outcome FROM migrator.apply(service => 'shop');

-- What others hang on a table would run as its owner: the extension does not touch such a table, by whatever right it came there.
CREATE FUNCTION public.evil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'I am %', current_user; END $$;
CREATE FUNCTION public.evil_when() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'I am %', current_user; END $$;
GRANT EXECUTE ON FUNCTION migrator.owner_only TO regress_migrator_eve;
GRANT CREATE ON SCHEMA public TO regress_migrator_eve;
CREATE FUNCTION public.hang(who name, hang text, take_down text) RETURNS TABLE (step text, outcome text) LANGUAGE plpgsql AS $f$
BEGIN
  step := hang; outcome := public.try(who, hang); RETURN NEXT;
  step := 'stage and run'; outcome := public.try(current_user,
    $x$DO $y$ BEGIN PERFORM migrator.stage('set', '3_c.sql', 'SELECT 3'::text); PERFORM migrator.apply(service => 'shop'); RAISE 'it ran'; END $y$$x$); RETURN
    NEXT;
  EXECUTE take_down;
EXCEPTION WHEN OTHERS THEN
  step := 'end'; outcome := SQLERRM; RETURN NEXT;
END $f$;
SELECT * FROM public.hang('regress_migrator_eve', 'CREATE TRIGGER evil BEFORE INSERT ON migrator.runs EXECUTE FUNCTION public.evil()',
  'DROP TRIGGER evil ON migrator.runs');
SELECT * FROM public.hang('regress_migrator_eve',
  'CREATE TRIGGER evil AFTER UPDATE ON migrator.migrations FOR EACH ROW WHEN (public.evil_when()) EXECUTE FUNCTION migrator.owner_only()',
  'DROP TRIGGER evil ON migrator.migrations');
SELECT * FROM public.hang('regress_migrator_eve', 'CREATE TABLE public.mine (run_id bigint REFERENCES migrator.runs)', 'DROP TABLE public.mine');
SELECT * FROM public.hang(current_user, 'CREATE RULE evil AS ON INSERT TO migrator.history DO ALSO SELECT public.evil_when()',
  'DROP RULE evil ON migrator.history');
SELECT * FROM public.hang(current_user, 'CREATE POLICY evil ON migrator.staged_files USING (public.evil_when())', 'DROP POLICY evil ON migrator.staged_files');
SELECT * FROM public.hang(current_user, 'ALTER TABLE migrator.staged_files FORCE ROW LEVEL SECURITY',
  'ALTER TABLE migrator.staged_files NO FORCE ROW LEVEL SECURITY');
SELECT * FROM public.hang(current_user, 'ALTER TABLE migrator.runs OWNER TO regress_migrator_eve',
  format('ALTER TABLE migrator.runs OWNER TO %I', current_user));
SELECT public.try(current_user,
  $x$DO $y$ BEGIN PERFORM migrator.stage('set', '3_c.sql', 'SELECT 3'::text); PERFORM migrator.apply(service => 'shop'); RAISE 'it ran'; END $y$$x$);

-- A row of staged files is as stage() wrote it, or of no use: nothing of it can be changed, and it is of no use elsewhere.
SELECT migrator.stage('theirs', '1_a.sql', 'SELECT ''theirs'''::text);
CREATE FUNCTION public.forge(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  changed integer;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed || ' row(s): ' || public.try(current_user, $x$SELECT migrator.validate('stage:set')$x$);
END $$;
BEGIN;
SAVEPOINT s;
SELECT public.forge($$UPDATE migrator.staged_files SET staged_as = 10 + (staged_as = 10)::int WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET staged_by = 10 + (staged_by = 10)::int WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET staged_login = 10 + (staged_login = 10)::int WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET path = '3_a.sql' WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET sha256 = (SELECT sha256 FROM migrator.staged_files $$ ||
    $$WHERE name = 'set' AND path = '2_b.sql') WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET size = 7 WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET signature = upper(signature) WHERE name = 'set' AND path = '1_a.sql'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_files SET name = 'set', path = '9_a.sql' WHERE name = 'theirs'$$);
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.staged_contents SET content = 'SELECT 1' WHERE name = 'set'$$);
SELECT message FROM migrator.validate('stage:set') WHERE severity = 'error';
ROLLBACK TO s;
SELECT public.forge($$UPDATE migrator.stage_key SET key = sha256(key)$$);
SELECT public.forge($$DELETE FROM migrator.stage_key$$);
ROLLBACK TO s;
-- staged again, also by checksum, it is good again
SELECT public.forge($$UPDATE migrator.staged_files SET signature = '' WHERE name = 'set'$$);
SELECT migrator.stage('set', array_agg(path), NULL, array_agg(sha256)) FROM migrator.staged WHERE name = 'set';
SELECT version, state FROM migrator.status('stage:set');
SELECT public.forge($$UPDATE migrator.staged_files SET signature = '' WHERE name = 'set' AND path = '1_a.sql'$$);
SELECT migrator.stage('set', '1_a.sql', 'CREATE TABLE public.a ()'::text);
SELECT version, state FROM migrator.status('stage:set');
COMMIT;

-- What another role unstaged is not to be had by its checksum, while a reader still keeps it: not by the second call either.
CREATE ROLE regress_migrator_a;
CREATE ROLE regress_migrator_b;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO regress_migrator_a, regress_migrator_b;
CREATE FUNCTION public.sha(content text) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(content::bytea), 'hex') $$;
SET ROLE regress_migrator_a;
SELECT migrator.stage('kept', ARRAY['1_a.sql', '2_b.sql'], ARRAY['SELECT ''secret''', 'SELECT 2']::bytea[]);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT version FROM migrator.pending('stage:kept');
SELECT migrator.unstage('kept');
COMMIT;
SET ROLE regress_migrator_b;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT migrator.stage('kept', '1_b.sql', 'SELECT ''mine'''::text);
SELECT migrator.stage_missing('kept', ARRAY['1_b.sql', '2_a.sql'], ARRAY[public.sha('SELECT ''mine'''), public.sha('SELECT ''secret''')]);
SAVEPOINT s;
SELECT migrator.stage('kept', ARRAY['1_b.sql', '2_a.sql'], NULL, ARRAY[public.sha('SELECT ''mine'''), public.sha('SELECT ''secret''')]);
ROLLBACK TO s;
-- whoever has the content may send it
SELECT migrator.stage('kept', ARRAY['1_b.sql', '2_a.sql'], ARRAY[NULL, 'SELECT ''secret''']::bytea[],
  ARRAY[public.sha('SELECT ''mine'''), public.sha('SELECT ''secret''')]);
SELECT migrator.stage('kept', '3_c.sql', 'SELECT 2'::text);
SELECT migrator.stage('kept', ARRAY['2_a.sql', '3_c.sql'], NULL, ARRAY[public.sha('SELECT ''secret'''), public.sha('SELECT 2')]);
COMMIT;
SELECT version FROM migrator.pending('stage:kept');
RESET ROLE;

\c :first
DROP DATABASE "regress migrator rights";
REVOKE SET ON PARAMETER session_replication_role FROM regress_migrator_eve;
DROP ROLE regress_migrator_eve, regress_migrator_data, regress_migrator_a, regress_migrator_b;
