-- Suggestions: statements that lock or rewrite a table for longer than need be, types that are regretted later.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.suggestions(script text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/one', '1_a.sql', script);
  RETURN QUERY SELECT line || ': ' || message || ' -> ' || hint FROM migrator.validate('m/one') WHERE check_name = 'suggestions' AND severity = 'info';
END $$;
CREATE TABLE scripts (script text, n serial);
INSERT INTO scripts (script) VALUES
('CREATE INDEX ON app.a (i)'), ('CREATE UNIQUE INDEX a_i ON a (i)'), ('DROP INDEX app.i'),
('ALTER TABLE app.a ADD FOREIGN KEY (i) REFERENCES app.b; CREATE INDEX CONCURRENTLY ON app.a (i)'),
('ALTER TABLE app.a ADD CONSTRAINT f FOREIGN KEY (i) REFERENCES app.b NOT VALID'),
('ALTER TABLE app.a ADD COLUMN b bigint UNIQUE REFERENCES app.b'),
('CREATE TABLE app.a (id bigint PRIMARY KEY, b bigint REFERENCES app.b)'),
('CREATE TABLE app.a (b bigint, c bigint, FOREIGN KEY (b, c) REFERENCES app.b)'),
('ALTER TABLE app.a ALTER COLUMN i SET NOT NULL'), ('ALTER TABLE app.a ADD COLUMN u uuid DEFAULT gen_random_uuid()'),
('ALTER TABLE app.a ADD COLUMN t timestamptz DEFAULT clock_timestamp()::timestamptz'), ('ALTER TABLE app.a ADD COLUMN i bigserial'),
('ALTER TABLE app.a ADD COLUMN c int; UPDATE app.a SET c = 1; UPDATE app.a SET c = 2 WHERE c = 1'),
('ALTER TABLE app.a ALTER COLUMN i TYPE bigint'), ('ALTER TABLE app.a ALTER COLUMN i TYPE varchar(10)'), ('CREATE TYPE app.mood AS ENUM (''a'')'),
('CREATE TABLE app.a (c char(3))'), ('CREATE TABLE app.a (c varchar(3))'), ('CREATE TABLE app.a (t timestamp, u timestamp(3) without time zone)'),
('CREATE TABLE app.a (id int PRIMARY KEY)'), ('CREATE TABLE app.a (id serial PRIMARY KEY)'), ('CREATE TABLE app.a (id smallserial)'),
('ALTER TABLE app.a ADD c varchar(3)');
SELECT script, files.suggestions(script) FROM scripts ORDER BY n;
-- none
SELECT files.suggestions($$
CREATE INDEX CONCURRENTLY ON app.a (i); DROP INDEX CONCURRENTLY app.i;
CREATE TABLE app.n (i bigint REFERENCES app.b, t text, v varchar, ts timestamptz, c "char", UNIQUE (i));
CREATE INDEX ON app.n (t);
ALTER TABLE app.n ALTER t SET NOT NULL, ALTER i TYPE int, ADD u uuid DEFAULT gen_random_uuid(), ADD FOREIGN KEY (u) REFERENCES app.b;
CREATE INDEX ON app.n (u, i); ALTER TABLE app.a ADD c int DEFAULT 3, ADD d timestamptz DEFAULT now(), ALTER e TYPE text;
CREATE SCHEMA s CREATE TABLE x (i int) CREATE INDEX ON x (i);
CREATE TABLE app.m (id bigint PRIMARY KEY REFERENCES app.b, j bigint REFERENCES app.b UNIQUE); CREATE TEMP TABLE t (i int); CREATE INDEX ON t (i);
ALTER TYPE app.mood ADD VALUE 'b'; CREATE TABLE app.o (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, i int, j smallint);
$$);
-- one row of a kind, however many there are
SELECT files.suggestions(E'SELECT 1;\nCREATE INDEX ON app.a (i);\nCREATE INDEX ON app.b (i);
CREATE INDEX ON app.c (i);\nCREATE TABLE app.d (c char(1), d char(2), e varchar(3));');
-- they stop nobody
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.a (id serial PRIMARY KEY)');
SELECT version FROM migrator.apply('m/d');
SELECT migrator.assert_valid('m/d', severity => 'warning');
SELECT files.error($$SELECT migrator.assert_valid('m/d', severity => 'info')$$);
CALL files.forget();
