-- Who may stage, who may change what is staged, and whose staged files who may run.
\getenv dir PG_ABS_SRCDIR
\set superuser :USER
\i :dir/include/setup.sql
-- alice and bob are in a team; carol may become it, but does not inherit; eve is in nothing; root is a superuser
CREATE ROLE regress_migrator_alice LOGIN;
CREATE ROLE regress_migrator_bob LOGIN;
CREATE ROLE regress_migrator_carol LOGIN NOINHERIT;
CREATE ROLE regress_migrator_eve LOGIN;
CREATE ROLE regress_migrator_root LOGIN SUPERUSER;
CREATE ROLE regress_migrator_team;
GRANT regress_migrator_team TO regress_migrator_alice, regress_migrator_bob, regress_migrator_carol;
GRANT USAGE, CREATE ON SCHEMA app TO PUBLIC;
GRANT USAGE ON SCHEMA files TO PUBLIC;
-- What a statement does for a session of somebody, who has SET ROLE to somebody; undone if it goes well and is asked to be.
CREATE FUNCTION files.as(session text, role text, statement text, undo boolean = false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', 'regress_migrator_' || session);
  IF role <> session THEN
    EXECUTE format('SET LOCAL ROLE %I', 'regress_migrator_' || role);
  END IF;
  BEGIN
    EXECUTE statement INTO result;
    result := coalesce(result, 'done');
    IF undo THEN
      RAISE EXCEPTION USING ERRCODE = 'ZZZZZ';
    END IF;
  EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
    NULL;
  WHEN OTHERS THEN
    result := SQLSTATE || ': ' || SQLERRM;
  END;
  SET LOCAL SESSION AUTHORIZATION regress_migrator;
  RETURN regexp_replace(replace(result, 'regress_migrator_', ''), '\d+ \(dropped\)', 'N (dropped)');
END $$;
CREATE FUNCTION files.sha(content text) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') $$;
GRANT EXECUTE ON FUNCTION files.sha TO PUBLIC;
CREATE VIEW files.held AS SELECT f.name, pg_get_userbyid(owner) AS owner, path, replace(pg_get_userbyid(staged_by), 'regress_migrator_', '')
  AS staged_by FROM migrator.staged_files f JOIN migrator.stages USING (name) ORDER BY 1, 3;

-- Nobody may, unless he is allowed to.
SELECT call, files.as('eve', 'eve', call) FROM (VALUES ($$SELECT migrator.stage('x', '1_a.sql', 'SELECT 1'::text)$$),
  ($$SELECT migrator.stage('x', '1_a.sql', 'SELECT 1'::bytea)$$), ($$SELECT migrator.stage('x', ARRAY['1_a.sql'], ARRAY['SELECT 1'::bytea])$$),
  ($$SELECT migrator.stage_archive('x', 'a')$$), ($$SELECT migrator.stage_missing('x', ARRAY['1_a.sql'], ARRAY[files.sha('')])$$),
  ($$SELECT migrator.unstage('x')$$), ('TABLE migrator.staged'), ('TABLE migrator.staged_files'), ('TABLE migrator.staged_contents'),
  ('TABLE migrator.stages')) AS v (call);
-- he needs nothing else: no rights on tables
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO regress_migrator_alice, regress_migrator_bob, regress_migrator_carol,
  regress_migrator_eve, regress_migrator_team;
SELECT files.as('alice', 'alice', $$SELECT migrator.stage('x', ARRAY['1_a.sql', '2_b.sql'], ARRAY['SELECT 1'::bytea, 'SELECT 2'])$$);
TABLE files.held;
SELECT call, files.as('alice', 'alice', call) FROM (VALUES ('TABLE migrator.staged'),
  ($$INSERT INTO migrator.staged_files (name, path, sha256, size, staged_by) VALUES ('x', '3_c.sql', 'x', 1, 'regress_migrator_root'::regrole)$$),
  ($$UPDATE migrator.staged_files SET staged_by = 10$$), ('UPDATE migrator.stages SET owner = 10'), ('DELETE FROM migrator.staged_contents'),
  ('TRUNCATE migrator.staged_files')) AS v (call);
GRANT SELECT ON migrator.staged TO regress_migrator_eve;
SELECT files.as('eve', 'eve', 'SELECT string_agg(path, '', '' ORDER BY path) FROM migrator.staged'),
  files.as('eve', 'eve', 'SELECT content FROM migrator.staged_contents');

-- A set is for the role that staged it first, its members, and superusers: to change, to ask about, to remove.
CREATE VIEW files.changes AS SELECT * FROM (VALUES (1, $$SELECT migrator.stage('SET', '9_i.sql', 'SELECT 9'::text)$$),
  (2, $$SELECT migrator.stage('SET', '1_a.sql', 'SELECT 1'::bytea)$$),
  (3, $$SELECT migrator.stage('SET', ARRAY['9_i.sql'], ARRAY['SELECT 9'::bytea])$$),
  (4, $$SELECT migrator.stage('SET', ARRAY['9_i.sql'], NULL, ARRAY[files.sha('SELECT 1')])$$),
  (5, $$SELECT migrator.stage_archive('SET', pg_catalog.decode('H4sIAAAAAAACA+3KMQrCQBAF0DnKniDuyiKklnR22oulIASTeH+jlVhopRB4'
    'r/nD/9Os2uO5Ga+X+J0829T6zNl75lxe7kdfSq7rSDn+4DZOpyGlGPp++vT3bV+ofbfrtofUBgAAAAAAAAAAAItyBw4g0kMAKAAA', 'base64'))$$),
  (6, $$SELECT migrator.stage_missing('SET', ARRAY['1_a.sql'], ARRAY[files.sha('SELECT 1')])$$), (7, $$SELECT migrator.unstage('SET')$$)) AS v (number, call);
SELECT session, role, array_agg(DISTINCT result) AS results FROM (VALUES ('bob', 'bob'), ('bob', 'team'), ('carol', 'carol'),
  ('eve', 'eve'), ('root', 'bob')) AS v (session, role), files.changes, files.as(session, role, replace(call, 'SET', 'x'), true)
  AS result GROUP BY 1, 2 ORDER BY 1, 2;
TABLE files.held;
SELECT session, role, array_agg(result ORDER BY number) AS results FROM (VALUES ('alice', 'alice'), ('root', 'root'), ('root', 'alice'))
  AS v (session, role), files.changes, files.as(session, role, replace(call, 'SET', 'x'), true) AS result GROUP BY 1, 2 ORDER BY 1, 2;
SET SESSION AUTHORIZATION regress_migrator_eve;
SELECT migrator.unstage('x');
\echo :LAST_ERROR_SQLSTATE
SET SESSION AUTHORIZATION regress_migrator;
-- a role that several have: SET ROLE. It says who sent each content: the session user
SELECT files.as('alice', 'team', $$SELECT migrator.stage('shared', ARRAY['1_a.sql', '2_b.sql', '3_c.sql'], ARRAY['SELECT 1'::bytea, 'SELECT 2', 'SELECT 3'])$$);
SELECT session, role, array_agg(DISTINCT result ~ '^42501: ') AS refused
  FROM (VALUES ('alice', 'alice'), ('bob', 'bob'), ('bob', 'team'), ('carol', 'carol'), ('carol', 'team'), ('eve', 'eve'),
  ('root', 'root'), ('root', 'eve'), ('root', 'team')) AS v (session, role), files.changes,
  files.as(session, role, replace(call, 'SET', 'shared'), true) AS result GROUP BY 1, 2 ORDER BY 1, 2;
SELECT files.as('bob', 'bob', $$SELECT migrator.stage('shared', '2_b.sql', 'SELECT 22'::text)$$);
TABLE files.held;
-- what one sends anew is his, also when it is the same, and also by its checksum; nothing is written when it was his
SELECT files.as('bob', 'bob', $$SELECT migrator.stage('shared', '1_a.sql', 'SELECT 1'::text)$$);
SELECT files.as('carol', 'team',
  $$SELECT migrator.stage('shared', ARRAY['1_a.sql', '2_b.sql', '3_c.sql'], NULL, $$ ||
    $$ARRAY[files.sha('SELECT 1'), files.sha('SELECT 22'), files.sha('SELECT 3')])$$);
TABLE files.held;
CREATE TEMP TABLE before AS SELECT f.*, f.xmin AS xid FROM migrator.staged_files f;
SELECT files.as('carol', 'team', $$SELECT migrator.stage('shared', '1_a.sql', 'SELECT 1'::text)$$);
SELECT * FROM before EXCEPT SELECT f.*, f.xmin FROM migrator.staged_files f;
-- it stays the team's; after unstage() it is nobody's
SELECT files.as('root', 'root', $$SELECT migrator.stage('shared', '4_d.sql', 'SELECT 4'::text)$$);
TABLE files.held;
SELECT files.as('bob', 'bob', $$SELECT migrator.unstage('shared')$$), files.as('eve', 'eve', $$SELECT migrator.stage('shared', '1_a.sql', 'SELECT 1'::text)$$);
TABLE files.held;
SELECT files.as('eve', 'eve', $$SELECT migrator.unstage('shared')$$);
-- one that is being made cannot be taken over in the same transaction
BEGIN;
SELECT files.as('eve', 'eve', $$SELECT migrator.stage('y', '1_a.sql', 'SELECT 1'::text)$$),
  files.as('bob', 'bob', $$SELECT migrator.stage('y', '1_a.sql', 'SELECT 1'::text)$$);
ROLLBACK;

-- Running: whoever sent a file must be able to act as the caller's current and as his session user.
SELECT files.as('root', 'root', $$SELECT migrator.unstage('x')$$);
SELECT name, files.as(name, name, format($$SELECT migrator.stage(%L, '1_a.sql', 'SELECT 1'::text)$$, name))
  FROM unnest('{alice,bob,carol,eve,root}'::text[]) AS name;
SELECT files.as('root', 'alice', $$SELECT migrator.stage('by_root', '1_a.sql', 'SELECT 1'::text)$$),
  files.as('alice', 'team', $$SELECT migrator.stage('by_alice', '1_a.sql', 'SELECT 1'::text)$$);
CREATE FUNCTION files.matrix(stages text[]) RETURNS TABLE (session text, role text, runs text, refused text) LANGUAGE plpgsql AS $$
DECLARE
  stage text;
  one text;
  other text;
BEGIN
  FOR session, role IN VALUES ('alice', 'alice'), ('alice', 'team'), ('bob', 'bob'), ('bob', 'team'), ('carol', 'carol'),
    ('carol', 'team'), ('eve', 'eve'), ('root', 'root'), ('root', 'alice'), ('root', 'eve'), ('root', 'team') LOOP
    runs := ''; refused := '';
    FOREACH stage IN ARRAY stages LOOP
      one := files.as(session, role, format('SELECT version FROM migrator.apply(%L, ''svc'')', 'stage:' || stage), true);
      other := files.as(session, role, format('SELECT version FROM migrator.apply(%L, ''svc'', dry_run => true)', 'stage:' || stage), true);
      IF one = '1' AND other = '1' THEN runs := concat_ws(' ', nullif(runs, ''), stage);
      ELSIF one = other AND starts_with(one, format('42501: permission denied to run files of "stage:%s", which role ', stage))
        THEN refused := concat_ws(' ', nullif(refused, ''), stage || coalesce('(' || nullif(substring(one FROM 'role "([^"]*)" staged$'), stage) || ')', ''));
      ELSE RAISE EXCEPTION '% % %: % %', session, role, stage, one, other; END IF;
    END LOOP;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM files.matrix('{alice,bob,carol,eve,root,by_root,by_alice}');
-- a membership of the other, direct and by a third
GRANT regress_migrator_bob TO regress_migrator_alice;
GRANT regress_migrator_alice TO regress_migrator_eve;
SELECT * FROM files.matrix('{alice,bob,eve}');
REVOKE regress_migrator_bob FROM regress_migrator_alice;
REVOKE regress_migrator_alice FROM regress_migrator_eve;
-- from 16 on a membership may not allow SET ROLE: then it counts for nothing, also where it gives the rights
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT regress_migrator_bob TO regress_migrator_eve WITH INHERIT FALSE, SET FALSE';
    ASSERT files.as('bob', 'bob', 'SELECT version FROM migrator.apply(''stage:eve'', ''svc'')', true) LIKE '42501: %';
    EXECUTE 'GRANT regress_migrator_bob TO regress_migrator_eve WITH INHERIT FALSE, SET TRUE';
    ASSERT files.as('bob', 'bob', 'SELECT version FROM migrator.apply(''stage:eve'', ''svc'')', true) = '1';
    EXECUTE 'GRANT regress_migrator_bob TO regress_migrator_eve WITH INHERIT TRUE, SET FALSE';
    ASSERT files.as('bob', 'bob', 'SELECT version FROM migrator.apply(''stage:eve'', ''svc'')', true) LIKE '42501: %';
    EXECUTE 'REVOKE regress_migrator_bob FROM regress_migrator_eve';
  END IF;
END $$;
-- as the user sees it; up alike
SET SESSION AUTHORIZATION regress_migrator_bob;
SELECT * FROM migrator.apply('stage:eve');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.apply('stage:eve', dry_run => true);
CALL migrator.up('stage:eve');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_migrator_team;
CALL migrator.up('stage:bob', 'team', result => '{}') \g /dev/null
CALL migrator.up('stage:carol', 'refused');
RESET ROLE;
SELECT version, outcome FROM migrator.apply('stage:bob', 'bob');
CALL migrator.up('stage:bob', 'bob-up', result => '{}') \g /dev/null
CALL migrator.up('stage:root', 'root', result => '{}') \g /dev/null
-- a superuser runs nothing that a lesser user sent
SET SESSION AUTHORIZATION regress_migrator_root;
CALL migrator.up('stage:bob', 'refused');
SELECT * FROM migrator.apply('stage:bob', 'root', options => '{"force": true}');
-- nor does a function that has more rights than its caller
CREATE FUNCTION files.definer(source text) RETURNS bigint LANGUAGE sql SECURITY DEFINER
  AS $$ SELECT count(*) FROM migrator.apply(source, 'definer', dry_run => true) $$;
GRANT EXECUTE ON FUNCTION files.definer TO PUBLIC;
SET SESSION AUTHORIZATION regress_migrator_bob;
SELECT files.definer('stage:bob');
SELECT files.definer('stage:root');
SET SESSION AUTHORIZATION regress_migrator;
-- nothing was put on record by what was refused
SELECT service, version, state, applied_by FROM migrator.migrations ORDER BY 1;
SELECT count(*) FROM migrator.runs WHERE outcome <> 'applied';
-- every file counts, also what is no migration, also what is applied already; those of another folder do not
SELECT files.as('alice', 'team',
  $$SELECT migrator.stage('mixed', ARRAY['a/1_a.sql', 'a/README', 'b/1_a.sql', 'b/2_b.sql', 'b/3_c.sql'], array_fill('SELECT 1'::bytea, ARRAY[5]))$$);
SELECT files.as('bob', 'bob', format($$SELECT migrator.stage('mixed', %L, 'SELECT 1'::text)$$, path)) FROM unnest('{a/README,b/2_b.sql}'::text[]) AS path;
SELECT folder, session, files.as(session, session, format('SELECT count(*) FROM migrator.apply(%L, ''svc'')', 'stage:mixed/' || folder), true)
  FROM unnest('{a,b}'::text[]) AS folder, unnest('{alice,bob}'::text[]) AS session;
SELECT files.as('bob', 'bob', format($$SELECT migrator.stage('mixed', %L, 'SELECT 1'::text)$$, path)) FROM unnest('{b/1_a.sql,b/3_c.sql}'::text[]) AS path;
SELECT folder, session, files.as(session, session, format('SELECT count(*) FROM migrator.apply(%L, ''svc'')', 'stage:mixed/' || folder), true)
  FROM unnest('{a,b}'::text[]) AS folder, unnest('{alice,bob}'::text[]) AS session;
SELECT files.as('bob', 'bob', $$SELECT count(*) FROM migrator.apply('stage:mixed/b', 'mixed')$$),
  files.as('alice', 'alice', $$SELECT count(*) FROM migrator.apply('stage:mixed/b', 'mixed')$$);

-- Looking needs no trust; nothing runs then.
SELECT call, files.as('bob', 'bob', call) FROM (VALUES ($$SELECT string_agg(version || ' ' || state, ', ') FROM migrator.status('stage:eve')$$),
  ($$SELECT string_agg(version, ', ') FROM migrator.pending('stage:eve')$$),
  ($$SELECT count(*) FROM migrator.validate('stage:eve') WHERE severity = 'error'$$), ($$SELECT migrator.summary('stage:eve')->>'pending'$$),
  ($$SELECT migrator.is_current('stage:eve')$$), ($$SELECT migrator.assert_current('stage:eve')$$),
  ($$SELECT value FROM migrator.settings('stage:eve') WHERE name = 'source'$$), ($$SELECT migrator.register('eve', 'stage:eve')$$),
  ($$SELECT migrator.baseline('stage:eve', 'based')$$)) AS v (call);
SELECT files.as('bob', 'bob', $$SELECT count(*) FROM migrator.apply(service => 'eve')$$),
  files.as('bob', 'bob', $$SELECT count(*) FROM migrator.apply('stage:eve', 'based')$$);

-- migrator.trusted_stagers: roles whose files others run. A superuser's setting.
SET migrator.trusted_stagers = 'regress_migrator_eve';
SELECT * FROM files.matrix('{alice,eve}');
-- whoever is a member of one that is named
SET migrator.trusted_stagers = 'regress_migrator_nobody, regress_migrator_team, "regress_migrator odd"';
SELECT * FROM files.matrix('{alice,carol,eve}') WHERE role IN ('eve', 'root');
-- not whoever has a member of that name; no superuser by being one; names as they are written
SET migrator.trusted_stagers = 'regress_migrator_bob';
SELECT * FROM files.matrix('{alice}') WHERE role IN ('eve', 'root');
SET migrator.trusted_stagers = '"REGRESS_MIGRATOR_EVE", "regress_migrator_eve "';
SELECT * FROM files.matrix('{eve}') WHERE role IN ('bob', 'root');
SET migrator.trusted_stagers = '  REGRESS_MIGRATOR_EVE  ,"regress_migrator_alice"';
SELECT * FROM files.matrix('{alice,eve}') WHERE role IN ('bob', 'root');
SET migrator.trusted_stagers = '';
SELECT * FROM files.matrix('{eve}') WHERE role IN ('bob', 'root');
SET migrator.trusted_stagers = 'a,,b';
SET migrator.trusted_stagers = '"a';
SET migrator.trusted_stagers = 'a b';
SHOW migrator.trusted_stagers;
-- a superuser with trust runs it
SET migrator.trusted_stagers = 'regress_migrator_eve';
SELECT version, outcome FROM migrator.apply('stage:eve', 'trusted');
RESET migrator.trusted_stagers;
-- not the user's to set: here, in a function, for himself, for the database, before the library is there
SELECT call, files.as('bob', 'bob', call) FROM (VALUES ('SET migrator.trusted_stagers = ''regress_migrator_eve'''),
  ('ALTER ROLE regress_migrator_bob SET migrator.trusted_stagers = ''regress_migrator_eve'''),
  ('SELECT set_config(''migrator.trusted_stagers'', ''regress_migrator_eve'', false)'), ('SET migrator.max_stage_files = 1000000'),
  ('SET migrator.max_stage_size = ''1023MB''')) AS v (call);
SELECT files.as('bob', 'bob',
  $$CREATE FUNCTION files.trusting() RETURNS bigint LANGUAGE sql SET migrator.trusted_stagers = 'regress_migrator_eve' AS 'SELECT 1'$$);
\connect - regress_migrator_bob
SET client_min_messages = warning;
SET migrator.trusted_stagers = 'regress_migrator_eve';
SELECT * FROM migrator.apply('stage:eve', 'early');
SELECT current_setting('migrator.trusted_stagers');
SELECT * FROM migrator.apply('stage:eve', 'early');
-- for one role, by a superuser: from its next session on
\connect - :superuser
ALTER ROLE regress_migrator_bob SET migrator.trusted_stagers = 'regress_migrator_eve';
\connect - regress_migrator_bob
SET client_min_messages = warning;
SELECT version, outcome FROM migrator.apply('stage:eve', 'by-role');
SHOW migrator.trusted_stagers;
SET migrator.trusted_stagers = 'regress_migrator_carol';
RESET migrator.trusted_stagers;
SELECT version, outcome FROM migrator.apply('stage:carol', 'by-role');
\connect - :superuser
ALTER ROLE regress_migrator_bob RESET migrator.trusted_stagers;
-- not for a database: its owner, who was granted the right to set it, would choose for others
SELECT current_database() AS database \gset
ALTER DATABASE :"database" SET migrator.trusted_stagers = 'regress_migrator_eve';
\connect - regress_migrator_bob
SET client_min_messages = warning;
SELECT version, outcome FROM migrator.apply('stage:eve', 'by-database');
\echo :LAST_ERROR_SQLSTATE
SELECT current_setting('migrator.trusted_stagers');
\connect - :superuser
ALTER DATABASE :"database" RESET migrator.trusted_stagers;
-- by a grant
GRANT SET ON PARAMETER migrator.trusted_stagers TO regress_migrator_bob;
\connect - regress_migrator_bob
SET client_min_messages = warning;
SET migrator.trusted_stagers = 'regress_migrator_carol';
SELECT version, outcome FROM migrator.apply('stage:carol', 'by-grant');
CALL migrator.up('stage:carol', 'by-grant-up', result => '{}') \g /dev/null
SELECT version, outcome FROM migrator.apply('stage:eve', 'by-grant');
\connect - :superuser
REVOKE SET ON PARAMETER migrator.trusted_stagers FROM regress_migrator_bob;
SET SESSION AUTHORIZATION regress_migrator;
SET client_min_messages = warning;
SET search_path = app;

-- Code of another role in somebody's session does not sign with his name: a function with its owner's rights, an index
-- expression under ANALYZE. An owner who could be the caller may.
GRANT CREATE, USAGE ON SCHEMA app TO regress_migrator_eve;
SET SESSION AUTHORIZATION regress_migrator_eve;
CREATE TABLE bait (i int);
INSERT INTO bait VALUES (1);
CREATE FUNCTION trap(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN i; END $$;
CREATE INDEX ON bait (trap(i));
CREATE OR REPLACE FUNCTION trap(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE
  AS $$ BEGIN PERFORM migrator.stage('trap', '1_a.sql', 'SELECT 1'::text); RETURN i; END $$;
CREATE FUNCTION definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT migrator.stage('trap', ARRAY['1_a.sql'], ARRAY['SELECT 1'::bytea]) $$;
SET SESSION AUTHORIZATION regress_migrator;
SELECT files.error('ANALYZE app.bait');
SELECT files.error('SELECT app.definer()');
SELECT files.as('bob', 'bob', 'SELECT app.definer()');
ALTER FUNCTION definer() OWNER TO regress_migrator;
SELECT files.as('eve', 'eve', 'SELECT app.definer()');
SELECT session, files.as(session, session, $$SELECT version FROM migrator.apply('stage:trap', 'trap')$$, true) FROM unnest('{eve,root}'::text[]) AS session;

-- A script may RESET SESSION AUTHORIZATION: a superuser who takes a user's name does not run what that user sent.
\connect - regress_migrator_bob
SELECT migrator.stage('login', '1_a.sql', 'SELECT 1'::text);
\connect - :superuser
SET SESSION AUTHORIZATION regress_migrator_bob;
SELECT version FROM migrator.apply('stage:login', 'login');
\connect - regress_migrator_bob
SET client_min_messages = warning;
SELECT version, outcome FROM migrator.apply('stage:login', 'login');
\connect - :superuser
SET SESSION AUTHORIZATION regress_migrator;
SET client_min_messages = warning;
SET search_path = app;

-- Nobody writes the tables but their owner, with whatever rights on them.
GRANT ALL ON migrator.stages, migrator.staged_files, migrator.staged_contents TO regress_migrator_eve;
SELECT call, files.as('eve', 'eve', call) FROM (VALUES
  ('INSERT INTO migrator.staged_files (name, path, sha256, size, staged_as, staged_by, staged_login) VALUES (''eve'', ''2_b.sql'', '
    'repeat(''0'', 64), 1, 10, 10, 10) RETURNING 1'),
  ('UPDATE migrator.staged_files SET staged_as = 10, staged_by = 10, staged_login = 10 RETURNING 1'), ('DELETE FROM migrator.staged_files RETURNING 1'),
  ('UPDATE migrator.staged_contents SET content = '''' RETURNING 1'), ('UPDATE migrator.stages SET owner = 10 RETURNING 1')) AS v (call);
REVOKE ALL ON migrator.stages, migrator.staged_files, migrator.staged_contents FROM regress_migrator_eve;

-- What another sent, read and staged anew in one snapshot: it is run as it was read, whatever the other sends meanwhile.
GRANT SELECT ON migrator.staged_files, migrator.staged_contents TO regress_migrator_bob;
SET SESSION AUTHORIZATION regress_migrator_bob;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT path, convert_from(content, 'UTF8') FROM migrator.staged_files JOIN migrator.staged_contents USING (name, sha256) WHERE name = 'eve' ORDER BY path;
SELECT migrator.stage('eve-reviewed', array_agg(path), array_agg(content)) FROM migrator.staged_files JOIN migrator.staged_contents
  USING (name, sha256) WHERE name = 'eve';
COMMIT;
SELECT version, outcome FROM migrator.apply('stage:eve-reviewed', 'reviewed');
SET SESSION AUTHORIZATION regress_migrator;

-- A role that is dropped leaves its set; nobody runs it, one of the same name neither has nor changes it.
CREATE ROLE regress_migrator_gone;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO regress_migrator_gone;
SELECT files.as('gone', 'gone', $$SELECT migrator.stage('gone', '1_a.sql', 'SELECT 1'::text)$$);
SET migrator.trusted_stagers = 'regress_migrator_gone';
SELECT files.as('bob', 'bob', $$SELECT version FROM migrator.apply('stage:gone', 'gone')$$, true);
DROP OWNED BY regress_migrator_gone;
DROP ROLE regress_migrator_gone;
SELECT regexp_replace(staged_by, '\d+', 'N') AS staged_by FROM migrator.staged WHERE name = 'gone';
SELECT session, files.as(session, session, $$SELECT version FROM migrator.apply('stage:gone', 'gone')$$, true) FROM unnest('{bob,root}'::text[]) AS session;
SELECT files.as('bob', 'bob', $$SELECT version FROM migrator.pending('stage:gone', 'gone')$$);
CREATE ROLE regress_migrator_gone;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO regress_migrator_gone;
SELECT session, files.as(session, session, $$SELECT version FROM migrator.apply('stage:gone', 'gone')$$, true)
  FROM unnest('{bob,gone,root}'::text[]) AS session;
SELECT session, files.as(session, session, $$SELECT migrator.stage('gone', '1_a.sql', 'SELECT 1'::text)$$) FROM unnest('{bob,gone,root}'::text[]) AS session;
SELECT session, files.as(session, session, $$SELECT version FROM migrator.apply('stage:gone', 'gone')$$, true)
  FROM unnest('{bob,gone,root}'::text[]) AS session;
SELECT session, files.as(session, session, $$SELECT migrator.unstage('gone')$$) FROM unnest('{gone,root}'::text[]) AS session;
RESET migrator.trusted_stagers;

DO $$
DECLARE
  role name;
BEGIN
  FOREACH role IN ARRAY '{alice,bob,carol,eve,root,team,gone}'::text[] LOOP
    EXECUTE format('DROP OWNED BY %I CASCADE', 'regress_migrator_' || role);
    EXECUTE format('DROP ROLE %I', 'regress_migrator_' || role);
  END LOOP;
END $$;
