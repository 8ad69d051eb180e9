-- What SQL leaves to the end of a transaction: deferred constraints and enum values.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

-- A migration ends with its deferred constraints checked: the next one may change the table.
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child(p int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);',
  '2_b.sql', 'INSERT INTO child VALUES (1); INSERT INTO parent VALUES (1);', '3_c.sql', 'ALTER TABLE child ADD COLUMN c int;');
SELECT version, outcome, message FROM migrator.apply('m/d');
-- a violation is found at the end of its own migration
CALL files.write('m/d/4_d.sql', 'INSERT INTO child VALUES (2);');
CALL files.write('m/d/5_e.sql', 'SELECT 5;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
-- the constraint is deferred again afterwards, for scripts and for the caller
CALL files.write('m/d/4_d.sql', 'INSERT INTO child VALUES (3); INSERT INTO parent VALUES (3);');
BEGIN;
SELECT version, outcome, message FROM migrator.apply('m/d');
INSERT INTO child VALUES (4);
INSERT INTO parent VALUES (4);
COMMIT;
SELECT p FROM child ORDER BY p;
-- SET CONSTRAINTS of a script ends with it
CALL files.write('m/d/6_f.sql', 'SET CONSTRAINTS ALL IMMEDIATE;');
CALL files.write('m/d/7_g.sql', 'INSERT INTO child VALUES (5); INSERT INTO parent VALUES (5);');
SELECT version, outcome, message FROM migrator.apply('m/d');
-- a constraint whose name needs quotes, a constraint trigger, a deferrable unique key
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE "a b"(i int CONSTRAINT "it''s ""a"" key" UNIQUE DEFERRABLE INITIALLY DEFERRED);',
  '2_b.sql', 'INSERT INTO "a b" VALUES (1), (1); DELETE FROM "a b" WHERE ctid IN (SELECT max(ctid) FROM "a b");', '3_c.sql',
  'INSERT INTO "a b" VALUES (2), (2);');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
BEGIN;
INSERT INTO "a b" VALUES (1);
DELETE FROM "a b";
COMMIT;
-- the caller's own pending ones are checked when a migration ends, not lost
CALL files.forget();
CREATE TABLE parent(id int PRIMARY KEY);
CREATE TABLE child(p int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO parent VALUES (1);');
BEGIN;
INSERT INTO child VALUES (1);
SELECT version, outcome FROM migrator.apply('m/d');
COMMIT;
TABLE child;
-- one made behind our back, by a function whose text does not say so, is checked from the next migration on; what an undone
-- migration made is not missed
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child(p int);',
  '2_b.sql', 'DO $$BEGIN EXECUTE ''ALTER TABLE child ADD CONSTRAINT undone UNIQUE (p) DEFER'' || ''RABLE INITIALLY DEFER'' || ''RED''; PERFORM 1/0; END$$;',
  '3_c.sql', 'DO $$BEGIN EXECUTE ''ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent DEFER'' || ''RABLE INITIALLY DEFER'' || ''RED''; END$$;',
  '4_d.sql', 'INSERT INTO child VALUES (1);', '5_e.sql', 'ALTER TABLE child ADD COLUMN c int;', '6_f.sql',
    'INSERT INTO child VALUES (2); INSERT INTO parent VALUES (2);');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT p FROM child ORDER BY p;
-- through a partition and a trigger: the table that is written is not the one in the script
CALL files.forget();
CALL files.make('m/d', '1_a.sql',
  'CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE whole(p int) PARTITION BY LIST (p); CREATE TABLE part PARTITION OF whole '
  'DEFAULT; ALTER TABLE part ADD FOREIGN KEY (p) REFERENCES parent DEFERRABLE INITIALLY DEFERRED; CREATE TABLE log(i int UNIQUE '
  'DEFERRABLE INITIALLY DEFERRED); CREATE TABLE t(i int); CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN '
  'INSERT INTO app.log VALUES (NEW.i); RETURN NEW; END''; CREATE TRIGGER n AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION app.note();',
  '2_b.sql', 'INSERT INTO whole VALUES (1);', '3_c.sql', 'INSERT INTO t VALUES (1), (1);', '4_d.sql', E'COPY whole FROM stdin;\n4\n\\.\n',
    '5_e.sql', 'ALTER TABLE part ADD COLUMN c int; ALTER TABLE log ADD COLUMN c int;');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue', versions => '{1,2,3,4}');

-- A new enum value cannot be used before its transaction committed: the hint names CALL.
CALL files.forget();
CREATE TYPE mood AS ENUM ('sad');
CALL files.make('m/d', '1_a.sql', 'ALTER TYPE mood ADD VALUE ''happy'';', '2_b.sql', 'CREATE TABLE m AS SELECT ''happy''::mood AS m;');
SELECT version, outcome FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE m;
-- one made in the same transaction can
CALL files.make('m/e', '1_a.sql', 'CREATE TYPE hue AS ENUM (''red''); CREATE TABLE h AS SELECT ''red''::hue AS h;');
SELECT version, outcome FROM migrator.apply('m/e', 'e');
