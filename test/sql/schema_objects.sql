-- schema_objects() and schema_fingerprint(): every kind appears, and every property counts.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET client_min_messages = warning;
CREATE ROLE regress_migrator_other;
CREATE ROLE regress_migrator_more;
\set ECHO none
\i :dir/include/every_kind.sql
\set ECHO all
\pset format unaligned
\pset fieldsep ' | '
SELECT kind, count(*), min(identity) FROM migrator.schema_objects('{app}') GROUP BY 1 ORDER BY 1;
-- what is the whole database's, with all schemas
SELECT kind, identity, definition FROM migrator.schema_objects()
 WHERE schema IS NULL AND (identity LIKE '%regress%' OR identity LIKE '%app.%' OR kind = 'transform') ORDER BY 1, 2;
-- views are printed in another way from 16 on
SELECT kind, identity, definition FROM migrator.schema_objects('{app}') WHERE kind !~ 'view' ORDER BY kind, identity COLLATE "C";
-- sorted by their bytes, each once, the system's and our own not among them
SELECT array_agg(ARRAY[kind, coalesce(schema, ''), identity]) = array_agg(ARRAY[kind, coalesce(schema, ''), identity]
         ORDER BY kind COLLATE "C", coalesce(schema, '') COLLATE "C", identity COLLATE "C") AS sorted,
       count(*) = count(DISTINCT (kind, coalesce(schema, ''), identity)) AS once,
       bool_and(hash = encode(sha256(convert_to(definition, 'UTF8')), 'hex')) AS hashes,
       string_agg(DISTINCT schema, ', ') FILTER (WHERE schema ~ '^(app|pg_|information_schema|migrator)') AS schemas
  FROM migrator.schema_objects();
SELECT schema, count(*) FROM migrator.schema_objects('{migrator,pg_catalog,information_schema,no_such}') GROUP BY 1;
-- whatever search_path, role's settings and language are
SELECT migrator.schema_fingerprint() AS fingerprint \gset
SET search_path = app, public;
SET quote_all_identifiers = on;
SET DateStyle = 'German';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -15;
SET bytea_output = 'escape';
SET TimeZone = 'Asia/Kathmandu';
SELECT migrator.schema_fingerprint() = :'fingerprint' AS same;
RESET ALL;
SELECT migrator.schema_fingerprint('{app}') = migrator.schema_fingerprint() AS all_are_more,
       migrator.schema_fingerprint('{app}') ~ '^[0-9]{2}:[0-9a-f]{64}$' AS form,
       substr(migrator.schema_fingerprint('{no_such}'), 4) AS of_nothing;
-- statistics, contents and where things lie on disk are no part of it
INSERT INTO app.parent SELECT FROM generate_series(1, 100);
VACUUM FULL ANALYZE app.parent;
CLUSTER app.parent USING parent_pkey;
ALTER TABLE app.parent SET WITHOUT CLUSTER;
REINDEX TABLE app.parent;
SELECT count(nextval('app.counter')) FROM generate_series(1, 10);
REFRESH MATERIALIZED VIEW app.totals;
TRUNCATE app.parent CASCADE;
CREATE TEMP TABLE passing (i int PRIMARY KEY);
SELECT migrator.schema_fingerprint() = :'fingerprint' AS same;

