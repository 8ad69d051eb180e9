-- Hooks: scripts before and after a run and its migrations, in their transactions.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE app.seen (n int GENERATED ALWAYS AS IDENTITY, what text, run text);
-- what ran, in order, with what current_run() said; and what is on record of it
CREATE FUNCTION files.note(what text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO app.seen (what, run) SELECT what, (SELECT concat_ws(' ', kind, service, coalesce(environment, '-'), direction,
    coalesce(version, '-'), coalesce(name, '-'), file, CASE WHEN run_id IS NULL THEN 'no run' END) FROM migrator.current_run()) $$;
CREATE VIEW files.record AS
  SELECT event, version, name, note, checksum IS NOT NULL AS checksum, execution_time_ms >= 0 AS timed, statement, line, error_sqlstate, error_message
    FROM migrator.history ORDER BY id;
CREATE PROCEDURE files.fresh() LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE migrator.migrations, migrator.history, migrator.runs, migrator.services RESTART IDENTITY;
  TRUNCATE app.seen RESTART IDENTITY;
END $$;
CALL files.make('m/d',
  'pre_migrate.sql', $$SELECT files.note('pre');$$,
  'post_migrate.sql', $$SELECT files.note('post');$$,
  '000001_a.up.sql', $$SELECT files.note('1');$$,
  '000002_b.up.sql', $$SELECT files.note('2');$$,
  -- a version is found as "versions" finds it
  'pre_migrate_1.sql', $$SELECT files.note('pre 1');$$,
  'post_migrate_000001.sql', $$SELECT files.note('post 1');$$,
  'hooks/pre_migrate_000002.sql', $$SELECT files.note('pre 2');$$,
  'hooks/README.md', 'what the hooks are for');
SELECT version, name, file FROM migrator.pending('m/d');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
TABLE app.seen;
SELECT version, outcome FROM migrator.apply('m/d');
TABLE app.seen;
TABLE files.record;
-- nothing to do, no hooks
SELECT count(*) FROM migrator.apply('m/d');
CALL migrator.up('m/d') \g /dev/null
SELECT count(*) FROM app.seen;
CALL files.fresh();
CALL migrator.up('m/d', target => '1') \g /dev/null
SELECT what, run FROM app.seen;
TABLE files.record;
-- outside of a run
SELECT count(*) FROM migrator.current_run();
CALL files.fresh();
-- the caller's rights, settings that end with the hook, its own search_path and temporary tables
CREATE ROLE regress_migrator_hook;
GRANT USAGE ON SCHEMA app, files TO regress_migrator_hook;
GRANT INSERT, SELECT ON app.seen TO regress_migrator_hook;
CALL files.make('m/s',
  'pre_migrate.sql', $$SET work_mem = '1MB'; SET ROLE regress_migrator_hook; SELECT files.note(current_user || ' ' || current_setting('work_mem'));$$,
  '1_a.sql', $$SELECT files.note(current_user || ' ' || current_setting('work_mem')); SET work_mem = '2MB';$$,
  'post_migrate_1.sql', $$SELECT files.note(current_user || ' ' || current_setting('work_mem'));$$);
SET work_mem = '3MB';
CALL migrator.up('m/s') \g /dev/null
SHOW work_mem;
SELECT what FROM app.seen;
RESET work_mem;
CALL files.fresh();
SELECT files.error($$SELECT * FROM migrator.apply('m/s')$$);
SELECT what FROM app.seen;
CALL files.fresh();

-- a part of the migration's transaction: all is one
CREATE TABLE app.xid (what text, xid xid8 DEFAULT pg_current_xact_id());
CALL files.make('m/x',
  'pre_migrate.sql', $$INSERT INTO app.xid VALUES ('pre');$$,
  '1_a.sql', $$INSERT INTO app.xid VALUES ('1');$$,
  'pre_migrate_1.sql', $$INSERT INTO app.xid VALUES ('1');$$,
  'post_migrate_1.sql', $$INSERT INTO app.xid VALUES ('1');$$,
  -- part by part: before it, and after it
  '2_b.sql', $$-- migrator: no-transaction
    INSERT INTO app.xid VALUES ('2'); INSERT INTO app.xid VALUES ('2');$$,
  'pre_migrate_2.sql', $$INSERT INTO app.xid VALUES ('pre 2');$$,
  'post_migrate_2.sql', $$INSERT INTO app.xid VALUES ('post 2');$$,
  'post_migrate.sql', $$INSERT INTO app.xid VALUES ('post');$$);
CALL migrator.up('m/x') \g /dev/null
SELECT what, count(*), count(DISTINCT xid) AS transactions FROM app.xid GROUP BY what ORDER BY min(xid::text::bigint);
SELECT event, version, name, note FROM files.record;
CALL files.fresh();

-- one that the caller leaves out by options.ignore does not run; nor one for a migration that is on record
CALL files.make('m/i', '1_a.sql', 'SELECT 1;', 'pre_migrate.sql', $$SELECT files.note('pre');$$, 'pre_migrate_1.sql', $$SELECT files.note('pre 1');$$);
SELECT version, outcome FROM migrator.apply('m/i', options => '{"ignore": "pre_migrate.sql"}');
SELECT what FROM app.seen;
CALL files.make('m/i', '2_a.sql', 'SELECT 1;', 'pre_migrate_01.sql', $$SELECT files.note('pre 1');$$);
SELECT version, outcome FROM migrator.apply('m/i');
CALL files.fresh();

-- versions that are whole names
CALL files.make('m/p', '20240101000000_a/migration.sql', 'SELECT 1;', 'pre_migrate_20240101000000_a.sql', $$SELECT files.note('pre');$$);
SELECT version, outcome FROM migrator.apply('m/p');
SELECT what FROM app.seen;
CALL files.fresh();

-- a script that says that its transaction only reads
CALL files.make('m/r', '1_a.sql', 'BEGIN READ ONLY; SELECT 1; COMMIT;', 'post_migrate_1.sql', $$SELECT files.note('post');$$);
CALL migrator.up('m/r') \g /dev/null
SELECT what FROM app.seen;
CALL files.fresh();

-- a name is one line of a message
CALL files.make('m/n', '1_a.sql', 'SELECT 1;', E'pre_migrate_1\nERROR:  faked.sql', 'SELECT 1;');
SELECT * FROM migrator.apply('m/n');
DROP OWNED BY regress_migrator_hook;
DROP ROLE regress_migrator_hook;
