-- The down script of record: what was there when the migration was applied.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE PROCEDURE files.begin_again() LANGUAGE sql AS $$
  CALL files.make('m/d',
    '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;',
    '2_b.up.sql', 'CREATE TABLE b(i int);', '2_b.down.sql', E'-- as it was\nDROP TABLE b;') $$;
CALL files.begin_again();
SELECT count(*) FROM migrator.apply('m/d');
SELECT version, down_script, irreversible FROM migrator.migrations ORDER BY version;

-- The file was changed since: a WARNING, and the one of record.
CALL files.write('m/d/2_b.down.sql', 'DROP TABLE b; CREATE TABLE by_the_file();');
SELECT version, outcome FROM migrator.rollback('m/d');
SELECT to_regclass('by_the_file');
SELECT count(*) FROM migrator.apply('m/d');
-- applied anew it is the file's
SELECT version, outcome FROM migrator.rollback('m/d', dry_run => true);
CALL files.write('m/d/2_b.down.sql', 'DROP TABLE b; CREATE TABLE by_another_file();');
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"down_source": "file"}');
SELECT to_regclass('by_the_file'), to_regclass('by_another_file');
DROP TABLE by_another_file;
-- or accepted; lines that end otherwise are another script, a byte order mark is none
SELECT count(*) FROM migrator.apply('m/d');
CALL files.write('m/d/2_b.down.sql', E'DROP TABLE b;\r\n');
SELECT version, outcome FROM migrator.rollback('m/d', dry_run => true);
SELECT migrator.accept('2', source => 'm/d');
CALL files.write('m/d/2_b.down.sql', '\xefbbbf'::bytea || convert_to(E'DROP TABLE b;\r\n', 'UTF8'));
SELECT version, outcome FROM migrator.rollback('m/d', dry_run => true);
-- no file any more: the record is enough, and no down script in files is none
CALL files.run('rm m/d/2_b.down.sql');
SELECT * FROM migrator.rollback('m/d', options => '{"down_source": "file"}');
SELECT version, outcome FROM migrator.rollback('m/d', dry_run => true);
SELECT migrator.accept('2', source => 'm/d');
SELECT * FROM migrator.rollback('m/d');
-- one that cannot be read is no reason to stop, nor one that cannot be parsed
CALL files.write('m/d/2_b.down.sql', 'DROP TABLE b;');
SELECT migrator.accept('2', source => 'm/d');
CALL files.write('m/d/2_b.down.sql', '\xff00'::bytea);
SELECT version, outcome FROM migrator.rollback('m/d', dry_run => true);
SELECT * FROM migrator.rollback('m/d', options => '{"down_source": "file"}');
CALL files.write('m/d/2_b.down.sql', 'DROP TABL b;');
SELECT * FROM migrator.rollback('m/d', options => '{"down_source": "file"}');
SELECT version, outcome FROM migrator.rollback('m/d');

-- A deploy took the newer files away, or all: it goes back all the same.
CALL files.forget();
CALL files.begin_again();
SELECT count(*) FROM migrator.apply('m/d');
CALL files.run('rm m/d/2_b.*');
CALL migrator.down('m/d') \gset
SELECT :'result'::jsonb - '{duration_ms,migrations}'::text[];
SELECT version, outcome FROM migrator.rollback();
SELECT version, state FROM migrator.status();
SELECT version, outcome FROM migrator.rollback();
-- without a source nothing can be chosen that is not on record
SELECT * FROM migrator.rollback(target => '3');
SELECT * FROM migrator.rollback(versions => '{3}');
-- errors name the script
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', E'SELECT 1;\nDROP TABLE nosuch;');
SELECT count(*) FROM migrator.apply('m/d');
SELECT * FROM migrator.rollback();
CALL migrator.down();

-- What said that there is no way back says so still when its files are gone.
CALL files.forget();
CALL files.begin_again();
CALL files.write('m/d/1_a.up.sql', E'-- migrator: irreversible\nCREATE TABLE a(i int);');
CALL files.write('m/d/dependencies.json', '{"migrations": {"2": {"description": "b", "rollback_safe": false}}}');
SELECT count(*) FROM migrator.apply('m/d');
SELECT version, irreversible FROM migrator.migrations ORDER BY version;
SELECT version, flags FROM migrator.status('m/d');
SELECT * FROM migrator.rollback();
CALL files.run('rm m/d/dependencies.json');
SELECT * FROM migrator.rollback('m/d');
SELECT migrator.accept('2', source => 'm/d');
SELECT version, outcome FROM migrator.rollback('m/d');
SELECT * FROM migrator.rollback();
SELECT version, outcome FROM migrator.rollback(options => '{"force": true}');
-- baseline() leaves alone what is half-way back
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', E'-- migrator: no-transaction\nDROP TABLE a; SELECT 1/0;',
  '2_b.up.sql', 'SELECT 2;');
CALL migrator.up('m/d', target => '1') \g /dev/null
CALL migrator.down('m/d');
SELECT migrator.baseline('m/d', version => '2');
SELECT version, state, direction FROM migrator.migrations ORDER BY version;
