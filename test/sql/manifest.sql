-- dependencies.json: what may stand in it, and what is said of what may not.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.says(content text) RETURNS TABLE (severity text, version text, line int, message text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.write('m/d/dependencies.json', content);
  RETURN QUERY SELECT v.severity, v.version, v.line, v.message, v.hint FROM migrator.validate('m/d') v
    WHERE v.check_name = 'dependencies' AND v.severity <> 'ok';
END $$;
CALL files.names('m/d', '000001_a.up.sql', '000002_b.up.sql', '000003_c.up.sql');
SELECT migrator.register('default', 'm/d');

-- All keys.
CALL files.write('m/d/dependencies.json', $$
{
  "migrations": {
    "000001": {
      "description": "Create user_service schema and users table",
      "depends_on": [],
      "affects_tables": ["user_service.users"],
      "estimated_duration": "30s",
      "risk_level": "low",
      "rollback_safe": true,
      "reason": "the beginning",
      "manual": false
    },
    "000002": {
      "description": "Add user profiles functionality",
      "depends_on": ["000001"],
      "affects_tables": ["user_service.users", "\"Odd name\".\"x.y\"", "unqualified"],
      "estimated_duration": "1 hour 15 minutes",
      "risk_level": "high",
      "rollback_safe": false
    },
    "000003": {}
  }
}$$);
SELECT version, description, depends_on, risk_level, estimated_duration FROM migrator.pending('m/d');
SELECT severity, message FROM migrator.validate('m/d') WHERE check_name = 'dependencies';

-- What is no JSON.
SELECT * FROM files.says('');
SELECT * FROM files.says(E'{\n  // the order\n  "migrations": {}\n}');
SELECT * FROM files.says(E'{\n  "migrations": {\n    "000001": {"depends_on": []},\n  }\n}');
SELECT * FROM files.says(E'{\n  "migrations": {\n    "000001": {"depends_on": []}');
SELECT * FROM files.says(E'{"migrations": {}}\n{"migrations": {}}');
SELECT * FROM files.says(E'{"migrations": {"000001": {\'depends_on\': []}}}');
CALL files.write('m/d/dependencies.json', '\x7b226d6967726174696f6e73223a0aff7d'::bytea);
SELECT severity, line, message FROM migrator.validate('m/d') WHERE check_name = 'dependencies';
CALL files.write('m/d/dependencies.json', '\xefbbbf7b226d6967726174696f6e73223a7b7d7d'::bytea);
SELECT severity, line, message FROM migrator.validate('m/d') WHERE check_name = 'dependencies';

-- What is none of the file's.
SELECT * FROM files.says('[]');
SELECT * FROM files.says('"migrations"');
SELECT * FROM files.says('{}');
SELECT * FROM files.says('{"migration": {}}');
SELECT * FROM files.says('{"migrations": []}');
SELECT * FROM files.says('{"migrations": {"000001": null}}');
SELECT * FROM files.says(E'{\n"migrations": {"000001": {\n"dependson": [],\n"risk": "low",\n"manuel": true}}}');
SELECT * FROM files.says(E'{"migrations": {"000001": {"depends_on": "000002", "affects_tables": "t",\n"estimated_duration": 30,
  "risk_level": 1, "rollback_safe": "yes", "environment": true, "cross_service_dependencies": ["a"], "reason": {}, "manual": "true", "description": null}}}');
SELECT * FROM files.says('{"migrations": {"000003": {"depends_on": [1, "000002", ["000001"]],
  "cross_service_dependencies": {"billing": "000001", "crm": [2]},
  "affects_tables": [3]}}}');
SELECT * FROM files.says('{"migrations": {"000001": {"risk_level": "hihg"}, "000002": {"risk_level": ""},
  "000003": {"risk_level": "Low", "environment": ""}}}');
SELECT * FROM files.says('{"migrations": {"000001": {"estimated_duration": "soon"}, "000002": {"estimated_duration": "-1s"},
  "000003": {"estimated_duration": ""}}}');
SELECT * FROM files.says('{"migrations": {"000001": {"affects_tables": ["a b", "", "a.b.c", "\"a", "a..b", "."]}}}');

-- What comes twice.
SELECT * FROM files.says(E'{"migrations": {"000001": {},\n"000002": {},\n"000001": {}}}');
SELECT * FROM files.says(E'{"migrations": {"000001": {},\n"000002": {},\n"1": {}}}');
SELECT * FROM files.says(E'{"migrations": {"000001": {"manual": true,\n"manual": false}}}');
SELECT * FROM files.says(E'{"migrations": {},\n"migrations": {}}');

-- A run stops at the first, by the same words, and at all of them.
SELECT * FROM files.says(E'{"migrations": {"000001": {\n"dependson": [],\n"risk": "low"}}}');
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d');
SELECT version, name, state, message FROM migrator.status('m/d');
SELECT migrator.assert_valid('m/d');
SELECT files.error(q) FROM unnest(ARRAY['SELECT * FROM migrator.pending()', 'SELECT migrator.summary()', 'SELECT migrator.is_current()',
  'SELECT migrator.baseline(''m/d'')']) q;
