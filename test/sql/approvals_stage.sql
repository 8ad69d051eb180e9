-- Approved bytes and those that run: files that are swapped between look and run, and staged ones.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', $$CREATE TABLE a(); CALL files.write('m/d/2_b.sql', 'CREATE TABLE evil();');$$, '2_b.sql', 'CREATE TABLE b();');
SELECT migrator.register('default', 'm/d', options => '{"require_approval": true}');
SELECT migrator.approve('1'), migrator.approve('2');
-- The first script replaces the second one, which the run had looked at: nothing of it runs.
SELECT version, outcome FROM migrator.apply();
SELECT to_regclass('a'), to_regclass('evil');
-- it is another file now
SELECT version, outcome FROM migrator.apply();
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b();');
CALL migrator.up();
SELECT to_regclass('a'), to_regclass('evil');
SELECT version, state FROM migrator.status();
CALL migrator.up();
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b();');
CALL migrator.up() \gset
SELECT version, state, checksum = encode(sha256('CREATE TABLE b();'), 'hex') AS of_record FROM migrator.status() WHERE version = '2';
-- The same with a hook.
CALL files.make('m/d', '1_a.sql', $$SELECT 1; CALL files.write('m/d/post_migrate_1.sql', 'CREATE TABLE evil();');$$, 'post_migrate_1.sql', 'SELECT 1;');
SELECT migrator.register('hooked', 'm/d', options => '{"require_approval": true}');
SELECT migrator.approve('1', 'hooked');
SELECT version, outcome FROM migrator.apply(service => 'hooked');
SELECT to_regclass('evil');

-- Variables: whoever gives a value adds no SQL to what was approved.
CALL files.make('m/v', '1_a.sql', E'-- migrator: variables\nCREATE TABLE :name (t text DEFAULT :\'text\');',
  'post_migrate.sql', E'-- migrator: variables\nSELECT :number;');
SELECT migrator.register('varied', 'm/v', options => '{"require_approval": true}');
SELECT migrator.approve('1', 'varied');
SELECT version, outcome FROM migrator.apply(service => 'varied', variables => '{"name": "v(); DROP TABLE a; CREATE TABLE w", "text": "", "number": 1}');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up(service => 'varied', variables => '{"name": "v", "text": "", "number": "1; DROP TABLE a"}');
SELECT version, outcome FROM migrator.apply(service => 'varied', variables => '{"name": "", "text": "", "number": 1}');
SELECT version, outcome FROM migrator.apply(service => 'varied', variables => '{"name": "v", "text": "", "number": "--1"}');
SELECT version, outcome FROM migrator.apply(service => 'varied', variables => '{"name": "app.v", "text": "it''s; any \" SQL", "number": -1.5}');
SELECT to_regclass('a'), to_regclass('app.v');

-- Staged: sent by the one, approved by the other, and sent anew.
CREATE ROLE regress_migrator_dev;
CREATE ROLE regress_migrator_lead;
GRANT ALL ON SCHEMA app TO regress_migrator_dev;
GRANT EXECUTE ON FUNCTION migrator.apply, migrator.stage(text, text, text) TO regress_migrator_dev;
GRANT EXECUTE ON FUNCTION migrator.approve TO regress_migrator_lead;
SET ROLE regress_migrator_dev;
SELECT migrator.stage('sent', '1_a.sql', 'CREATE TABLE s();');
RESET ROLE;
SELECT migrator.register('sent', 'stage:sent', options => '{"require_approval": true}');
SET ROLE regress_migrator_dev;
SELECT version, outcome FROM migrator.apply(service => 'sent');
RESET ROLE;
SET SESSION AUTHORIZATION regress_migrator_lead;
SELECT migrator.approve('1', 'sent');
RESET SESSION AUTHORIZATION;
SET ROLE regress_migrator_dev;
SELECT migrator.stage('sent', '1_a.sql', 'CREATE TABLE evil();');
SELECT version, outcome FROM migrator.apply(service => 'sent');
-- as it was approved
SELECT migrator.stage('sent', '1_a.sql', 'CREATE TABLE s();');
SELECT version, outcome FROM migrator.apply(service => 'sent');
RESET ROLE;
SELECT service, version, approved_by, run_id IS NOT NULL AS used FROM migrator.approvals WHERE service = 'sent';
-- a migration of the same bytes under another version was not approved
SET ROLE regress_migrator_dev;
SELECT migrator.stage('sent', '2_a.sql', 'CREATE TABLE s();');
SELECT version, outcome FROM migrator.apply(service => 'sent');
RESET ROLE;
SELECT migrator.unstage('sent');
DROP OWNED BY regress_migrator_dev, regress_migrator_lead;
DROP ROLE regress_migrator_dev, regress_migrator_lead;
