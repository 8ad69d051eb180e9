-- service => '*': every registered service, one after the other.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET client_min_messages = notice;

-- None registered: hardly what is meant.
SELECT * FROM migrator.apply(service => '*');
CALL migrator.up(service => '*');
SELECT migrator.is_current(service => '*');

CALL files.make('m/api', '1_a.sql', 'CREATE TABLE api();', '2_b.sql', 'CREATE TABLE api2();');
CALL files.make('m/billing', '1_a.sql', 'CREATE TABLE invoices();');
CALL files.make('m/user', '1_a.sql', 'CREATE TABLE users();', '2_b.sql', 'CREATE TABLE profiles();');
SELECT migrator.register('user', 'm/user', environment => 'staging', search_path => 'app_user'),
       migrator.register('billing', 'm/billing', search_path => 'app, pg_catalog'), migrator.register('api', 'm/api');
CREATE SCHEMA app_user;

-- What is of one service only.
SELECT * FROM migrator.apply('m/api', '*');
CALL migrator.up('m/api', '*');
SELECT * FROM migrator.apply(service => '*', target => '1');
SELECT * FROM migrator.apply(service => '*', versions => '{1}');
CALL migrator.up(service => '*', versions => '{1}');
SELECT * FROM migrator.apply(service => '*', options => '{"allow_late": "1"}');
SELECT * FROM migrator.apply(service => '*', options => '{"force": true}');
SELECT migrator.is_current(service => '*', version => '1');
SELECT * FROM migrator.status('m/api', '*');
SELECT name, value FROM migrator.settings(service => '*') LIMIT 1;
SELECT migrator.resolve('1', 'applied', service => '*');

-- The looks, by name.
SELECT service, version, name, state FROM migrator.status(service => '*');
SELECT service, version, file FROM migrator.pending(service => '*');
SELECT jsonb_pretty(migrator.summary(service => '*'));
SELECT service, check_name, severity, message FROM migrator.validate(service => '*') WHERE check_name IN ('syntax', 'down_scripts');
SELECT migrator.assert_valid(service => '*');
SELECT migrator.is_current(service => '*');
SELECT migrator.assert_current(service => '*');

-- A dry run is undone at its end: what earlier services made is there for later ones.
CALL files.write('m/user/3_c.sql', 'CREATE VIEW seen AS SELECT FROM app.invoices;');
\set VERBOSITY terse
CREATE FUNCTION pg_temp.runs() RETURNS TABLE (service text, environment text, kind text, outcome text, applied integer) LANGUAGE sql AS
  'SELECT service, environment, kind, outcome, applied FROM migrator.runs ORDER BY run_id';
SET client_min_messages = warning;
SELECT service, version, outcome, message FROM migrator.apply(service => '*', dry_run => true);
SELECT to_regclass('invoices');
SELECT * FROM pg_temp.runs();
SELECT count(*) FROM migrator.history WHERE event = 'applied';
SELECT count(*) FROM migrator.locks;

-- One run each, with its own registration.
BEGIN;
SELECT service, version, outcome, message FROM migrator.apply(service => '*');
SELECT * FROM pg_temp.runs();
SELECT service, mode FROM migrator.locks ORDER BY service;
SELECT to_regclass('app.invoices'), to_regclass('app_user.users'), current_setting('search_path');
ROLLBACK;
DO $$
DECLARE
  result jsonb;
BEGIN
  CALL migrator.up(service => '*', result => result);
