-- is_current() and assert_current(), with a source and without.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '02_b.sql', 'SELECT 2;', '10_c.sql', 'SELECT 10;');
CREATE FUNCTION files.current(source text, version text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM migrator.assert_current(source, version => version);
  RETURN 'asserted, ' || migrator.is_current(source, version => version);
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- nothing applied
SELECT s, v, files.current(s, v) FROM (VALUES ('m/d', NULL), ('m/d', '1'), ('m/d', '99'), (NULL, '1'), (NULL, NULL), ('m/nowhere', '1')) t(s, v);
SELECT version FROM migrator.apply('m/d', target => '2');
-- as far as 2: with files up to a version, without files the record has it
SELECT s, v, files.current(s, v), migrator.is_current(s, version => v)
  FROM (VALUES ('m/d', NULL), ('m/d', '1'), ('m/d', '2'), ('m/d', '0002'), ('m/d', '10'), ('m/d', '99'), (NULL, '1'), (NULL, '2'),
  (NULL, '002'), (NULL, '10'), (NULL, 'x')) t(s, v);
SELECT migrator.assert_current('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.assert_current(version => '10');
\echo :LAST_ERROR_SQLSTATE
SELECT version FROM migrator.apply('m/d');
SELECT s, v, files.current(s, v) FROM (VALUES ('m/d', NULL), ('m/d', '10'), (NULL, '10'), (NULL, '11')) t(s, v);
-- an older source than the record is current, a newer version than it has is not
CALL files.remove('m/d/10_c.sql');
SELECT s, v, files.current(s, v) FROM (VALUES ('m/d', NULL), ('m/d', '10'), ('m/d', '11')) t(s, v);
-- by the registration
SELECT migrator.register('default', 'm/d') \g /dev/null
SELECT files.current(NULL, NULL), migrator.is_current(), migrator.is_current(service => 'default');
CALL files.write('m/d/11_d.sql', 'SELECT 1/0;');
SELECT files.current(NULL, NULL), files.current(NULL, '11'), files.current(NULL, '10');
-- a failed one is not current
SELECT version FROM migrator.apply(on_error => 'continue');
SELECT files.current(NULL, NULL), files.current(NULL, '11');
-- a manual one does not count
CALL files.write('m/d/11_d.sql', E'-- migrator: manual\nSELECT 1/0;');
SELECT files.current(NULL, NULL);
-- Prisma and dated versions, without files
CALL files.forget();
CALL files.names('m/d', '20250131-a.sql', '20250131-b.sql', '20250202-c.sql');
SELECT version FROM migrator.apply('m/d', target => '20250131-a');
SELECT s, v, files.current(s, v) FROM (VALUES ('m/d', '20250131'), ('m/d', '20250131-a'), (NULL, '20250131-a'), (NULL, '20250131-b'),
  ('m/d', '20250202')) t(s, v);
-- more than ten are cut
CALL files.make('m/d');
DO $$ BEGIN FOR i IN 1..12 LOOP CALL files.write(format('m/d/%s_x.sql', i), 'SELECT 1;'); END LOOP; END $$;
SELECT migrator.assert_current('m/d', 'many');
-- nulls
SELECT migrator.is_current(NULL, NULL, NULL, NULL);
