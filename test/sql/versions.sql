-- Versions: how they are compared, named as target and in "versions", and doubled.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

\set SHOW_CONTEXT never
CREATE FUNCTION try(target text = NULL, versions text[] = NULL)
  RETURNS text[] LANGUAGE sql AS $$
  SELECT array_agg(version) FROM migrator.apply('m/d', target => $1, versions => $2, dry_run => true);
$$;

-- Digits are numbers of any length, shown as written.
CALL files.names('m/d', '000003_c.sql', '1_a.sql', '02_b.sql', '10_d.sql', '99999999999999999999999_e.sql', '100000000000000000000000_f.sql');
SELECT version FROM migrator.pending('m/d');
SELECT try(target => '3');
SELECT try(target => '0000000000003');
SELECT try(target => '10');
SELECT try(target => '99999999999999999999999');
SELECT try(versions => '{3}');
SELECT try(versions => '{0010,1}');
SELECT try(versions => '{1,01,1}');
-- a target must be there, and so must every version
SELECT try(target => '4');
SELECT try(target => '');
SELECT try(target => 'x');
SELECT try(versions => '{1,4}');
SELECT try(versions => '{""}');
SELECT try(versions => '{9}');
SELECT try(versions => '{}');
SELECT try(versions => '{1,NULL}');
SELECT try(versions => '{{1,2},{3,10}}');
SELECT try(target => '3', versions => '{3}');
-- zero is a version
CALL files.names('m/d', '0_a.sql', '00001_b.sql');
SELECT try(target => '000');

-- Two spellings of one number are duplicates; validate() tells all of them.
CALL files.names('m/d', '3_a.sql', '03_b.sql', '4_a.sql', '004_b.sql', '0004_c.sql');
SELECT * FROM migrator.apply('m/d');
SELECT severity, version, file, message, hint FROM migrator.validate('m/d') WHERE check_name = 'duplicates';
SELECT * FROM migrator.apply('m/d', dry_run => true);
SELECT migrator.baseline('m/d');
CALL files.names('m/d', '1_a.up.sql', '01_a.down.sql', '1_b.down.sql');
SELECT check_name, version, file, message FROM migrator.validate('m/d') WHERE check_name IN ('duplicates', 'names');
CALL files.names('m/d', '20240101000000_a/up.sql', '2024-01-01-000000_b/up.sql');
SELECT * FROM migrator.apply('m/d', dry_run => true);
CALL files.names('m/d', '20250101-a.sql', '20250101-a.up.sql');
SELECT * FROM migrator.apply('m/d', dry_run => true);

-- Dated: the stem is the version, ordered by bytes; a target may be its beginning.
CALL files.names('m/d', '20250131-a.sql', '20250202-b.sql', '20250202-a.sql', '20250203-Z.sql', '20250203-a.sql');
SELECT version FROM migrator.pending('m/d');
SELECT try(target => '20250202');
SELECT try(target => '202501');
SELECT try(target => '20250202-a');
SELECT try(target => '20250204');
SELECT try(versions => '{20250202-b}');
-- versions are whole ones; the nearest is named
SELECT try(versions => '{20250202}');

-- What is applied is left out of a target and of versions.
SELECT version FROM migrator.apply('m/d', target => '20250202');
SELECT version FROM migrator.apply('m/d', target => '20250202');
SELECT version FROM migrator.apply('m/d', versions => '{20250202-a}');
SELECT version FROM migrator.apply('m/d');

-- A file whose number is written otherwise than on record is the same migration.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
SELECT version FROM migrator.apply('m/d', target => '1');
CALL files.make('m/d', '0001_a.sql', 'SELECT 1;', '0002_b.sql', 'SELECT 2;');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version FROM migrator.apply('m/d');
SELECT version, state FROM migrator.migrations ORDER BY version COLLATE "C";

-- A record made under another layout stops a run, unless it is forced.
CALL files.names('m/d', '1_a.up.sql', '2_b.up.sql', '3_c.up.sql');
SELECT version FROM migrator.apply('m/d');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name = 'layout';
SELECT version FROM migrator.apply('m/d', options => '{"force": true}');
