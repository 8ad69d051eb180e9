-- resolve(): every transition, and what is refused.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;', '3_c.sql', 'SELECT 3;', '4_d.sql', 'SELECT 4;');
SELECT migrator.register('default', 'm/d') \g /dev/null
SELECT version, outcome FROM migrator.apply(target => '3', on_error => 'continue');
CREATE FUNCTION files.settle(version text, state text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  was text;
BEGIN
  SELECT s.state INTO was FROM migrator.status() s WHERE s.version = $1;
  PERFORM migrator.resolve($1, $2, note => 'test');
  RETURN was || ' -> ' || (SELECT s.state FROM migrator.status() s WHERE s.version = $1);
EXCEPTION WHEN OTHERS THEN
  RETURN was || ' -> ' || $2 || ' ' || SQLSTATE || ': ' || SQLERRM;
END $$;
-- from applied, failed, pending, rolled_back to each
SELECT files.settle('1', s) FROM unnest('{applied,rolled_back,rolled_back,applied,pending,pending,rolled_back,pending,applied}'::text[]) s;
SELECT files.settle('2', s) FROM unnest('{applied}'::text[]) s;
SELECT version, outcome FROM migrator.apply(target => '2');
SELECT files.settle('2', s) FROM unnest('{pending}'::text[]) s;
SELECT version, outcome FROM migrator.apply(target => '2', options => '{"allow_late": "2"}', on_error => 'continue');
SELECT files.settle('2', s) FROM unnest('{rolled_back,applied}'::text[]) s;
-- states that nobody may set
SELECT files.settle('1', s) FROM unnest('{running,failed,interrupted,APPLIED,""}'::text[]) s;
-- history tells each step and its note
SELECT version, event, note, applied_by FROM migrator.history WHERE event = 'resolved' ORDER BY id;
-- the state that results: an error is forgotten, a rolled back one runs again
SELECT version, state, error_message, error_sqlstate, baseline, length(checksum) AS checksum FROM migrator.migrations ORDER BY 1;
SELECT migrator.resolve('3', 'rolled_back');
SELECT version, state FROM migrator.status();
SELECT version FROM migrator.pending();
SELECT version, outcome FROM migrator.apply();
-- numbers are numbers
SELECT migrator.resolve('0004', 'rolled_back', 'default', NULL);
SELECT version, state FROM migrator.status() WHERE version = '4';
-- an interrupted run
UPDATE migrator.migrations SET state = 'running' WHERE version = '4';
SELECT files.settle('4', 'applied');
-- without files, what is on record can be settled
SELECT migrator.unregister('default') \g /dev/null
SELECT migrator.resolve('4', 'rolled_back', 'default');
SELECT migrator.resolve('99', 'applied', 'default');
-- refused
SELECT migrator.resolve(NULL, 'applied');
SELECT migrator.resolve('1', NULL);
SELECT migrator.resolve('', 'applied');
SELECT migrator.resolve('1', 'applied', 'No');
SELECT migrator.resolve('1', 'applied', 'nobody');
BEGIN READ ONLY;
SELECT migrator.resolve('1', 'pending');
ROLLBACK;
-- ROLLBACK takes it back
BEGIN;
SELECT migrator.resolve('1', 'pending');
ROLLBACK;
SELECT version, state FROM migrator.migrations WHERE version = '1';
