-- environments.json: what it says, and what is wrong with it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE PROCEDURE files.json(content text) LANGUAGE sql AS $$ CALL files.write('m/d/environments.json', content) $$;
CREATE VIEW files.found AS
  SELECT severity, file, line, message, hint FROM migrator.validate('m/d') WHERE check_name = 'environments' AND severity <> 'ok';
CALL files.make('m/d', '000001_a.up.sql', 'SELECT 1;', '000002_b.up.sql', 'SELECT 2;', '000002_b.down.sql', '',
  '000003_c.up.sql', 'SELECT 3;', '000004_d.up.sql', 'SELECT 4;');

-- As people write it: what lies at the top belongs to those that list it.
CALL files.json($${
  "environments": {
    "development": {
      "description": "Development environment with test data",
      "migrations": ["000002_b.up.sql", "000003_c.up.sql"],
      "config": {
        "allow_destructive_operations": true,
        "skip_validation": false,
        "auto_rollback_on_failure": true
      }
    },
    "staging": {
      "description": "Pre-production testing",
      "migrations": ["000003_c.up.sql"],
      "config": {"require_approval": true}
    },
    "production": {
      "description": "Live production environment",
      "migrations": ["000004_d.up.sql"],
      "config": {
        "allow_destructive_operations": false,
        "require_approval": true,
        "maintenance_window_required": true,
        "backup_required": true,
        "variables": {"owner": "app", "limit": 10, "strict": true},
        "checks": {"qualification": "error"}
      }
    }
  },
  "current_environment": "development"
}
$$);
TABLE files.found;
SELECT version, flags, message FROM migrator.status('m/d');
SELECT environment, is_current, description, migrations FROM migrator.environments('m/d') GROUP BY 1, 2, 3, 4 ORDER BY 1;
SELECT environment, flag, value, origin FROM migrator.environments('m/d') WHERE environment <> 'staging';
SELECT name, value, origin FROM migrator.settings('m/d') WHERE name = 'environment';
SELECT version FROM migrator.pending('m/d', environment => 'staging');
-- a registration's floors are nothing that the file can lower
SELECT migrator.register('default', 'm/d', options => '{"backup_required": true, "auto_migrate": true, "checks": {"cascade": "error"}}');
SELECT flag, value, origin FROM migrator.environments() WHERE environment = 'development';
SELECT flag, value, origin FROM migrator.environments() WHERE environment = 'production' AND flag IN ('checks', 'variables');
SELECT migrator.register('default', 'm/d', options => '{"backup_required": null, "auto_migrate": null, "checks": null}');
-- the flags are those of the chosen environment
SELECT version FROM migrator.apply('m/d', environment => 'production');
SELECT version FROM migrator.apply('m/d', environment => 'staging');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT environment FROM migrator.service_state;
SELECT migrator.unregister('default');
-- of a source without environments, what holds in any
CALL files.forget();
CALL files.make('m/flat', '1_a.sql', 'SELECT 1;');
SELECT * FROM migrator.environments('m/flat');
SELECT environment, is_current, flag FROM migrator.environments('m/flat', 'other') LIMIT 1;

-- What is no such file: with the line, and no run.
CALL files.json('');
TABLE files.found;
SELECT * FROM migrator.apply('m/d');
CALL files.json('[]');
TABLE files.found;
CALL files.json(E'{\n  "environments": {\n    "development": {}, // comment\n    "staging": {}\n  }\n}');
TABLE files.found;
SELECT * FROM migrator.apply('m/d', environment => 'staging');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.environments('m/d');
CALL files.json(E'{"environments": {"a": {},\n "b": {},\n "a": {}}}');
TABLE files.found;
CALL files.json(E'{"environments": {"a": {}}, "current_enviroment": "a"}');
TABLE files.found;
CALL files.json(E'{"environments": {"a": {\n"descripton": "x",\n"migrations": "1_a.sql",\n"config": []}, "b": 1,\n'
  ' "Big": {}, "common": {}, "": {}}, "current_environment": null}');
