-- Names: what may be meant to run is never left out without a word, and what must not run never runs.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.names AS
  SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE check_name IN ('names', 'hooks') AND severity <> 'ok'
    ORDER BY file COLLATE "C";
-- what a run, and each function that looks, says of a directory
CREATE FUNCTION files.truth(source text = 'm/d') RETURNS TABLE (who text, says text) LANGUAGE sql AS $$
  SELECT q, files.error(q) FROM unnest(ARRAY[
    format('SELECT * FROM migrator.apply(%L, dry_run => true)', source), format('SELECT * FROM migrator.pending(%L)', source),
    format('SELECT migrator.summary(%L)', source), format('SELECT migrator.is_current(%L)', source),
    format('SELECT migrator.assert_current(%L)', source), format('SELECT migrator.baseline(%L, version => ''2'')', source)]) q;
$$;

-- diesel: without an underscore the whole name is the version, as diesel takes it
CALL files.names('m/d', '2023-05-24-1715-b/up.sql', '2023-05-24-171600_c/up.sql', '2023-05-24-171600_c/down.sql');
SELECT version, name, file FROM migrator.pending('m/d');
-- Prisma likewise
CALL files.names('m/d', '20240101000000/migration.sql', '20240102000000_b/migration.sql', '20240103000000-c/migration.sql');
SELECT version, name, file FROM migrator.pending('m/d');

-- code beside SQL, folders without a script, versions in other forms
CALL files.names('m/d', '1_a.up.sql', '2_b.up.go', '3_c.up.sql');
SELECT * FROM files.truth();
CALL migrator.up('m/d');
SELECT version, name, state, flags, message FROM migrator.status('m/d');
-- a way back in code stops nothing that goes up, and neither do pages that describe a migration
CALL files.make('m/d', '1_a.up.sql', 'SELECT 1;', '1_a.down.go', '', '2_b.up.go', '', '2_b.down.go', '', '3_c.up.sql', 'SELECT 3;', '3_c.md', '',
  '3_c.RST', '', '3_c.txt', '', '3_c.down.go.bak', '');
