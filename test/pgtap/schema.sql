-- A user's test of his schema: the migrations run in the test's own transaction, and leave nothing behind.
\getenv dir PG_ABS_SRCDIR
\set golang :dir '/fixtures/golang'
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET migrator.record_failures = off;

BEGIN;
SELECT plan(14);
CREATE SCHEMA shop;
SET LOCAL search_path = shop, public;

SELECT results_eq(
  format('SELECT version, outcome FROM migrator.apply(%L)', :'golang'),
  $$VALUES ('000001', 'applied'), ('000002', 'applied'), ('000010', 'applied')$$,
  'all migrations are applied');
SELECT has_table('shop', 'accounts', 'accounts are there');
SELECT has_column('shop', 'accounts', 'balance', 'they have a balance');
SELECT col_default_is('shop', 'accounts', 'balance', '0', 'which begins at zero');
SELECT col_is_pk('shop', 'accounts', 'id', 'and a key');
SELECT has_view('shop', 'owners', 'owners are seen');

INSERT INTO accounts (owner, balance) VALUES ('ann', 1), ('ann', 2), ('bob', 5);
SELECT results_eq('SELECT owner, balance FROM owners ORDER BY 1', $$VALUES ('ann', 3::numeric), ('bob', 5)$$, 'their balances add up');
SELECT throws_ok($$INSERT INTO accounts (owner) VALUES (NULL)$$, '23502', NULL, 'an owner must be named');

SELECT is_empty(format('SELECT * FROM migrator.apply(%L)', :'golang'), 'a second run has nothing to do');
SELECT ok(migrator.is_current(:'golang'), 'the schema is current');
SELECT lives_ok(format('SELECT migrator.assert_current(%L)', :'golang'), 'and can be asserted to be');
SELECT set_eq(
  format('SELECT version, state FROM migrator.status(%L)', :'golang'),
  $$VALUES ('000001', 'applied'), ('000002', 'applied'), ('000010', 'applied')$$,
  'status says so');
SELECT is((SELECT count(*) FROM migrator.history WHERE event = 'applied'), 3::bigint, 'so does the history');
SELECT is(migrator.summary(:'golang') ->> 'applied', '3', 'and the summary');
SELECT * FROM finish();
ROLLBACK;
