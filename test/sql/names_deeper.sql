-- Names that go back and say more, and folders inside of folders.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.names AS
  SELECT severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'names' AND severity <> 'ok' ORDER BY file COLLATE "C";

-- a way back and another word, between dots: refused as its siblings are, beside an up script and alone
CALL files.names('m/d', '1_a.sql', '2_b.sql', '2_b.down_old.sql', '2_b.rollback-2.sql', '2_b.UNDO2.sql', '2_b.old_down.v2.sql',
  '3_c.revert it.sql', '4_d.backout_x.sql');
TABLE files.names;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.names('m/d', '2_b.down_old.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT migrator.stage('s', '2_b.down_old.sql', 'SELECT 1'::text);
SELECT files.error($$SELECT * FROM migrator.apply('stage:s')$$);
-- titles run, and so does what says up last
CALL files.names('m/d', '2_b.sql', '3_down_payment.sql', '4_rollback_table_x.sql', '5.down_payment.sql', '6_x.downtown.sql',
  '7_x.undocumented.sql', '8_x.countdown.sql', '9_x.pg.sql');
TABLE files.names;
SELECT version, name, outcome FROM migrator.apply('m/d');
CALL files.names('m/d', '20240101-add_rollback_table.sql', '20240102-x.rollback_x.up.sql');
SELECT version FROM migrator.pending('m/d', 'dated');
-- one that is on record may stay
CALL files.forget();
CALL files.make('m/d', '1_a.down_old.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
INSERT INTO migrator.migrations (service, version, name, file, layout, state, checksum)
  SELECT 'default', '1', 'a.down_old', '1_a.down_old.sql', 'numbered', 'applied', encode(sha256('SELECT 1;'), 'hex');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();

-- migrations in a folder inside of a folder are as good as one level above
CREATE VIEW files.both AS SELECT place, files.error(format('SELECT * FROM migrator.apply(%L)', place)) FROM unnest(ARRAY['m/d', 'stage:s']) AS place;
CREATE PROCEDURE files.everywhere(VARIADIC names text[]) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.names('m/d', VARIADIC names);
  PERFORM migrator.stage('s', names, array_fill('SELECT 1;'::bytea, ARRAY[cardinality(names)]));
END $$;
CALL files.everywhere('1_a.sql', 'tenants/a/1_a.sql');
TABLE files.both;
CALL files.everywhere('1_a.sql', 'x/y/z/20240101000000_a/migration.sql');
TABLE files.both;
CALL files.everywhere('db/migrations/1_a.sql');
TABLE files.both;
-- SQL is worth a warning, as it is one level above
CALL files.everywhere('1_a.sql', 'docs/sql/report.sql', 'docs/sql/README.md', 'docs/v1/README.md', 'seeds/a.sql', 'texts/a/b.txt');
TABLE files.names;
SELECT severity, file, message FROM migrator.validate('stage:s') WHERE check_name = 'names' AND severity <> 'ok' ORDER BY file COLLATE "C";
TABLE files.both;
SELECT version FROM migrator.pending('m/d');
-- patterns are the way out: of the folder, of one in it, of its files
CALL files.everywhere('1_a.sql', 'tenants/a/1_a.sql');
SELECT pattern, source, files.error(format($$SELECT * FROM migrator.apply(%L, 'p', dry_run => true, options => %L)$$, source,
  jsonb_build_object('ignore', pattern)))
  FROM unnest(ARRAY['tenants', 'tenants/a', 'tenants/*', 'tenants/*/*', 'tenants/a/1_*', 'tenants/b', 'a']) AS pattern,
    unnest(ARRAY['m/d', 'stage:s']) AS source;
-- a migration's own folder is its tool's affair
CALL files.everywhere('20240101000000_a/migration.sql', '20240101000000_a/old/1_a.sql');
SELECT version FROM migrator.pending('m/d', 'p') UNION ALL SELECT version FROM migrator.pending('stage:s', 'p');
-- links are not followed there, and named
CALL files.names('m/d', '1_a.sql', 'x/y/notes.txt', 'z/a.txt');
CALL files.run('ln -s . m/d/x/y/circle; ln -s /nowhere m/d/x/y/nowhere; ln -s ../../d m/d/x/up; ln -s a.txt m/d/z/link');
SELECT severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'names' AND severity <> 'ok' ORDER BY file COLLATE "C";
SELECT version FROM migrator.pending('m/d', 'p');
