-- The class of a migration: safe, care or dangerous, by its most severe statement.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.class(script text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/one', '1_a.sql', script);
  RETURN (SELECT change_class FROM migrator.pending('m/one')) || coalesce((SELECT ': ' || regexp_replace(message, '^class \w+: ', '')
    FROM migrator.validate('m/one') WHERE check_name = 'change_class' AND severity = 'info'), '');
END $$;
CREATE TABLE scripts (script text, n serial);
INSERT INTO scripts VALUES
-- new things
('ALTER TABLE a ADD COLUMN new_field text'), ('CREATE TABLE n (id text NOT NULL, CONSTRAINT n_pkey PRIMARY KEY (id))'), ('CREATE INDEX ON a (i)'),
('CREATE TYPE e AS ENUM (''x'')'), ('ALTER TYPE e ADD VALUE ''y'''), ('ALTER TABLE a ADD COLUMN n int NOT NULL DEFAULT 0'),
('ALTER TABLE a ADD COLUMN n int GENERATED ALWAYS AS IDENTITY'), ('CREATE VIEW v AS SELECT 1'), ('INSERT INTO a VALUES (1)'),
('COMMENT ON TABLE a IS ''x'''),
('CREATE TABLE n (i int); ALTER TABLE ONLY n ADD CONSTRAINT n_pkey PRIMARY KEY (i); ALTER TABLE n ALTER i SET NOT NULL; UPDATE n SET i = 2; DROP TABLE n'),
(''), ('VACUUM a'), ('ALTER TABLE a ALTER c DROP NOT NULL'),
-- changes
('ALTER TABLE a DROP COLUMN c'), ('ALTER TABLE "users" ALTER COLUMN "age" TYPE INTEGER USING "age"::INTEGER'), ('ALTER TABLE a ALTER c TYPE text'),
('ALTER TABLE a ADD COLUMN n int NOT NULL'), ('ALTER TABLE a ALTER n SET NOT NULL'), ('ALTER TABLE a RENAME COLUMN b TO c'),
('ALTER TABLE a RENAME TO b'),
('ALTER TABLE a SET SCHEMA x'), ('ALTER TYPE e RENAME VALUE ''x'' TO ''y'''), ('ALTER TABLE a ADD CONSTRAINT c CHECK (i > 0)'),
('ALTER TABLE a ADD FOREIGN KEY (i) REFERENCES b'),
('ALTER TABLE a DROP CONSTRAINT c'), ('ALTER DOMAIN d ADD CHECK (VALUE > 0)'), ('ALTER DOMAIN d SET NOT NULL'), ('DROP INDEX i'), ('DROP VIEW v'),
('DROP FUNCTION f'),
('UPDATE a SET i = 1 WHERE id = 3'), ('DELETE FROM a WHERE id = 3'), ('INSERT INTO a VALUES (1) ON CONFLICT (i) DO UPDATE SET i = 2'),
('DO ''begin end'''), ('CALL p()'),
('ALTER TABLE a DISABLE ROW LEVEL SECURITY'), ('ALTER TABLE a DETACH PARTITION b'),
-- losses
('DROP TABLE a'), ('DROP SCHEMA s'), ('DROP VIEW v CASCADE'), ('TRUNCATE a'), ('DELETE FROM a'), ('UPDATE a SET i = 1'),
('UPDATE a SET i = b.i FROM b WHERE a.id = b.id'),
('DELETE FROM a USING b WHERE a.i = b.i'), ('MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE'), ('ALTER TABLE a ADD PRIMARY KEY (i)'),
('ALTER TABLE a ADD COLUMN n int PRIMARY KEY'), ('ALTER TABLE a DROP CONSTRAINT a_pkey'), ('ALTER TABLE a DROP COLUMN c CASCADE'),
('DROP DATABASE d'),
-- the first of the most severe
(E'DROP INDEX i;\nDROP TABLE a;\nDROP TABLE b; TRUNCATE c');
SELECT script, files.class(script) FROM scripts ORDER BY n;
-- where not everything could be parsed it is not known
CALL files.make('m/d', '1_a.sql', 'DROP INDEX i; SELEC', '2_b.sql', 'DROP TABLE app.x');
SELECT version, change_class FROM migrator.pending('m/d');
SELECT check_name, severity, version, file, line, message, hint FROM migrator.validate('m/d') WHERE check_name = 'change_class';
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.x ()', '2_b.sql', 'DROP TABLE app.x');
SELECT version, change_class FROM migrator.pending('m/d');
SELECT version FROM migrator.apply('m/d');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name = 'change_class';
CALL files.forget();
