-- A test of a migration of data: the schema as it was before, rows, then the migration.
\getenv dir PG_ABS_SRCDIR
\set golang :dir '/fixtures/golang'
\set broken :dir '/fixtures/broken'
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
SET migrator.record_failures = off;

BEGIN;
SELECT plan(11);
CREATE SCHEMA shop;
SET LOCAL search_path = shop, public;

SELECT is((SELECT count(*) FROM migrator.apply(:'golang', target => '1')), 1::bigint, 'up to the version before');
SELECT hasnt_column('shop', 'accounts', 'balance', 'no balance yet');
SELECT throws_ok(format('SELECT migrator.assert_current(%L)', :'golang'), 'MG010', 'pending migrations detected: service "default" lacks 2',
  'the schema is old');
INSERT INTO accounts (owner) VALUES ('ann');
SELECT is((SELECT outcome FROM migrator.apply(:'golang', versions => '{2}')), 'applied', 'the migration under test');
SELECT is((SELECT balance FROM accounts), 0::numeric, 'old rows have a balance, too');

-- what the application must not survive
SELECT throws_ok(format('SELECT * FROM migrator.apply(%L, ''broken'')', :'broken'), '22012',
  'division by zero (migration "1", file "1_half.sql", line 3)', 'a broken migration raises its own error');
SELECT hasnt_table('shop', 'half_done', 'and leaves nothing');
SELECT has_table('shop', 'accounts', 'what was there before stays');
SELECT results_eq(
  format('SELECT version, outcome FROM migrator.apply(%L, ''broken'', on_error => ''continue'', dry_run => true)', :'broken'),
  $$VALUES ('1', 'failed'), ('2', 'applied')$$, 'a dry run goes through all of them');
SELECT hasnt_table('shop', 'untouched', 'and leaves nothing, either');
SELECT throws_ok(format('SELECT * FROM migrator.apply(%L, ''broken'', dry_run => true)', :'broken'), '22012',
  'division by zero (migration "1", file "1_half.sql", line 3)', 'a dry run raises, too');
SELECT * FROM finish();
ROLLBACK;
