-- Arguments that are refused, before anything is read or run.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();');

-- words
SELECT * FROM migrator.apply('m/d', if_locked => 'never');
SELECT * FROM migrator.apply('m/d', if_locked => '');
SELECT * FROM migrator.apply('m/d', if_locked => 'WAIT');
SELECT * FROM migrator.apply('m/d', on_error => 'ignore');
SET migrator.if_locked = 'never';
SET migrator.on_error = 'ignore';
-- times
SELECT * FROM migrator.apply('m/d', wait_timeout => '-1 ms');
SELECT * FROM migrator.apply('m/d', wait_timeout => '1 day -25 hours');
SELECT version FROM migrator.apply('m/d', dry_run => true, wait_timeout => '0');
SELECT version FROM migrator.apply('m/d', dry_run => true, wait_timeout => '1 microsecond');
SELECT version FROM migrator.apply('m/d', dry_run => true, wait_timeout => '100000000 years');
\set VERBOSITY sqlstate
SET migrator.wait_timeout = -1;
\set VERBOSITY default
-- names
SELECT * FROM migrator.apply('m/d', service => '');
SELECT * FROM migrator.apply('m/d', service => 'A');
SELECT * FROM migrator.apply('m/d', service => '1a');
SELECT * FROM migrator.apply('m/d', service => 'a b');
SELECT * FROM migrator.apply('m/d', service => 'é');
SELECT version FROM migrator.apply('m/d', dry_run => true, service => repeat('a', 45));
SELECT * FROM migrator.apply('m/d', service => repeat('a', 46));
SELECT * FROM migrator.apply('m/d', environment => '');
SELECT * FROM migrator.apply('m/d', environment => 'Production');
SET migrator.environment = 'Production';
-- variables: an object
SELECT * FROM migrator.apply('m/d', variables => '[]');
-- options
SELECT * FROM migrator.apply('m/d', options => '[]');
SELECT * FROM migrator.apply('m/d', options => 'null');
SELECT * FROM migrator.apply('m/d', options => '"force"');
SELECT * FROM migrator.apply('m/d', options => '{"forse": true}');
SELECT * FROM migrator.apply('m/d', options => '{"allowLate": "1"}');
SELECT * FROM migrator.apply('m/d', options => '{"": true}');
SELECT * FROM migrator.apply('m/d', options => jsonb_build_object(repeat('x', 300), true));
SELECT * FROM migrator.apply('m/d', options => '{"force": {"force": true}}');
SELECT * FROM migrator.apply('m/d', options => '{"force": "true"}');
SELECT * FROM migrator.apply('m/d', options => '{"force": null}');
SELECT * FROM migrator.apply('m/d', options => '{"allow_late": 1}');
SELECT * FROM migrator.apply('m/d', options => '{"allow_late": [1]}');
SELECT * FROM migrator.apply('m/d', options => '{"allow_late": {"1": true}}');
SELECT * FROM migrator.apply('m/d', options => '{"allow_late": null}');
SELECT version FROM migrator.apply('m/d', dry_run => true, options => '{"allow_late": [], "force": false}');
SELECT version FROM migrator.apply('m/d', dry_run => true, options => '{}');
-- a search_path whose first schema is ours, however it is written
SET search_path = migrator, app;
SELECT * FROM migrator.apply('m/d');
SELECT set_config('search_path', '"migrator", app', false);
SELECT * FROM migrator.apply('m/d');
SET search_path = MIGRATOR, public;
SELECT * FROM migrator.apply('m/d');
-- behind another one it is harmless
SET search_path = app, migrator;
SELECT version FROM migrator.apply('m/d', dry_run => true);
-- but not where that one does not exist, so that new objects would be made in ours
SET search_path = "$user", nowhere, migrator;
SELECT * FROM migrator.apply('m/d');
SET search_path = app;
-- an unknown setting of ours
SET migrator.no_such_setting = 1;
SELECT to_regclass('a'), (SELECT count(*) FROM migrator.history);
