-- require_approval: a migration runs when its file was approved, that file and no other one.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();', '3_c.sql', E'-- migrator: manual\nCREATE TABLE c();');
CREATE FUNCTION given() RETURNS TABLE (version text, approved_by text, note text, revoked boolean, run_id bigint) LANGUAGE sql AS $$
  SELECT version, approved_by, note, revoked_at IS NOT NULL, run_id FROM migrator.approvals ORDER BY approved_at;
$$;
-- Without the flag nobody asks.
SELECT migrator.register('default', 'm/d');
SELECT version, outcome FROM migrator.apply(dry_run => true);
SELECT migrator.register('default', 'm/d', options => '{"require_approval": true}');

-- Nothing is approved: both ways of running refuse, before anything happens; so does a dry run, which runs the scripts, too.
SELECT version, outcome FROM migrator.apply();
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up();
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply(dry_run => true);
SELECT version, outcome FROM migrator.apply(options => '{"force": true}');
SELECT to_regclass('a'), (SELECT count(*) FROM migrator.history WHERE event IN ('applied', 'failed')) AS events;
-- no setting of a superuser's takes its place
SET migrator.late = allow;
SELECT version, outcome FROM migrator.apply();
RESET migrator.late;

-- One approved: what is not is named, and a run of what is goes.
SET client_min_messages = notice;
SELECT migrator.approve('01', note => 'looked at it');
SET client_min_messages = warning;
SELECT checksum = encode(sha256('CREATE TABLE a();'), 'hex') AS of_these_bytes FROM migrator.approvals;
SELECT version, outcome FROM migrator.apply();
SELECT version, outcome FROM migrator.apply(target => '1');
SELECT * FROM given();
SELECT event, version, note, applied_by FROM migrator.history WHERE event = 'approved';
-- nothing is left to do: nothing is asked
SELECT version, outcome FROM migrator.apply(target => '1');

-- An edit voids it, and the message says so; the same bytes again are what was approved.
SELECT migrator.approve('2');
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(); GRANT ALL ON b TO PUBLIC;');
SELECT version, outcome FROM migrator.apply();
CALL migrator.up();
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b();');
CALL migrator.up(options => '{"verbose": false}') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
SELECT version, outcome FROM migrator.apply();
SELECT version, run_id = (SELECT max(run_id) FROM migrator.runs) AS by_this_run FROM given() WHERE version = '2';

-- A manual one needs its approval, too.
SELECT version, outcome FROM migrator.apply(versions => '{3}');
SELECT migrator.approve('3');
SELECT version, outcome FROM migrator.apply(versions => '{3}');
-- An approval is used once: what is to run again is approved again.
SELECT migrator.resolve('3', 'pending');
SELECT version, outcome FROM migrator.apply(versions => '{3}');

-- Revoked.
SELECT migrator.revoke_approval('3');
SELECT migrator.approve('3'), migrator.approve('3', note => 'twice');
SELECT migrator.revoke_approval('0003', note => 'not yet');
SELECT migrator.revoke_approval('3');
SELECT version, outcome FROM migrator.apply(versions => '{3}');
SELECT * FROM given() WHERE version = '3';
SELECT event, version, note FROM migrator.history WHERE event = 'approval_revoked';

-- A failed attempt uses nothing.
CALL files.write('m/d/4_d.sql', 'SELECT 1/(SELECT 0);');
SELECT migrator.approve('4');
SELECT version, outcome FROM migrator.apply(versions => '{4}', on_error => 'stop');
SELECT version, outcome FROM migrator.apply(versions => '{4}', on_error => 'stop');
SELECT version, run_id FROM given() WHERE version = '4';
-- nor does what is undone with its transaction
CALL files.write('m/d/4_d.sql', 'CREATE TABLE d();');
SELECT migrator.approve('4');
BEGIN;
SELECT version, outcome FROM migrator.apply(target => '4');
ROLLBACK;
SELECT version, outcome FROM migrator.apply(target => '4');
SELECT version, count(*), count(run_id) AS used FROM given() WHERE version = '4' GROUP BY 1;