TABLE files.found;
CALL files.json(E'{"environments": {"a": {"description": 1, "migrations": ["000001_a.up.sql", 2, null],\n'
  '"config": {"require_aproval": true, "backup_required": "yes",\n'
  ' "checks": {"hooks": 1}, "variables": {"x": [1], "y": null}, "zzz": 1}}}}');
TABLE files.found;
CALL files.json(E'{"environments": {"a": {"config": {"variables": 1, "checks": []}}}, "environment": {}}');
TABLE files.found;
CALL files.write('m/d/environments.json', '\x7b22ff227d'::bytea);
TABLE files.found;
CALL files.json('{"environments": ' || repeat('[', 20000));
TABLE files.found;
-- names with quotes and lines of their own
CALL files.json(E'{"environments": {"it''s \\" \\n x": {}, "a": {"migrations": ["b\\"\\nERROR: c", "\\u0001", ""], "x\\ny": 1}},'
  ' "current_environment": "a\\nb"}');
TABLE files.found;
-- an environment that is not there
CALL files.json(E'{"environments": {"a": {}, "b": {}},\n"current_environment": "c"}');
TABLE files.found;
SELECT * FROM migrator.apply('m/d');
SELECT version FROM migrator.pending('m/d', environment => 'b');
-- all keys may be left out
CALL files.json('{}');
TABLE files.found;
CALL files.json('{"environments": {}, "current_environment": "a"}');
TABLE files.found;
CALL files.json('{"environments": {"a": {}}}');
TABLE files.found;
SELECT version FROM migrator.pending('m/d', environment => 'a');

-- Lists and folders that contradict each other: an error for the environment, a warning for the others.
CALL files.names('m/d', '000001_a.up.sql', 'common/000002_b.up.sql', 'development/000003_c.up.sql', 'development/000003_c.down.sql',
  'staging/000004_d.up.sql', 'staging/000005_e.up.sql');
CALL files.json($${"environments": {
  "development": {"migrations": ["development/000003_c.up.sql",
    "000002_b.up.sql",
    "000004_d.up.sql",
    "000009_x.up.sql",
    "staging/000005_e.up.sql"]},
  "staging": {"migrations": ["000004_d.up.sql"]},
  "production": {"migrations": []}
}}$$);
SELECT severity, file, line, message FROM migrator.validate('m/d', environment => 'development') WHERE check_name = 'environments';
SELECT severity, file, line, message FROM migrator.validate('m/d', environment => 'staging') WHERE check_name = 'environments';
SELECT * FROM migrator.apply('m/d', environment => 'development');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.apply('m/d', environment => 'staging');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'production', dry_run => true);
-- option ignore takes the file away by its whole name only, and only if the registration says so
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'staging', options => '{"ignore": ["*.json"]}')$$);
SELECT * FROM migrator.apply('m/d', environment => 'staging', options => '{"ignore": ["x", "environments.json"]}');
SELECT migrator.register('ignoring', 'm/d', options => '{"ignore": ["environments.json"]}');
SELECT version, outcome FROM migrator.apply('m/d', 'ignoring', environment => 'staging', dry_run => true);
SELECT migrator.unregister('ignoring');
-- a flag in the wrong place
CALL files.json('{"environments": {"staging": {"require_approval": true}}}');
TABLE files.found;
-- more in one another than anybody means
CALL files.json(E'{"environments":\n' || repeat('[', 100000) || repeat(']', 100000) || '}');
SELECT severity, file, line, message FROM migrator.validate('m/d') WHERE check_name = 'environments';
-- and it is read at the top only
CALL files.json('{"environments": {"staging": {}}}');
CALL files.write('m/d/staging/environments.json', '{}');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'staging')$$);
SELECT version, outcome FROM migrator.apply('m/d', environment => 'development', dry_run => true);
