-- schema.sql ran before this: nothing of it is left.
\set QUIET on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(5);
SELECT hasnt_schema('shop', 'the schema is gone');
SELECT is_empty('SELECT * FROM migrator.migrations', 'no migration is on record');
SELECT is_empty('SELECT * FROM migrator.history', 'no event');
SELECT is_empty('SELECT * FROM migrator.runs', 'no run');
SELECT is_empty('SELECT * FROM migrator.locks', 'no lock');
SELECT * FROM finish();
ROLLBACK;