-- Scripts that run part by part: one that stopped half-way is approved for the rest, unless it is changed.
CALL files.write('m/d/5_e.sql', E'-- migrator: no-transaction\nCREATE TABLE e (i int);\nSELECT 1/0 FROM e HAVING count(*) = 0;');
SELECT migrator.approve('5');
CALL migrator.up();
CALL migrator.up();
CALL files.write('m/d/5_e.sql', E'-- migrator: no-transaction\nCREATE TABLE e (i int);\nSELECT 1;');
CALL migrator.up();
SELECT migrator.approve('5');
CALL migrator.up(options => '{"verbose": false}') \gset
SELECT :'result'::jsonb - 'duration_ms' AS result;
SELECT version, count(*), count(run_id) AS used FROM given() WHERE version = '5' GROUP BY 1;

-- Revoked while a run is under way, by what the run itself reads: the next migration does not run.
CALL files.write('m/d/6_f.sql', $$UPDATE migrator.given_approvals SET revoked_at = now() WHERE version = '7';$$);
CALL files.write('m/d/7_g.sql', 'CREATE TABLE g();');
SELECT migrator.approve('6'), migrator.approve('7');
CALL migrator.up();
SELECT version, state FROM migrator.status() WHERE version IN ('6', '7');
SELECT outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id DESC LIMIT 1;
SELECT migrator.approve('7');
-- its own: undone
CALL files.write('m/d/7_g.sql', $$CREATE TABLE g(); UPDATE migrator.given_approvals SET revoked_at = now() WHERE version = '7';$$);
SELECT migrator.approve('7');
CALL migrator.up();
SELECT to_regclass('g');
SELECT version, outcome FROM migrator.apply();
SELECT to_regclass('g');
CALL files.write('m/d/7_g.sql', 'CREATE TABLE g();');
-- a script cannot approve
CALL files.write('m/d/7_g.sql', $$SELECT migrator.approve('7');$$);
SELECT migrator.approve('7');
SELECT version, outcome FROM migrator.apply();

-- Hooks are approved with the migration: one that comes, goes or changes voids it.
CALL files.write('m/d/7_g.sql', 'CREATE TABLE g();');
CALL files.write('m/d/pre_migrate_7.sql', 'SELECT 7;');
SELECT migrator.revoke_approval('7');
SELECT migrator.approve('7');
SELECT checksum = encode(sha256('CREATE TABLE g();'), 'hex') AS of_the_script,
       hooks = encode(sha256('SELECT 7;'), 'hex') || ' pre_migrate_7.sql' AS hook
  FROM migrator.approvals WHERE version = '7' ORDER BY approved_at DESC LIMIT 1;
CALL files.write('m/d/pre_migrate_7.sql', 'GRANT ALL ON SCHEMA app TO PUBLIC;');
SELECT version, outcome FROM migrator.apply();
CALL migrator.up();
SELECT version, outcome FROM migrator.apply(options => '{"ignore": ["pre_*"]}');
CALL files.write('m/d/pre_migrate_7.sql', 'SELECT 7;');
CALL files.write('m/d/post_migrate.sql', 'GRANT ALL ON SCHEMA app TO PUBLIC;');
SELECT version, outcome FROM migrator.apply();
CALL files.remove('m/d/post_migrate.sql');
SELECT version, outcome FROM migrator.apply();
CALL files.remove('m/d/pre_migrate_7.sql');
CALL files.remove('m/d/7_g.sql');