-- A statement, and which objects have another definition, appeared or vanished by it. All of it is undone.
CREATE FUNCTION files.changes(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  CREATE TEMP TABLE seen ON COMMIT DROP AS SELECT * FROM migrator.schema_objects();
  EXECUTE statement;
  SELECT string_agg(concat(CASE WHEN b.hash IS NULL THEN '+' WHEN n.hash IS NULL THEN '-' END, kind, ' ', identity), ', '
                    ORDER BY kind, identity COLLATE "C")
    INTO found FROM seen b FULL JOIN migrator.schema_objects() n USING (kind, identity) WHERE b.hash IS DISTINCT FROM n.hash;
  RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = coalesce(found, 'NOTHING');
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN SQLERRM;
WHEN OTHERS THEN
  RETURN 'ERROR: ' || SQLERRM;
END $$;
SELECT statement, files.changes(statement) FROM unnest(ARRAY[
  'COMMENT ON SCHEMA app IS ''changed''',
  'GRANT USAGE ON SCHEMA app TO regress_migrator_other',
  'ALTER SCHEMA app OWNER TO regress_migrator_other',
  'ALTER TABLE app.child OWNER TO regress_migrator_other',
  'ALTER TABLE app.heir SET UNLOGGED',
  'ALTER TABLE app.child SET (fillfactor = 50)',
  'ALTER TABLE app.child SET (toast.autovacuum_enabled = off)',
  'ALTER TABLE app.child ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE app.child FORCE ROW LEVEL SECURITY',
  'ALTER TABLE app.child REPLICA IDENTITY FULL',
  'ALTER TABLE app.child REPLICA IDENTITY NOTHING',
  'ALTER TABLE app.child REPLICA IDENTITY USING INDEX child_code',
  'ALTER TABLE app.heir NO INHERIT app.parent',
  'ALTER TABLE app.measured DETACH PARTITION app.measured_1',
  'ALTER TABLE app.child RENAME TO renamed',
  'GRANT SELECT ON app.child TO regress_migrator_other',
  'GRANT SELECT ON app.child TO regress_migrator_other WITH GRANT OPTION',
  'REVOKE DELETE ON app.child FROM regress_migrator',
  'COMMENT ON TABLE app.child IS ''another''',
  'COMMENT ON COLUMN app.child.note IS ''another''',
  'GRANT UPDATE (note) ON app.child TO regress_migrator_other',
  'ALTER TABLE app.child ADD COLUMN more int',
  'ALTER TABLE app.child DROP COLUMN mood',
  'ALTER TABLE app.measured ALTER value TYPE bigint',
  'ALTER TABLE app.child ALTER amount SET NOT NULL',
  'ALTER TABLE app.child ALTER amount SET DEFAULT 7',
  'ALTER TABLE app.child ALTER note SET STORAGE EXTERNAL',
  'ALTER TABLE app.child ALTER note SET COMPRESSION pglz',
  'ALTER TABLE app.child ALTER note SET STATISTICS 7',
  'ALTER TABLE app.child ALTER note SET (n_distinct = 5)',
  'ALTER TABLE app.typed NOT OF; ALTER TABLE app.typed ALTER second TYPE text COLLATE "POSIX"',
  'ALTER TABLE app.parent ALTER id DROP IDENTITY',
  'ALTER TABLE app.parent ALTER id SET GENERATED BY DEFAULT',
  'ALTER TABLE app.parent ALTER doubled DROP EXPRESSION',
  'ALTER TABLE app.child DROP CONSTRAINT child_code_check',
  'ALTER TABLE app.child RENAME CONSTRAINT child_code_check TO other_check',
  'ALTER TABLE app.child ADD CHECK (amount > 0) NOT VALID',
  'ALTER TABLE app.child VALIDATE CONSTRAINT child_later',
  'ALTER TABLE app.child ALTER CONSTRAINT child_parent_fkey DEFERRABLE',
  'ALTER TABLE app.parent DISABLE TRIGGER ALL',
  'DROP INDEX app.child_note',
  'ALTER INDEX app.child_note SET (fillfactor = 50)',
  'ALTER INDEX app.parent_pkey SET (fillfactor = 50)',
  'ALTER INDEX app.child_lower ALTER COLUMN 1 SET STATISTICS 50',
  'CLUSTER app.child USING child_code',
  'ALTER SEQUENCE app.counter INCREMENT 7',
  'ALTER SEQUENCE app.counter CYCLE',
  'ALTER SEQUENCE app.counter OWNED BY app.child.amount',
  'CREATE OR REPLACE VIEW app.seen AS SELECT id, doubled + 1 AS doubled FROM app.parent',
  'ALTER VIEW app.seen SET (security_barrier)',
  'DROP MATERIALIZED VIEW app.totals',
  'CREATE OR REPLACE FUNCTION app.twice(i int) RETURNS int LANGUAGE sql AS ''SELECT 2 * i''',
  'ALTER FUNCTION app.twice(int) SECURITY DEFINER',
  'ALTER FUNCTION app.twice(int) SET search_path = app',
  'ALTER FUNCTION app.twice(int) STABLE PARALLEL SAFE COST 7',
  'REVOKE EXECUTE ON FUNCTION app.twice(int) FROM PUBLIC',
  'ALTER FUNCTION app.twice(int) OWNER TO regress_migrator_other',
  'DROP PROCEDURE app.nothing()',
  'ALTER AGGREGATE app.total(int) RENAME TO sum',
  'ALTER TABLE app.child DISABLE TRIGGER touched',
  'ALTER TABLE app.child ENABLE ALWAYS TRIGGER touched',
  'DROP TRIGGER touched ON app.child',
  'ALTER TABLE app.child DISABLE RULE quiet',
  'CREATE OR REPLACE RULE quiet AS ON DELETE TO app.child WHERE old.amount > 1 DO INSTEAD NOTHING',
  'ALTER POLICY own ON app.child TO regress_migrator_other',
  'ALTER POLICY own ON app.child USING (amount > 2)',
  'ALTER TYPE app.mood ADD VALUE ''glad'' BEFORE ''sad''',
  'ALTER TYPE app.mood RENAME VALUE ''sad'' TO ''blue''',
  'ALTER TABLE app.typed NOT OF; ALTER TYPE app.pair ADD ATTRIBUTE third text',
  'ALTER DOMAIN app.positive SET NOT NULL',
  'ALTER DOMAIN app.positive SET DEFAULT 3',
  'ALTER DOMAIN app.positive DROP CONSTRAINT positive_check',
  'REVOKE USAGE ON TYPE app.mood FROM PUBLIC',
  'ALTER TYPE app.span OWNER TO regress_migrator_other',
  'ALTER OPERATOR app.=== (app.pair, app.pair) SET (RESTRICT = neqsel)',
  'ALTER OPERATOR FAMILY app.whole USING btree ADD OPERATOR 1 < (int, bigint)',
  'ALTER OPERATOR CLASS app.whole_ops USING btree RENAME TO other_ops',
  'DROP CAST (app.pair AS text)',
  'ALTER COLLATION app.byte RENAME TO bytes',
  'DROP CONVERSION app.converted',
  'ALTER TEXT SEARCH CONFIGURATION app.words DROP MAPPING FOR asciiword',
  'ALTER TEXT SEARCH DICTIONARY app.plain (stopwords = english)',
  'DROP TEXT SEARCH TEMPLATE app.templ',
  'DROP TEXT SEARCH PARSER app.parse CASCADE',
  'ALTER STATISTICS app.related SET STATISTICS 7',
  'ALTER PUBLICATION regress_published SET (publish = insert)',
  'ALTER PUBLICATION regress_published DROP TABLE app.child',
  'ALTER PUBLICATION regress_published SET TABLE app.child (id, code) WHERE (id > 2)',
  'ALTER EVENT TRIGGER regress_events DISABLE',
  'ALTER FOREIGN DATA WRAPPER regress_wrapper OPTIONS (SET debug ''off'')',
  'ALTER SERVER regress_server VERSION ''2''',
  'ALTER SERVER regress_server OPTIONS (SET host ''elsewhere'')',
  'ALTER USER MAPPING FOR PUBLIC SERVER regress_server OPTIONS (SET "user" ''somebody'')',
  'ALTER FOREIGN TABLE app.far OPTIONS (SET a ''2'')',
  'ALTER FOREIGN TABLE app.far ALTER id OPTIONS (ADD b ''2'')',
  'ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO regress_migrator_other',
  'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC',
  'DROP ACCESS METHOD regress_heap',
  'ALTER LANGUAGE regress_language RENAME TO regress_other_language']) AS statement;
-- what is set to what it was is no change
SELECT statement, files.changes(statement) FROM unnest(ARRAY[
  'GRANT ALL ON app.child TO regress_migrator',
  'GRANT USAGE ON TYPE app.mood TO PUBLIC',
  'GRANT EXECUTE ON FUNCTION app.twice(int) TO PUBLIC',
  'ALTER TABLE app.child ALTER amount DROP NOT NULL',
  'ALTER TABLE app.child ADD COLUMN more int; ALTER TABLE app.child DROP COLUMN more',
  'GRANT SELECT ON app.child TO regress_migrator_other; REVOKE SELECT ON app.child FROM regress_migrator_other']) AS statement;

-- the same objects made in another order, with other OIDs
SELECT migrator.schema_fingerprint('{app}') AS fingerprint \gset
\set ECHO none
\i :dir/include/every_kind.sql
\set ECHO all
SELECT migrator.schema_fingerprint('{app}') = :'fingerprint' AS same;
-- an array that is cast is printed as its elements are
CREATE TABLE app.listed (code varchar(5) CHECK (code IN ('a', ',', ']', '''', '(ARRAY[')),
  other text CHECK (other = ANY (ARRAY['x'::varchar, upper('y')]::text[])));
SELECT definition FROM migrator.schema_objects('{app}') WHERE kind = 'constraint' AND identity LIKE '%listed' ORDER BY 1;
SELECT replace(definition, 'CONSTRAINT listed_code_check', 'CONSTRAINT again') AS again FROM migrator.schema_objects('{app}')
 WHERE identity = 'listed_code_check on app.listed' \gset
ALTER TABLE app.listed ADD :again;
SELECT count(DISTINCT replace(definition, 'again', 'listed_code_check')) FROM migrator.schema_objects('{app}') WHERE identity ~ '^(again|listed_code)';
-- names
CREATE SCHEMA "Sonder ""Zeichen""";
CREATE TABLE "Sonder ""Zeichen"""."Tabelle.1" ("Spalte
zwei" int);
SELECT kind, schema, identity FROM migrator.schema_objects('{"Sonder \"Zeichen\""}');
-- arguments
SELECT * FROM migrator.schema_objects('{}');
SELECT * FROM migrator.schema_objects('{app,NULL}');
SELECT migrator.schema_fingerprint('{}');
-- rights
SET ROLE regress_migrator_other;
SELECT * FROM migrator.schema_objects();
RESET ROLE;
GRANT EXECUTE ON FUNCTION migrator.schema_objects TO regress_migrator_other;
SET ROLE regress_migrator_other;
SELECT count(*) > 10 AS reads FROM migrator.schema_objects();
RESET ROLE;

DROP SCHEMA "Sonder ""Zeichen""" CASCADE;
\set ECHO none
\i :dir/include/every_kind_drop.sql
\set ECHO all
DROP OWNED BY regress_migrator_other, regress_migrator_more CASCADE;
DROP ROLE regress_migrator_other, regress_migrator_more;