TABLE files.names;
CALL files.make('m/d', '1_a.up.sql', 'SELECT 1;', '1_a.down.go', '', '2_b.up.go', '', '2_b.down.go', '', '3_c.up.sql', 'SELECT 3;', '3_c.md', '');
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT migrator.resolve('2', 'applied', source => 'm/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT * FROM migrator.rollback('m/d', steps => 3);
CALL files.forget();
CALL files.names('m/d', '20240101000000_a/migration.sql', '20240102000000_b/migration.ts', '20240103000000_c/', 'd/migration.sql', 'migration_lock.toml');
SELECT * FROM files.truth() LIMIT 1;
TABLE files.names;
CALL files.names('m/d', '1.sql', '02_b.sql', '3_c.sql', '4_d.sql', '5_e.sql', '6_f.sql', '7_g.sql', '8_h.sql', '9_i.sql', '10_j.sql',
  '10.ts', '11_a.py', '12b.sql', '13_c.sql.bak', '14_d.sql~', '15 e.sql', '16-f.JS', '17_g', '18_h.xml', '19/', '2024_x.rb', '1975ea83b712_x.py',
  'V1_a.sql', 'm150101_000000_x.php', 'Version20240101.php');
TABLE files.names;
CALL files.names('m/d', '1.sql', '02_b.sql', '3_c.sql', '4_d.sql', '5_e.sql', '6_f.sql', '7_g.sql', '8_h.sql', '9_i.sql', '10_j.sql',
  'v2.sql', 'U1_a.sql', 'B3_b.sql', 'down_1.sql', 'migration-5.yml', 'users.up.sql', 'users.up.go', 'seventh/up.sql',
  -- these cannot be migrations
  'README.md', 'LICENSE', 'embed.go', 'index.ts', '__init__.py', 'seed.sql', 'notes/1.png', 'users.down.sql', 'data_v2.csv');
TABLE files.names;

-- names that say that they do not go up
CALL files.names('m/d', '0005_rollback_fix.sql', '12_break_down_by_day.sql', '13_mysql_fdw.sql', '14_undo.log.sql', '15_old.sql',
  '16.four.five.sql', '17_x.postgres.sql', '18_downtown.sql',
  '01_a.sql', '01_a.undo.sql', '02_a.ROLLBACK.sql', '03_a.down.more.sql', '04_a.revert.sql', '05_a.mysql.sql', '06_a.sqlite3.SQL',
    '07_a.MsSql.sql', '08_a_down.sql', '09_a-undo.sql', '10_Rollback.sql', '11_a.old.sql', '19_a.ENV.sql', '20_a.draft.sql');
TABLE files.names;
SELECT * FROM files.truth() LIMIT 2;
-- what fits only by them is no layout
CALL files.names('m/d', '1_a.undo.sql', '2_b_down.sql');
SELECT * FROM files.truth() LIMIT 1;
-- pairs know their down scripts; .rollback.up.sql goes up; a dialect does not
CALL files.names('m/d', '1_a.up.sql', '1_a.down.sql', '2_b.rollback.up.sql', '2_b.rollback.down.sql', '3_c.mysql.up.sql',
  '3_c.mysql.down.sql', '4_slow_down.up.sql');
TABLE files.names;
CALL files.names('m/d', '20240101120000_x.sql', '20240101-a-up.sql', '20240101-a-down.sql');
TABLE files.names;
-- one that is on record was taken for one that goes up, and may stay
CALL files.make('m/d', '1_slow_down.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
INSERT INTO migrator.migrations (service, version, name, file, layout, state, checksum)
  SELECT 'default', '1', 'slow_down', '1_slow_down.sql', 'numbered', 'applied', encode(sha256('SELECT 1;'), 'hex');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d');
CALL files.forget();

-- what a name holds is no line of a message
CALL files.names('m/d', '1_a.sql', E'2_b\nERROR:  faked.up.go');
SELECT * FROM files.truth() LIMIT 1;
TABLE files.names;

-- twins of one version: the hint names what may be meant
CALL files.names('m/d', '1_a.sql', '1_a.pg.sql', '2_b.sql', '02_c.sql', '3_up_d.sql', '3_down_d.sql', '4.1_e.sql', '4.2_f.sql');
SELECT message, hint FROM migrator.validate('m/d') WHERE check_name = 'duplicates';

-- hooks are no migrations, and what is named like one is not passed over
CALL files.names('m/d', '1_a.sql', 'pre_migrate.sql', 'PostMigrate_grants.sql', 'pre-rollback.sh', 'bootstrap.sql', 'hooks/check.sql',
  'hooks/README.md', 'beforeMigrate.sql', 'afterEachMigrate__x.sql', 'pre_migrate/1_x.sql');
TABLE files.names;
SELECT * FROM files.truth();
CALL migrator.up('m/d');
CALL files.names('m/d', '1_a.sql', 'pre_migrate.md', 'hooks/README.md', 'hooks.md', 'premium.sql', 'seed.sql');
TABLE files.names;

-- options.ignore: none of ours
CALL files.names('m/d', '1_a.sql', '2_b.go', '2_b.mysql.sql', 'old/1_z.sql', 'old/2_z.txt', 'production/1_a.sql', 'pre_migrate.sql',
  'hooks/x.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', options => '{"ignore": ["*.go", $$ ||
    $$"*.mysql.sql", "old/*", "production", "pre_migrate*", "*.json"]}')$$);
SELECT version, outcome FROM migrator.apply('m/d', options =>
  '{"ignore": ["*.go", "*.mysql.sql", "old/*", "production", "pre_migrate*", "hooks"]}');
CALL files.write('m/d/environments.json', '');
SELECT files.error($$SELECT migrator.is_current('m/d')$$);
SELECT migrator.register('default', 'm/d', options => '{"ignore": ["*.[gx]o", "?_b.mysql.*", "old", "prod*", "pre_migrate*", "x.sql", "environments.json"]}');
SELECT migrator.is_current(), migrator.summary() -> 'applied' AS applied;
CALL migrator.up() \g /dev/null
SELECT version, name, state, flags, message FROM migrator.status();
TABLE files.names;
-- that of the call stands instead of the registered one; a single pattern needs no brackets
SELECT files.error($$SELECT * FROM migrator.apply(options => '{"ignore": []}')$$);
SELECT files.error($$SELECT * FROM migrator.apply(options => '{"ignore": ["*", "environments.json"]}')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m', options => '{"ignore": "*"}')$$);
-- what is ignored and on record is missing
CALL files.names('m/d', '1_a.sql', '2_b.sql');
CALL migrator.up(options => '{"ignore": "1_*"}', result => '{}') \g /dev/null
-- a pattern takes no more than it says
CALL files.forget();
CALL files.names('m/d', '1_a.sql', '2_ä.sql', '3_a*c.sql', '4_]b.sql', '5_abc.sql', '6_x/');
CREATE FUNCTION files.ignored(patterns text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM migrator.register('p', 'm/d', options => jsonb_build_object('ignore', patterns::jsonb));
  RETURN (SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM migrator.status(service => 'p') WHERE state = 'ignored');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT p, files.ignored(p) FROM unnest(ARRAY[
  '["2_?.sql"]', '["2_??.sql"]', '["3_a\\*c.sql"]', '["*a*c*"]', '["4_[]]b.sql"]', '["[1-3]_*", "6_x"]', '["[!1-5]*"]', '["*.SQL"]',
    '["1_a"]', '["6_x/*"]', '["./1_a.sql"]', '[]',
  '[""]', '["/etc/*"]', '["[a"]', '["a\\"]', '"1*"', '[1]', '{}', '["' || repeat('x', 1001) || '"]']) p;
SELECT files.ignored('["' || repeat('*a', 400) || '"]');

-- one fitting name among many that do not fit makes no layout
CALL files.names('m/d', '1_a.sql', 'create_users.sql', 'create_orders.sql', 'add_index.sql', 'views.sql', 'grants.sql', 'more.sql');
SELECT * FROM files.truth() LIMIT 2;
SELECT * FROM migrator.apply('m/d');
CALL files.names('m/d', '1_a.sql', '2_b.sql', '3_c.sql', 'create_users.sql', 'views.sql', 'grants.sql');
SELECT version FROM migrator.pending('m/d');

-- an impossible date among real ones is named; the directory stays dated
CALL files.names('m/d', '20260101000000_a.sql', '20260100000000_x.sql', '20260102000000_b.sql');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM files.truth() OFFSET 1 LIMIT 3;
SELECT version, outcome FROM migrator.apply('m/d', options => '{"ignore": "*_x.sql"}');
-- also when most are, for the record is dated
CALL files.names('m/d', '20260101000000_a.sql', '20260100000000_x.sql', '20260101250000_y.sql', '1_z.sql');
CALL migrator.up('m/d');
SELECT version, name, state FROM migrator.status('m/d');
-- one of two is among real ones, too
CALL files.names('m/d', '20260101000000_a.sql', '20260100000000_x.sql');
SELECT version FROM migrator.apply('m/d', 'half');
-- without a record, numbers that are no dates are numbers
CALL files.forget();
CALL files.names('m/d', '20260101000000_a.sql', '20260100000000_x.sql', '20260101250000_y.sql');
SELECT version FROM migrator.apply('m/d');
-- and stay so, though most become dates
CALL files.names('m/d', '20260101000000_a.sql', '20260100000000_x.sql', '20260101250000_y.sql', '20260201000000_b.sql',
  '20260301000000_b.sql', '20260401000000_b.sql');
SELECT version FROM migrator.pending('m/d');
-- pairs on record, and a name that only fits another layout
CALL files.forget();
CALL files.names('m/d', '20260101000000_a.up.sql');
SELECT version FROM migrator.apply('m/d');
CALL files.names('m/d', '20260101000000_a.up.sql', '20260102000000_b.sql');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', options => '{"force": true}');

-- a foreign directory: every function says what a run says; status() shows both
CALL files.names('m/other', '1_users.sql', '2_orders.sql');
SELECT * FROM files.truth('m/other');
SELECT version, name, state, flags, message FROM migrator.status('m/other');
SELECT check_name, severity, message FROM migrator.validate('m/other') WHERE severity = 'error';
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
SELECT version FROM migrator.apply('m/d');
CALL files.make('m/other', '1_users.sql', 'SELECT ''users'';', '2_b.sql', 'SELECT 2;');
SELECT * FROM files.truth('m/other');
-- by the registration
SELECT migrator.register('default', 'm/d') \g /dev/null
SELECT who, left(says, 5) AS says FROM files.truth('m/other') OFFSET 1 LIMIT 2;
-- without a source the record is there to be seen
SELECT migrator.is_current(version => '2');
