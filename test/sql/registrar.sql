-- Whose registrations act with whose rights: what a call takes from one must be its author's to do, as with staged files.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE ROLE regress_migrator_alice LOGIN;
CREATE ROLE regress_migrator_bob LOGIN;
CREATE ROLE regress_migrator_root LOGIN SUPERUSER;
CREATE ROLE regress_migrator_team;
GRANT regress_migrator_team TO regress_migrator_alice, regress_migrator_bob;
CREATE SCHEMA files_alice AUTHORIZATION regress_migrator_alice;
GRANT ALL ON SCHEMA app, files_alice TO PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO regress_migrator_alice, regress_migrator_bob, regress_migrator_team;
CALL files.make('m/in/d', '1_a.up.sql', 'SELECT handy();', '1_a.down.sql', 'SELECT down();', '2_b.up.sql', 'SELECT 2;');
SELECT set_config('migrator.source_roots', current_setting('data_directory') || '/m/in', false) \g /dev/null
CREATE FUNCTION files.as(session text, role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text; detail text; hint text;
BEGIN
  EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', 'regress_migrator_' || session);
  IF role <> session THEN
    EXECUTE format('SET LOCAL ROLE %I', 'regress_migrator_' || role);
  END IF;
  BEGIN
    EXECUTE statement INTO result;
    result := coalesce(nullif(result, ''), 'done');
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    result := concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
  END;
  SET LOCAL SESSION AUTHORIZATION regress_migrator;
  RETURN regexp_replace(replace(result, 'regress_migrator_', ''), '\d+ \(dropped\)', 'N (dropped)');
END $$;
-- alice's function would make her a superuser, where a superuser runs the script
SET ROLE regress_migrator_alice;
CREATE FUNCTION files_alice.handy() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  ALTER ROLE regress_migrator_alice SUPERUSER;
EXCEPTION WHEN insufficient_privilege THEN -- the server's words differ between versions
  RAISE insufficient_privilege USING MESSAGE = 'alice is no superuser';
END $$;
RESET ROLE;

-- A registered search_path.
SELECT files.as('alice', 'alice', $$SELECT migrator.register('shop', 'm/in/d', search_path => 'files_alice, app')$$);
SELECT service, registered_by, registered_as, registered_login IS NOT NULL AS login, cardinality(registered_oids) AS oids,
  system_identifier IS NOT NULL AS cluster FROM migrator.services;
SELECT files.as('root', 'root', $$SELECT version FROM migrator.apply('m/in/d')$$);
SELECT files.as('root', 'root', $$SELECT version FROM migrator.apply('m/in/d', dry_run => true)$$);
CALL migrator.up('m/in/d');
-- the role of the session counts as well: a script can RESET ROLE
SELECT files.as('root', 'alice', $$SELECT version FROM migrator.apply('m/in/d')$$);
SELECT files.as('bob', 'bob', $$SELECT version FROM migrator.apply('m/in/d')$$);
SELECT rolname FROM pg_roles WHERE rolsuper AND rolname = 'regress_migrator_alice';
-- her own rights are hers to give
SELECT files.as('alice', 'alice', $$SELECT string_agg(message, '') FROM migrator.apply('m/in/d', dry_run => true, on_error => 'continue')$$);

-- A registered source, and an environment.
SELECT files.as('alice', 'alice', $$SELECT migrator.register('shop', 'm/in/d', environment => 'test')$$);
SELECT files.as('root', 'root', $$SELECT version FROM migrator.apply(service => 'shop')$$);
SELECT files.as('root', 'root', $$SELECT version FROM migrator.apply('m/in/d')$$);
SELECT files.as('root', 'root', $$SELECT migrator.baseline(NULL, 'shop')$$);
SELECT files.as('root', 'root', $$SELECT migrator.resolve('1', 'applied', 'shop')$$);
SELECT files.as('root', 'root', $$SELECT migrator.accept('1', 'shop')$$);
SELECT count(*) FROM migrator.migrations;
-- what the call says itself is not taken from the registration
SELECT files.as('root', 'root', $$SELECT migrator.baseline('m/in/d', 'shop', '1', environment => 'test')$$);
SELECT version, down_script, environment FROM migrator.migrations;
-- what needs nothing of the files goes on
SELECT files.as('root', 'root', $$SELECT migrator.resolve('1', 'pending', 'shop')$$);
-- and so does a look
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.status(service => 'shop')$$);

