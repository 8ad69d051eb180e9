-- runtests(): the functions of a user's own, each in a transaction that pgTAP undoes.
\getenv dir PG_ABS_SRCDIR
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
BEGIN;
CREATE SCHEMA shop_tests;
SELECT set_config('shop.migrations', :'dir' || '/fixtures/dated', true) \g /dev/null
SET LOCAL search_path = shop_tests, public;
CREATE FUNCTION shop_tests.setup() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM migrator.apply(current_setting('shop.migrations'));
END $$;
CREATE FUNCTION shop_tests.test_tables() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT tables_are('shop_tests', '{campaigns,business_sessions}', 'the tables of two days');
  RETURN NEXT has_column('shop_tests', 'campaigns', 'sent_at', 'with what the second day added');
END $$;
CREATE FUNCTION shop_tests.test_again() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT is((SELECT count(*) FROM migrator.apply(current_setting('shop.migrations'))), 0::bigint, 'setup() made it current');
  INSERT INTO campaigns VALUES (1);
END $$;
CREATE FUNCTION shop_tests.test_clean() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT is_empty('SELECT * FROM campaigns', 'the rows of another test are not seen');
END $$;
SELECT * FROM runtests('shop_tests'::name);
ROLLBACK;
