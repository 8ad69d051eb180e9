-- Schema app with an object of each kind that schema_objects() knows, and what is the database's named regress_...
\ir every_kind_drop.sql
COMMENT ON SCHEMA app IS 'one of each kind';
CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok');
CREATE TYPE app.pair AS (first int, second text COLLATE "C");
CREATE DOMAIN app.positive AS numeric(10, 2) DEFAULT 1 CONSTRAINT positive_check CHECK (value > 0);
CREATE TYPE app.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TYPE app.shell;
CREATE COLLATION app.byte (provider = libc, locale = 'C');
CREATE SEQUENCE app.counter AS int START 5 INCREMENT 2 MAXVALUE 1000 CACHE 3;
CREATE TABLE app.parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doubled bigint GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE app.child (
  id serial, code varchar(10) NOT NULL CONSTRAINT child_code_check CHECK (code IN ('a', 'b')), amount app.positive,
  parent bigint CONSTRAINT child_parent_fkey REFERENCES app.parent ON DELETE CASCADE, note text COLLATE "C" DEFAULT 'x''y',
  mood app.mood DEFAULT 'sad', EXCLUDE USING btree (id WITH =)
) WITH (fillfactor = 90, autovacuum_enabled = off);
ALTER TABLE app.child ADD CONSTRAINT child_later CHECK (amount < 1000) NOT VALID;
COMMENT ON TABLE app.child IS 'a comment';
COMMENT ON COLUMN app.child.note IS 'one of a column';
CREATE TABLE app.heir (extra int) INHERITS (app.parent);
CREATE TABLE app.measured (at timestamptz NOT NULL, value int) PARTITION BY RANGE (at);
CREATE TABLE app.measured_1 PARTITION OF app.measured FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
CREATE INDEX measured_at ON app.measured (at);
CREATE TABLE app.typed OF app.pair;
CREATE UNIQUE INDEX child_code ON app.child (code);
CREATE INDEX child_note ON app.child USING btree (note DESC NULLS LAST) INCLUDE (amount) WHERE amount > 1;
CREATE INDEX child_lower ON app.child (lower(code));
CREATE VIEW app.seen AS SELECT id, doubled FROM app.parent;
CREATE MATERIALIZED VIEW app.totals AS SELECT count(*) FROM app.child;
CREATE FUNCTION app.twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i + i';
CREATE FUNCTION app.atomic(i int = 3) RETURNS int IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT i + 1; END;
CREATE PROCEDURE app.nothing() LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touched BEFORE UPDATE OF note ON app.child FOR EACH ROW WHEN (new.note <> 'x') EXECUTE FUNCTION app.touch('now');
CREATE RULE quiet AS ON DELETE TO app.child DO INSTEAD NOTHING;
CREATE POLICY own ON app.child AS RESTRICTIVE FOR UPDATE TO regress_migrator_more USING (amount > 1) WITH CHECK (note <> '');
CREATE FUNCTION app.same(app.pair, app.pair) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1.first = $2.first';
CREATE OPERATOR app.=== (FUNCTION = app.same, LEFTARG = app.pair, RIGHTARG = app.pair, RESTRICT = eqsel);
CREATE OPERATOR FAMILY app.whole USING btree;
CREATE OPERATOR CLASS app.whole_ops FOR TYPE int USING btree FAMILY app.whole AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE FUNCTION app.pair_text(app.pair) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1.second';
CREATE CAST (app.pair AS text) WITH FUNCTION app.pair_text(app.pair) AS ASSIGNMENT;
CREATE CONVERSION app.converted FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH TEMPLATE app.templ (init = dsimple_init, lexize = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY app.plain (TEMPLATE = simple);
CREATE TEXT SEARCH PARSER app.parse (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION app.words (PARSER = app.parse);
ALTER TEXT SEARCH CONFIGURATION app.words ADD MAPPING FOR asciiword, word WITH app.plain, simple;
CREATE STATISTICS app.related (dependencies) ON code, note FROM app.child;
CREATE FOREIGN DATA WRAPPER regress_wrapper OPTIONS (debug 'on');
CREATE SERVER regress_server TYPE 'kind' VERSION '1' FOREIGN DATA WRAPPER regress_wrapper OPTIONS (host 'here', password 'hidden');
CREATE USER MAPPING FOR PUBLIC SERVER regress_server OPTIONS ("user" 'me', password 'hidden');
CREATE FOREIGN TABLE app.far (id int OPTIONS (a '1')) SERVER regress_server OPTIONS (a '1', access_key 'hidden');
-- what WARNINGs there are depends on wal_level and version
SET client_min_messages = error;
SET log_min_messages = error;
CREATE PUBLICATION regress_published FOR TABLE app.child WHERE (id > 1), TABLES IN SCHEMA app WITH (publish = 'insert, update');
CREATE SUBSCRIPTION regress_subscribed CONNECTION 'host=nowhere password=hidden' PUBLICATION p WITH (connect = false, slot_name = NONE, streaming = off);
RESET log_min_messages;
SET client_min_messages = warning;
CREATE FUNCTION app.on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER regress_events ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION app.on_event();
ALTER EVENT TRIGGER regress_events ENABLE REPLICA;
CREATE ACCESS METHOD regress_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE LANGUAGE regress_language HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO regress_migrator_more;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_migrator_other;