END $$;
CALL migrator.up(service => '*', options => '{"verbose": true}') \gset
SELECT jsonb_pretty(:'result'::jsonb #- '{duration_ms}' #- '{services,0,duration_ms}' #- '{services,1,duration_ms}'
  #- '{services,2,duration_ms}' #- '{services,0,migrations}' #- '{services,1,migrations}' #- '{services,2,migrations,0,execution_time_ms}'
  #- '{services,2,migrations,1,execution_time_ms}' #- '{services,2,migrations,2,execution_time_ms}');
SELECT * FROM pg_temp.runs();
SELECT count(*) FROM migrator.locks;
SELECT migrator.is_current(service => '*');
SELECT migrator.assert_current(service => '*');
SELECT * FROM migrator.apply(service => '*');
CALL migrator.up(service => '*') \gset
SELECT :'result'::jsonb - 'duration_ms' - 'services' AS sums, service - 'duration_ms' AS service
  FROM jsonb_array_elements(:'result'::jsonb -> 'services') service;
SELECT service, state, count(*) FROM migrator.status(service => '*') GROUP BY 1, 2 ORDER BY 1;

-- One fails: the order is api, billing, user.
CALL files.write('m/api/3_c.sql', 'CREATE TABLE api3();');
CALL files.write('m/billing/2_b.sql', 'SELECT 1/0;');
CALL files.write('m/billing/3_c.sql', 'CREATE TABLE never();');
CALL files.write('m/user/4_d.sql', 'CREATE TABLE last();');
\set VERBOSITY default
SELECT service, version, outcome FROM migrator.apply(service => '*');
\set VERBOSITY terse
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'stop', dry_run => true);
BEGIN;
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue');
SELECT * FROM pg_temp.runs();
ROLLBACK;
\set VERBOSITY default
CALL migrator.up(service => '*');
SELECT to_regclass('api3'), to_regclass('never'), to_regclass('app_user.last');
CALL migrator.up(service => '*', on_error => 'continue');
SELECT to_regclass('api3'), to_regclass('never'), to_regclass('app_user.last');
SELECT * FROM pg_temp.runs();
SELECT count(*) FROM migrator.locks;
SELECT migrator.assert_current(service => '*');
CALL files.write('m/api/4_d.sql', 'CREATE TABLE api4();');
SELECT migrator.assert_current(service => '*');

-- One whose run does not begin.
CALL files.write('m/billing/2_b.sql', 'SELEKT;');
\set VERBOSITY terse
SELECT service, version, outcome FROM migrator.apply(service => '*');
BEGIN;
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'stop');
ROLLBACK;
BEGIN;
SELECT service, version, outcome, message FROM migrator.apply(service => '*', on_error => 'continue');
ROLLBACK;
\set VERBOSITY default
SELECT migrator.assert_valid(service => '*');
CALL files.write('m/user/5_e.sql', 'SELECT 1/0;');
CALL migrator.up(service => '*', on_error => 'continue');
SELECT service, version, state FROM migrator.status(service => '*') WHERE state <> 'applied';

-- Off, all of them are passed over.
SET migrator.enabled = off;
SELECT * FROM migrator.apply(service => '*');
CALL migrator.up(service => '*', options => '{"verbose": true}') \gset
SELECT service ->> 'service' AS service, service ->> 'outcome' AS outcome FROM jsonb_array_elements(:'result'::jsonb -> 'services') service;
RESET migrator.enabled;

-- Whoever may not act for one of them runs none.
CALL files.write('m/billing/2_b.sql', 'CREATE TABLE paid();');
CREATE ROLE regress_migrator_team;
CREATE ROLE regress_migrator_deploy;
GRANT EXECUTE ON PROCEDURE migrator.up TO regress_migrator_deploy;
GRANT EXECUTE ON FUNCTION migrator.apply TO regress_migrator_deploy;
GRANT ALL ON SCHEMA app, app_user TO regress_migrator_deploy;
SELECT migrator.register('user', 'm/user', options => '{"roles": ["regress_migrator_team"]}');
SET ROLE regress_migrator_deploy;
SELECT service, outcome FROM migrator.apply(service => '*', on_error => 'continue');
CALL migrator.up(service => '*', on_error => 'continue');
RESET ROLE;
SELECT to_regclass('paid');
CALL files.forget();
DROP SCHEMA app_user CASCADE;
DROP OWNED BY regress_migrator_team, regress_migrator_deploy;
DROP ROLE regress_migrator_team, regress_migrator_deploy;