SELECT * FROM files.says(E'{"migrations": {"000001": {},\n"000002": {},\n"1": {}}}');
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE

-- Names with quotes, line ends and control characters.
SELECT * FROM files.says(E'{"migrations": {"0\\"\\n\\u001b[2J": {"depends_on": ["\\n\'"], "key\\n": 1},
  "000002": {"depends_on": ["\\u001b\\n"]}}}');
SELECT severity, version, message FROM migrator.validate('m/d') WHERE check_name = 'orphans' AND severity = 'warning';

-- Names that nothing can have.
SELECT * FROM files.says('{"migrations": {"000002": {"environment": "Prod", "cross_service_dependencies": {"": [], "*": ["1"], "A b": []}}}}');

-- By its whole name alone it is none of ours, and if the registration says so.
CALL files.write('m/d/dependencies.json', 'none');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', dry_run => true, options => '{"ignore": ["*.json"]}')$$);
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true, options => '{"ignore": "dependencies.json"}');
SELECT migrator.register('ignoring', 'm/d', options => '{"ignore": ["dependencies.json"]}');
SELECT version, outcome FROM migrator.apply('m/d', 'ignoring', dry_run => true);
SELECT migrator.unregister('ignoring');

-- In another case it is another file, and a folder of that name is a folder.
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', 'Dependencies.JSON', 'none', 'dependencies.json.bak', 'none');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE check_name IN ('names', 'dependencies') AND severity <> 'ok';

-- Manual: never by a plain call or a target; what depends on it waits.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;', '4_d.sql', 'SELECT 4;', 'dependencies.json',
  '{"migrations": {"2": {"manual": true, "reason": "takes the site down"}, "3": {"depends_on": ["2"]}, "4": {"depends_on": ["3"]}}}');
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT version, blocked FROM migrator.pending('m/d');
SELECT check_name, severity, version, message FROM migrator.validate('m/d') WHERE check_name IN ('dependencies', 'cross_service') AND severity <> 'ok';
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', target => '3');
SELECT version, outcome FROM migrator.apply('m/d', target => '2', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{3}', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{2,3}', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1,2}');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d');

-- The environment of an entry: none of the others has it, and where none is known nothing is guessed.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', '3_c.sql', 'SELECT 3;', 'dependencies.json',
  E'{"migrations": {\n"2": {"environment": "development"},\n"3": {"depends_on": ["1"]}}}');
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d');
SELECT severity, version, line, message FROM migrator.validate('m/d') WHERE check_name = 'dependencies';
SELECT severity, version, line, message FROM migrator.validate('m/d', environment => 'production') WHERE check_name = 'dependencies';
SELECT version, outcome FROM migrator.apply('m/d', target => '1', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{3,1}', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', environment => 'development', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', environment => 'production', dry_run => true);
SELECT version, state, flags FROM migrator.status('m/d', environment => 'production');
SELECT version FROM migrator.pending('m/d', environment => 'production');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'production', versions => '{2}', dry_run => true);
CALL files.write('m/d/dependencies.json', E'{"migrations": {\n"2": {"environment": "development"},\n"3": {"depends_on": ["2"]}}}');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'production', dry_run => true);

-- Longer than it was thought to be.
CALL files.make('m/d', '1_a.sql', 'SELECT pg_sleep(0.01);', '2_b.sql', 'SELECT 2;', 'dependencies.json',
  '{"migrations": {"1": {"estimated_duration": "0.001s"}, "2": {"estimated_duration": "1 day"}}}');
CALL files.forget();
\set VERBOSITY terse
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
CALL migrator.up('m/d') \gset
-- What was read is kept for the session, and only while the file's bytes are the same.
\set VERBOSITY default
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', 'dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}}}');
CALL files.make('m/e', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;', 'dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}}}');
SELECT d.version, e.version FROM migrator.pending('m/d', 'd') d, migrator.pending('m/e', 'e') e WHERE d.file = e.file ORDER BY d.version;
CALL files.write('m/e/dependencies.json', '{"migrations": {"1": {"depends_on": ["3"]}}}');
SELECT version FROM migrator.pending('m/d', 'd');
SELECT version FROM migrator.pending('m/e', 'e');
SELECT version FROM migrator.pending('m/d', 'd');
CALL files.write('m/d/dependencies.json', '{"migrations": {"2": {"depends_on": ["1"]}}}');
SELECT version FROM migrator.pending('m/d', 'd');
-- Deep, wide, and with characters that no text has.
SELECT message FROM files.says(repeat('[', 200000));
SELECT message FROM files.says('{"migrations": {"1": {"reason": "\u0000"}}}');
SELECT count(*), min(message) FROM files.says('{"migrations": {"1": {' ||
  (SELECT string_agg(format('"k%s": 1', i), ',') FROM generate_series(1, 5000) i) || '}}}');
