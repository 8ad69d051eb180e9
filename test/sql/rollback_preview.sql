-- rollback_preview(): what a way back would take.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE customers(id int PRIMARY KEY, name text); CREATE TABLE orders(id int, customer int REFERENCES customers);',
  '1_a.down.sql', 'DROP TABLE orders; DROP TABLE customers;',
  '2_b.up.sql', 'ALTER TABLE customers ADD email text; CREATE VIEW mails AS SELECT email FROM customers;',
  '2_b.down.sql', 'ALTER TABLE customers DROP email, DROP name; DELETE FROM orders; TRUNCATE orders, nosuch; '
    'UPDATE customers SET id = 1; INSERT INTO orders VALUES (1);',
  '3_c.up.sql', 'CREATE TABLE p(i int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); '
    'INSERT INTO p SELECT 1 FROM generate_series(1, 50); '
    'CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS ''SELECT 1''; CREATE TYPE t AS ENUM (''x''); CREATE INDEX p_i ON p(i); CREATE SEQUENCE s;',
  '3_c.down.sql', E'DROP TABLE p; DROP FUNCTION f(int); DROP TYPE t; DROP INDEX p_i; DROP SEQUENCE s; DO $$ BEGIN END $$; ALTER TABLE p ADD j int; '
    'DROP SCHEMA gone; CREATE VIEW "w X" AS SELECT 1; DROP TABLE app."no such"; DROP EXTENSION nosuch; DROP VIEW mails;',
  '4_d.up.sql', 'SELECT 4;');
SELECT count(*) FROM migrator.apply('m/d');
INSERT INTO customers VALUES (1), (2), (3);
INSERT INTO orders SELECT i, 1 FROM generate_series(1, 100) i;
ANALYZE customers, orders, p, p1;
SELECT version, name, statement, command, object, row_estimate, bytes > 0 AS bytes, dependents, down_source FROM migrator.rollback_preview('m/d', target => '');
SELECT count(*) FROM migrator.rollback_preview('m/d');
SELECT version, statement, down_source FROM migrator.rollback_preview('m/d', versions => '{4}');
SELECT * FROM migrator.rollback_preview('m/d', versions => '{9}');
SELECT * FROM migrator.rollback_preview('m/d', steps => 1, target => '1');
-- nothing was run, and nothing is locked
SELECT count(*) FROM migrator.migrations WHERE state = 'applied';
-- files without values on record; another search_path; no source at all
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', E'-- migrator: variables\nDROP TABLE :"name";');
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"name": "secret_table"}');
SELECT migrator.register('default', 'm/d', search_path => 'app, public', options => '{"variables": {"name": "secret_table"}}');
SET search_path = public;
SELECT version, statement, command, object, row_estimate, bytes, dependents FROM migrator.rollback_preview();
SET search_path = app;
SELECT migrator.unregister('default');
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a');
SELECT count(*) FROM migrator.apply('m/d');
SELECT version, statement, command, object, down_source FROM migrator.rollback_preview();
SELECT version, outcome FROM migrator.rollback();
