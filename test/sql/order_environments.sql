-- dependencies.json in a source with environments.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', 'common/1_a.sql', 'SELECT 1;', 'common/2_b.sql', 'SELECT 2;', 'development/3_c.sql', 'SELECT 3;', 'staging/4_d.sql', 'SELECT 4;',
  'common/dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}, "2": {}, "3": {"environment": "development"}, "4": {"depends_on": ["1"]}}}');
-- It may lie in common.
SELECT version FROM migrator.pending('m/d', environment => 'development');
SELECT version FROM migrator.pending('m/d', environment => 'staging');
SELECT check_name, severity, version, message FROM migrator.validate('m/d', environment => 'staging') WHERE check_name IN ('dependencies', 'orphans');
-- Nowhere else, and not in both places.
CALL files.write('m/d/dependencies.json', '{"migrations": {}}');
SELECT version FROM migrator.pending('m/d', environment => 'staging');
\echo :LAST_ERROR_SQLSTATE
CALL files.remove('m/d/dependencies.json');
CALL files.write('m/d/staging/dependencies.json', '{"migrations": {}}');
SELECT version FROM migrator.pending('m/d', environment => 'staging');
CALL files.remove('m/d/staging/dependencies.json');

-- It is ignored by its whole name only, and by the registration.
CALL files.write('m/d/common/dependencies.json', 'none');
SELECT files.error(format($$SELECT * FROM migrator.apply('m/d', options => '{"ignore": [%I]}')$$, 'common/dependencies.json'));
SELECT migrator.register('default', 'm/d', options => '{"ignore": ["common/*.json", "dependencies.json"]}');
SELECT files.error($$SELECT * FROM migrator.pending(environment => 'staging')$$);
SELECT migrator.register('default', 'm/d', options => '{"ignore": ["common/dependencies.json"]}');
SELECT version FROM migrator.pending(environment => 'staging');
SELECT migrator.unregister('default');
-- the folder that it lies in does not take it along: a call would choose what may run
CALL files.write('m/d/common/dependencies.json', '{"migrations": {"3": {"manual": true}}}');
CALL files.write('m/d/environments.json', '{"environments": {"development": {}, "staging": {}}}');
SELECT pattern, files.error(format($$SELECT * FROM migrator.apply('m/d', environment => 'development', dry_run => true, options => '{"ignore": [%s]}')$$,
  to_json(pattern))) FROM unnest(ARRAY['common', 'c*', 'common/*']) pattern;
SELECT migrator.register('default', 'm/d', options => '{"ignore": ["common"]}');
SELECT version FROM migrator.pending(environment => 'development');
SELECT migrator.register('default', 'm/d', options => '{"ignore": ["common", "common/dependencies.json"]}');
SELECT version FROM migrator.pending(environment => 'development');
SELECT migrator.unregister('default');
CALL files.remove('m/d/environments.json');

-- What is needed is in another environment.
CALL files.write('m/d/common/dependencies.json', '{"migrations": {"2": {"depends_on": ["4"]}}}');
SELECT version, blocked FROM migrator.pending('m/d', environment => 'development');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'development', dry_run => true);
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply('m/d', environment => 'staging', dry_run => true);

-- An entry restricts further; it cannot move a migration.
CALL files.write('m/d/common/dependencies.json', E'{"migrations": {"2": {"environment": "staging"},\n"3": {"environment": "staging"}}}');
SELECT version FROM migrator.pending('m/d', environment => 'development');
\echo :LAST_ERROR_SQLSTATE
CALL files.write('m/d/common/dependencies.json', '{"migrations": {"2": {"environment": "staging"}}}');
SELECT version FROM migrator.pending('m/d', environment => 'development');
SELECT version, state, flags, message FROM migrator.status('m/d', environment => 'development');
SELECT version FROM migrator.pending('m/d', environment => 'staging');
CALL migrator.up('m/d', environment => 'development') \gset
SELECT :'result'::jsonb->>'total' AS total, :'result'::jsonb->>'applied' AS applied;
CALL files.forget();
-- to one that is there
CALL files.write('m/d/common/dependencies.json', E'{"migrations": {\n"2": {"environment": "stagging"}}}');
SELECT version FROM migrator.pending('m/d', environment => 'development');
-- Two environments may each have a migration of one number; an entry is of both.
CALL files.write('m/d/staging/3_x.sql', 'SELECT 33;');
CALL files.write('m/d/common/dependencies.json', '{"migrations": {"3": {"environment": "development", "depends_on": ["1"]}, "1": {"depends_on": ["2"]}}}');
SELECT version, name FROM migrator.pending('m/d', environment => 'development');
SELECT version, name FROM migrator.pending('m/d', environment => 'staging');
CALL files.write('m/d/common/dependencies.json', '{"migrations": {"1": {"depends_on": ["3"]}}}');
SELECT version, name FROM migrator.pending('m/d', environment => 'development');
SELECT version, name FROM migrator.pending('m/d', environment => 'staging');
-- The record of one that an entry was taken out of stays.
CALL files.write('m/d/common/dependencies.json', '{"migrations": {}}');
SELECT version FROM migrator.apply('m/d', environment => 'development', target => '2');
CALL files.write('m/d/common/dependencies.json', '{"migrations": {"2": {"environment": "staging"}, "3": {"depends_on": ["2"]}}}');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version FROM migrator.pending('m/d');
-- baseline() guesses no environment either
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', 'dependencies.json', '{"migrations": {"2": {"environment": "staging"}}}');
SELECT migrator.baseline('m/d');
SELECT migrator.baseline('m/d', version => '1');
