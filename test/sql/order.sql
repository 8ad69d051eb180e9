-- dependencies.json: the order in which migrations run, and what is wrong with it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.findings AS
  SELECT check_name, severity, version, file, line, message, hint FROM migrator.validate('m/d')
    WHERE check_name IN ('dependencies', 'dependency_depth', 'orphans', 'cross_service', 'late') AND severity <> 'ok';

-- Topological, ties by version.
CALL files.make('m/d', '000001_a.up.sql', 'CREATE TABLE a();', '000002_b.up.sql', 'ALTER TABLE c ADD b int;',
  '000003_c.up.sql', 'CREATE TABLE c();', '000004_d.up.sql', 'CREATE TABLE d();', 'dependencies.json', $$
{
  "migrations": {
    "000001": {"description": "the first", "depends_on": []},
    "000002": {"depends_on": ["000001", "3"], "risk_level": "medium", "estimated_duration": "45s", "rollback_safe": true},
    "3": {"depends_on": ["000001"]}
  }
}$$);
SELECT version, description, depends_on, risk_level, estimated_duration, blocked FROM migrator.pending('m/d');
TABLE files.findings;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
-- a target takes what it needs
SELECT version, outcome FROM migrator.apply('m/d', target => '2', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', target => '1', dry_run => true);
-- versions take no more than they name, and what they need must be there
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1,2}', dry_run => true);
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1,2,3}', dry_run => true);

-- so does everything that takes a version as far as it goes
SELECT migrator.baseline('m/d', version => '2');
SELECT version FROM migrator.migrations ORDER BY version;
CALL files.forget();
SELECT version FROM migrator.apply('m/d', versions => '{1}');
SELECT migrator.is_current('m/d', version => '1');
SELECT migrator.assert_current('m/d', version => '2');
CALL files.forget();

-- Late is judged by the place in that order: a run that was killed before 000002 goes on.
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1,3}');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
-- without the file 000002 would be late
CALL files.forget();
SELECT version FROM migrator.apply('m/d', versions => '{1,3}');
CALL files.remove('m/d/dependencies.json');
SELECT version, state, flags FROM migrator.status('m/d');
-- and with it what was put before an applied one is
CALL files.write('m/d/dependencies.json', '{"migrations": {"000003": {"depends_on": ["000004"]}}}');
SELECT version, state, flags, message FROM migrator.status('m/d');
TABLE files.findings;
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply('m/d', options => '{"allow_late": ["2", "4"]}', dry_run => true);

-- CALL takes the same order.
CALL files.forget();
CALL files.write('m/d/dependencies.json', '{"migrations": {"000002": {"depends_on": ["000003"]}}}');
CALL migrator.up('m/d') \gset
SELECT version, state FROM migrator.migrations ORDER BY applied_at;

-- A ring, and what does not exist.
CALL files.forget();
CALL files.make('m/d', '000001_a.up.sql', 'SELECT 1;', '000002_b.up.sql', 'SELECT 2;', '000003_c.up.sql', 'SELECT 3;', 'dependencies.json', $$
{
  "migrations": {
    "000001": { "depends_on": ["000003"] },
    "000002": { "depends_on": ["000001"] },
    "000003": { "depends_on": ["000002"] }
  }
}$$);
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d');
SELECT migrator.summary('m/d');
SELECT * FROM migrator.apply('m/d', versions => '{3}');
SELECT version, name, state, flags, message FROM migrator.status('m/d');
TABLE files.findings;
-- of one, and two at once, of which one is behind what is in no ring
CALL files.write('m/d/dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}, "2": {"depends_on": ["2"]}}}');
TABLE files.findings;
CALL files.names('m/d', '1_a.sql', '2_b.sql', '3_c.sql', '4_d.sql', '5_e.sql', '6_f.sql');
CALL files.write('m/d/dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}, "2": {"depends_on": ["1"]}, "3": {"depends_on": ["1", "4"]},
  "4": {}, "5": {"depends_on": ["6"]}, "6": {"depends_on": ["5", "4"]}}}');