-- Patterns of files to leave out; whoever registers anew without a word about them is told.
SELECT files.as('alice', 'alice', $$SELECT migrator.register('shop', 'm/in/d', options => '{"ignore": ["2_*"]}')$$);
SELECT files.as('root', 'root', $$SELECT version FROM migrator.apply('m/in/d')$$);
SET client_min_messages = notice;
SELECT migrator.register('shop', 'm/in/d');
SELECT migrator.register('shop', 'm/in/d');
SET client_min_messages = warning;
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.status('m/in/d') WHERE state = 'pending'$$);
SELECT migrator.register('shop', 'm/in/d', options => '{"ignore": null}');

-- Registered in the name of a role that both can become, run as that role by a session that the author could be.
SELECT files.as('alice', 'team', $$SELECT migrator.register('shop', 'm/in/d')$$);
SELECT files.as('alice', 'team', $$SELECT migrator.baseline(NULL, 'shop', '1')$$);
SELECT files.as('bob', 'team', $$SELECT migrator.baseline(NULL, 'shop', '2')$$);

-- The extension's owner and superusers are trusted by everybody; others where an administrator says so.
SELECT files.as('root', 'root', $$SELECT migrator.register('shop', 'm/in/d', 'test', 'app')$$);
SELECT files.as('bob', 'bob', $$SELECT count(*) FROM migrator.apply(service => 'shop', versions => '{2}', dry_run => true)$$);
SELECT files.as('alice', 'alice', $$SELECT migrator.register('shop', 'm/in/d')$$);
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop', versions => '{2}', dry_run => true)$$);
SET migrator.trusted_stagers = 'regress_migrator_alice';
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop', versions => '{2}', dry_run => true)$$);
RESET migrator.trusted_stagers;

-- Nobody signs with the name of a session that he is called in.
CREATE FUNCTION files.registering() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT migrator.register('shop', 'm/in/d') $$;
ALTER FUNCTION files.registering OWNER TO regress_migrator_alice;
SELECT files.registering();

-- A role that is dropped, and one with its name.
DROP OWNED BY regress_migrator_alice CASCADE;
DROP ROLE regress_migrator_alice;
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop')$$);
CREATE ROLE regress_migrator_alice SUPERUSER;
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop')$$);

-- Restored in another cluster: names count there, and the OIDs of the old one do not.
UPDATE migrator.services SET system_identifier = system_identifier + 1;
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop', versions => '{2}', dry_run => true)$$);
UPDATE migrator.services SET registered_as = 'regress_migrator_nobody', registered_by = 'regress_migrator_nobody',
  registered_oids = ARRAY['regress_migrator', 'regress_migrator', 'regress_migrator']::regrole[]::oid[];
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop')$$);
SELECT files.as('root', 'root', $$SELECT migrator.register('shop', 'm/in/d')$$);
SELECT files.as('root', 'root', $$SELECT count(*) FROM migrator.apply(service => 'shop', versions => '{2}', dry_run => true)$$);

-- resolve() does not put on record what somebody else staged.
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO regress_migrator_bob;
SELECT files.as('bob', 'bob',
  $$SELECT migrator.stage('bob', ARRAY['7_x.up.sql', '7_x.down.sql'], ARRAY['SELECT 7'::bytea, 'ALTER ROLE regress_migrator_bob SUPERUSER'])$$);
SELECT files.as('root', 'root', $$SELECT migrator.resolve('7', 'applied', 'staged', source => 'stage:bob')$$);
SELECT files.as('root', 'root', $$SELECT migrator.accept('7', 'staged', source => 'stage:bob')$$);
SELECT count(*) FROM migrator.migrations WHERE service = 'staged';
SELECT files.as('bob', 'bob', $$SELECT migrator.resolve('7', 'applied', 'staged', source => 'stage:bob')$$);
SELECT version, state FROM migrator.migrations WHERE service = 'staged';
DROP SCHEMA IF EXISTS files_alice CASCADE;
