-- auto_rollback_on_failure: an up() that failed takes back what it applied.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.record AS SELECT version, state, direction FROM migrator.migrations ORDER BY version;
CREATE VIEW files.log AS SELECT run_id, event, version, error_sqlstate, note FROM migrator.history WHERE event <> 'registered' ORDER BY id;
CREATE VIEW files.run AS SELECT kind, outcome, total, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
CREATE PROCEDURE files.auto() LANGUAGE sql AS $$
  SELECT migrator.register('default', 'm/d', options => '{"auto_rollback_on_failure": true}') $$;
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b();', '2_b.down.sql', E'-- migrator: no-transaction\nDROP TABLE b;',
  '3_c.up.sql', 'CREATE TABLE c();', '3_c.down.sql', 'DROP TABLE c;',
  '4_d.up.sql', 'SELECT 1/0;', '4_d.down.sql', 'DROP TABLE d;', '5_e.up.sql', 'SELECT 5;');
CALL files.auto();
-- what an earlier run applied stays
CALL migrator.up(target => '1') \g /dev/null
CALL migrator.up();
TABLE files.record;
TABLE files.log;
TABLE files.run;
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
-- nothing to take back
CALL migrator.up(target => '1') \g /dev/null
CALL migrator.up(versions => '{4}');

-- It ends with what has no down script, no way back, or fails.
CALL files.forget();
CALL files.auto();
CALL files.run('rm m/d/2_b.down.sql');
CALL migrator.up();
TABLE files.record;
CALL files.forget();
CALL files.auto();
CALL files.write('m/d/2_b.down.sql', E'-- migrator: irreversible\nDROP TABLE b;');
CALL migrator.up();
TABLE files.record;
CALL files.forget();
CALL files.auto();
CALL files.write('m/d/2_b.down.sql', E'-- migrator: require SELECT false\nDROP TABLE b;');
CALL migrator.up();
TABLE files.record;
TABLE files.log;
CALL files.forget();
CALL files.auto();
CALL files.write('m/d/2_b.down.sql', E'DROP TABLE b; SELEC;');
CALL migrator.up();
TABLE files.record;
CALL files.forget();
CALL files.auto();
CALL files.write('m/d/2_b.down.sql', E'-- migrator: no-transaction\nDROP TABLE b; SELECT 1/0;');
CALL migrator.up();
TABLE files.record;
CALL migrator.up();

-- Where the failed one is there in part, it is not begun.
CALL files.forget();
CALL files.auto();
CALL files.write('m/d/4_d.up.sql', E'-- migrator: no-transaction\nCREATE TABLE d(); SELECT 1/0;');
CALL migrator.up();
TABLE files.record;

-- Several failures, with on_error; approvals and destructive statements are not asked for again.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql', 'SELECT 1/0;',
  '3_c.up.sql', 'CREATE TABLE c();', '3_c.down.sql', 'DROP TABLE c;', '4_d.up.sql', 'SELECT 2/0;',
  'pre_rollback.sql', 'SELECT 3/0', 'post_rollback_1.sql', 'CREATE TABLE app.seen AS SELECT * FROM migrator.current_run()');
SELECT migrator.register('default', 'm/d',
  options => '{"auto_rollback_on_failure": true, "allow_destructive_operations": false, "require_approval": true}');
SELECT count(migrator.approve(v)) FROM generate_series(1, 4) n, CAST(n AS text) v;
CALL migrator.up(on_error => 'continue');
TABLE files.record;
TABLE files.run;
SELECT kind, direction, version, file FROM app.seen;

-- Without a failed migration nothing is taken back: here a hook of the run.
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;', 'post_migrate.sql', 'SELECT 1/0');
CALL files.auto();
CALL migrator.up();
TABLE files.record;