TABLE files.findings;
CALL files.write('m/d/dependencies.json', E'{"migrations": {\n"1": {"depends_on": ["7"]},\n"2": {"depends_on":\n ["1", "0"]}, "8": {"depends_on": ["9"]}}}');
TABLE files.findings;
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
-- what is on record as applied does, file or not
CALL files.write('m/d/dependencies.json', '{"migrations": {"6": {"depends_on": ["1", "5"]}}}');
SELECT version FROM migrator.apply('m/d', target => '5');
CALL files.remove('m/d/1_a.sql');
CALL files.remove('m/d/5_e.sql');
SELECT version, outcome FROM migrator.apply('m/d');
-- whole stems
CALL files.forget();
CALL files.names('m/d', '20250101-a.sql', '20250102-b.sql');
CALL files.write('m/d/dependencies.json', '{"migrations": {"20250101-a": {"depends_on": ["20250102"]}}}');
SELECT message, hint FROM files.findings WHERE severity = 'error';
CALL files.write('m/d/dependencies.json', '{"migrations": {"20250101-a": {"depends_on": ["20250102-b"]}}}');
SELECT version FROM migrator.pending('m/d');

-- A long chain.
CALL files.names('m/d', '1_a.sql', '2_b.sql', '3_c.sql', '4_d.sql', '5_e.sql', '6_f.sql');
CALL files.write('m/d/dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}, "2": {"depends_on": ["3"]}, "3": {"depends_on": ["4"]},
  "4": {"depends_on": ["5"]}, "5": {"depends_on": ["6"]}, "6": {}}}');
TABLE files.findings;
SELECT version FROM migrator.pending('m/d');

-- on_error => continue: what depends on a failed one is not run.
CALL files.make('m/d', '1_a.sql', 'SELECT 1/0;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;', '4_d.sql', 'SELECT 4;', 'dependencies.json',
  '{"migrations": {"2": {"depends_on": ["1"]}, "4": {"depends_on": ["2", "3"]}}}');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue', dry_run => true);
CALL migrator.up('m/d', on_error => 'continue');
SELECT version, state FROM migrator.status('m/d');
SELECT applied, failed, skipped FROM migrator.runs;
-- they are not late then, whatever was applied meanwhile, nor when the next run is killed behind the first
CALL files.write('m/d/1_a.sql', 'SELECT 1;');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{2}');
SELECT version, outcome FROM migrator.apply('m/d');
-- but what could have run before is
CALL files.write('m/d/dependencies.json', '{"migrations": {"0": {}, "3": {"depends_on": ["0"]}, "02": {}}}');
CALL files.write('m/d/0_z.sql', 'SELECT 0;');
SELECT version, state, flags, message FROM migrator.status('m/d');
CALL files.write('m/d/3_c.sql', 'SELECT 3;');
CALL files.write('m/d/31_e.sql', 'SELECT 31;');
CALL files.write('m/d/dependencies.json', '{"migrations": {"3": {"depends_on": ["31"]}, "31": {"depends_on": ["1"]}}}');
CALL files.remove('m/d/0_z.sql');
SELECT version, state, flags, message FROM migrator.status('m/d');

-- Ten thousand, a file each, in a chain from the last to the first; then in a ring, and with a ring at the end.
CALL files.forget();
CALL files.remove('m/d');
CALL files.run('mkdir -p m/d; cd m/d; for i in $(seq 10000); do echo "SELECT $i;" > ${i}_m.sql; done');
SELECT string_agg(format('"%s": {"depends_on": ["%s"]}', i, i + 1), ',' ORDER BY i) AS chain FROM generate_series(1, 9999) i \gset
CALL files.write('m/d/dependencies.json', '{"migrations": {' || :'chain' || ', "10000": {}}}');
SELECT version, row_number() OVER () FROM migrator.pending('m/d') LIMIT 3;
CALL files.write('m/d/dependencies.json', '{"migrations": {' || :'chain' || ', "10000": {"depends_on": ["1"]}}}');
SELECT migrator.is_current('m/d');
CALL files.write('m/d/dependencies.json', '{"migrations": {' || :'chain' || ', "10000": {"depends_on": ["9998"]}}}');
SELECT migrator.is_current('m/d');
CALL files.write('m/d/dependencies.json', '{"migrations": {' || :'chain' || ', "10000": {},
  "10001": {"depends_on": ["10002"]}, "10002": {"depends_on": ["10001"]}}}');
SELECT count(*) FROM migrator.dependencies('m/d');
SELECT count(*) FROM migrator.validate('m/d') WHERE check_name = 'dependency_depth';