-- The bootstrap script has an approval of its own, also where nothing else is to do.
CALL files.make('m/b', '1_a.sql', 'SELECT 1;', 'bootstrap.sql', 'CREATE TABLE boot();');
SELECT migrator.register('boot', 'm/b', options => '{"require_approval": true}');
SELECT migrator.approve('1', 'boot');
SELECT version, outcome FROM migrator.apply(service => 'boot');
CALL migrator.up(service => 'boot');
SELECT migrator.approve('bootstrap.sql', 'boot');
CALL files.write('m/b/bootstrap.sql', 'CREATE TABLE evil();');
SELECT version, outcome FROM migrator.apply(service => 'boot');
SET migrator.bootstrap = off;
SELECT version, outcome FROM migrator.apply(service => 'boot');
SELECT migrator.approve('bootstrap.sql', 'boot');
RESET migrator.bootstrap;
CALL migrator.up(service => 'boot');
SELECT version, outcome FROM migrator.apply(service => 'boot');
SELECT to_regclass('boot'), to_regclass('evil');
SELECT migrator.revoke_approval('bootstrap.sql', 'boot');
CALL files.write('m/b/bootstrap.sql', 'CREATE TABLE boot();');
SELECT migrator.approve('bootstrap.sql', 'boot');
CALL migrator.up(service => 'boot') \gset
SELECT to_regclass('boot'), to_regclass('evil');
SELECT version, revoked_at IS NOT NULL AS revoked, run_id IS NOT NULL AS used FROM migrator.approvals WHERE service = 'boot' ORDER BY approved_at;
SELECT migrator.approve('bootstrap.sql', 'boot');

-- Nothing to approve.
SELECT migrator.approve('1');
SELECT migrator.approve('99');
SELECT migrator.approve(NULL);
SELECT migrator.approve('1', 'Not a name');
SELECT migrator.revoke_approval(NULL);
SELECT migrator.approve('1', 'other');
BEGIN READ ONLY;
SELECT migrator.approve('1');
ROLLBACK;
-- Of a service that is not registered, with a source.
CALL files.make('m/e', '1_a.sql', 'SELECT 1;');
SELECT migrator.approve('1', 'other', source => 'm/e');
SELECT service, version, approved_by FROM migrator.approvals WHERE service = 'other';
-- Names of any kind in the messages.
CALL files.make('m/q', E'20240101-it''s\nodd.sql', 'SELECT 1;');
SELECT migrator.register('odd', 'm/q', options => '{"require_approval": true}');
SELECT version, outcome FROM migrator.apply(service => 'odd');
SELECT migrator.approve(E'20240101-it''s\nodd', 'odd');
SELECT outcome FROM migrator.apply(service => 'odd');

-- Who may: neither by default, nor in another's name.
CREATE ROLE regress_migrator_dev;
CREATE ROLE regress_migrator_lead;
GRANT ALL ON SCHEMA app, files TO regress_migrator_dev, regress_migrator_lead;
CALL files.write('m/d/9_i.sql', 'CREATE TABLE i();');
SELECT migrator.register('default', 'm/d', options => '{"roles": ["regress_migrator_dev", "regress_migrator_lead"]}');
SET migrator.source_roots = 'm/d';
GRANT EXECUTE ON FUNCTION migrator.apply, migrator.register, migrator.unregister TO regress_migrator_dev;
GRANT EXECUTE ON FUNCTION migrator.approve, migrator.revoke_approval TO regress_migrator_lead;
SET ROLE regress_migrator_dev;
SELECT migrator.approve('9');
SELECT migrator.revoke_approval('9');
INSERT INTO migrator.given_approvals (service, version, checksum, approved_by) VALUES ('default', '9', '', 'me');
SELECT * FROM migrator.approvals;
SELECT version, outcome FROM migrator.apply();
-- the floor is not theirs to take away, nor to escape by registering anew
SELECT migrator.register('default', 'm/d', options => '{"require_approval": null}');
SELECT migrator.register('default', 'm/d', options => '{"require_approval": false}');
SELECT migrator.unregister('default');
SELECT migrator.register('default', 'm/d');
SELECT version, outcome FROM migrator.apply();
RESET ROLE;
SELECT migrator.register('default', 'm/d');
-- as granted, by SET ROLE: the session user signs
SET ROLE regress_migrator_lead;
SELECT migrator.approve('9');
RESET ROLE;
SELECT version, approved_by FROM given() WHERE version = '9';
SELECT event, version, applied_by, run_as FROM migrator.history WHERE event = 'approved' ORDER BY id DESC LIMIT 1;
SET SESSION AUTHORIZATION regress_migrator_lead;
SELECT migrator.approve('9');
SELECT version, outcome FROM migrator.apply();
RESET SESSION AUTHORIZATION;
SELECT version, approved_by FROM given() WHERE version = '9';
SELECT migrator.revoke_approval('9');
-- nor does a function of somebody's sign for whoever calls it, unless its owner could be that role
CREATE FUNCTION app.signing() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT migrator.approve('9') $$;
ALTER FUNCTION app.signing OWNER TO regress_migrator_lead;
SELECT replace(files.error('SELECT app.signing()'), session_user, 'the caller') AS error;
SELECT count(*) FROM given() WHERE version = '9' AND NOT revoked;
ALTER FUNCTION app.signing OWNER TO CURRENT_USER;
SET SESSION AUTHORIZATION regress_migrator_lead;
SELECT app.signing();
RESET SESSION AUTHORIZATION;
SELECT approved_by FROM given() WHERE version = '9' AND NOT revoked;
DROP FUNCTION app.signing;
SELECT migrator.revoke_approval('9');
-- whoever may write all tables, or was given all rights, writes neither table nor view
GRANT pg_write_all_data, pg_read_all_data TO regress_migrator_dev;
GRANT ALL ON ALL TABLES IN SCHEMA migrator TO regress_migrator_dev;
SET ROLE regress_migrator_dev;
INSERT INTO migrator.given_approvals (service, version, checksum, approved_by) VALUES ('default', '9', '', 'me');
UPDATE migrator.given_approvals SET run_id = NULL;
DELETE FROM migrator.approvals;
UPDATE migrator.approvals SET revoked_at = NULL;
RESET ROLE;
-- roles of the service bind those who approve, too
CREATE ROLE regress_migrator_else;
GRANT EXECUTE ON FUNCTION migrator.approve, migrator.revoke_approval TO regress_migrator_else;
SET ROLE regress_migrator_else;
SELECT migrator.approve('9');
SELECT migrator.revoke_approval('9');
RESET ROLE;
-- the superuser takes the floor away
SELECT migrator.register('default', 'm/d', options => '{"require_approval": null, "roles": null}');
SELECT options FROM migrator.services WHERE service = 'default';
SELECT version, outcome FROM migrator.apply();

-- An environment that only the run names is named by the approval, too: its files, and its hooks, are what is approved.
SELECT migrator.unregister('default');
CALL files.make('m/d', 'common/1_a.sql', 'SELECT 1;', 'prod/2_b.sql', 'SELECT 2;', 'prod/pre_migrate_1.sql', 'SELECT 3;',
  'environments.json', '{"environments": {"dev": {}, "prod": {"config": {"require_approval": true}}}, "current_environment": "dev"}');
SELECT migrator.approve('2', 'other', source => 'm/d');
SELECT migrator.approve('1', 'other', source => 'm/d');
SELECT version, outcome FROM migrator.apply('m/d', 'other', environment => 'prod');
SELECT migrator.approve('1', 'other', source => 'm/d', environment => 'prod'), migrator.approve('2', 'other', source => 'm/d', environment => 'prod');
SELECT version, outcome FROM migrator.apply('m/d', 'other', environment => 'prod');

RESET migrator.source_roots;
DROP OWNED BY regress_migrator_dev, regress_migrator_lead, regress_migrator_else;
DROP ROLE regress_migrator_dev, regress_migrator_lead, regress_migrator_else;
