-- Which layout a directory has, and what its versions are called.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

CREATE VIEW found AS SELECT version, name, file FROM migrator.pending('m/d');
-- the layout is named in validate()'s ok rows
CREATE VIEW layout AS SELECT message FROM migrator.validate('m/d') WHERE check_name = 'readable';

-- golang-migrate: pairs; the order is that of the numbers; titles may be odd
CALL files.names('m/d', '2_b.up.sql', '2_b.down.sql', '10_c.up.sql', '000001_a.with.dots.up.sql', '000001_a.with.dots.down.sql', '11_.up.sql');
TABLE layout;
TABLE found;
-- as the fixture holds them
\set golang :dir '/fixtures/golang'
SELECT version, name, file, transactional FROM migrator.pending(:'golang');

-- dated files, short and long, with and without .up and .down; two of one day
CALL files.names('m/d', '20250202-second.sql', '20250202-first.sql', '20250131-a.up.sql', '20250131-a.down.sql', '20250203123059_c.sql',
  '20250203123059_c.down.sql');
TABLE layout;
TABLE found;
\set dated :dir '/fixtures/dated'
SELECT version, name, file, description FROM migrator.pending(:'dated');

-- numbered: one, no or another separator
CALL files.names('m/d', '1.sql', '2-two.sql', '0003_three.sql', '4.four.sql', '10_ten.SQL', '9.sql');
TABLE layout;
TABLE found;
\set numbered :dir '/fixtures/numbered'
SELECT version, name, file FROM migrator.pending(:'numbered');

-- Prisma: folders; migration_lock.toml is no migration
CALL files.names('m/d', '20240101000000_init/migration.sql', '20240102000000_more/migration.sql', '20240102000000_more/README.md', 'migration_lock.toml');
TABLE layout;
TABLE found;
\set prisma :dir '/fixtures/prisma'
SELECT version, name, file FROM migrator.pending(:'prisma');

-- diesel: folders; dashes are no part of the version
CALL files.names('m/d', '2024-01-01-000000_init/up.sql', '2024-01-01-000000_init/down.sql', '00000000000000_diesel_initial_setup/up.sql');
TABLE layout;
TABLE found;
\set diesel :dir '/fixtures/diesel'
SELECT version, name, file FROM migrator.pending(:'diesel');

-- Each fixture applies, and its objects are there.
SELECT version, outcome FROM migrator.apply(:'golang', service => 'golang');
SELECT version, outcome FROM migrator.apply(:'dated', service => 'dated');
SELECT version, outcome FROM migrator.apply(:'numbered', service => 'numbered');
SELECT version, outcome FROM migrator.apply(:'prisma', service => 'prisma');
SELECT version, outcome FROM migrator.apply(:'diesel', service => 'diesel');
SELECT table_name FROM information_schema.tables WHERE table_schema = 'app' AND table_type = 'BASE TABLE' ORDER BY 1;
-- down scripts are put on record where there are any
SELECT service, version, layout, down_script FROM migrator.migrations WHERE down_script IS NOT NULL ORDER BY 1, 2;

-- Ambiguous: each layout leaves something to another one. All are named.
CALL files.names('m/d', '1_a.up.sql', '20250101-b.sql');
TABLE found;
CALL files.names('m/d', '20240101000000_init/migration.sql', '2024-01-02-000000_x/up.sql');
TABLE found;
CALL files.names('m/d', '1_a.sql', '20250101-b.sql');
TABLE found;

-- Unrecognised: nothing fits; the known rules are told.
CALL files.names('m/d', 'init.sql', 'V1_flyway.sql', '1_a.txt', 'README.md');
TABLE found;
-- an empty directory
CALL files.make('m/d');
TABLE found;
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.status('m/d');
SELECT * FROM migrator.validate('m/d');
-- dot entries only
CALL files.names('m/d', '.1_a.sql', '.git/1_a.sql', '.hidden.sql');
TABLE found;
-- downs only
CALL files.names('m/d', '1_a.down.sql');
TABLE found;
-- a directory that is not there, and one that is a file
SELECT * FROM migrator.pending('m/nowhere');
CALL files.write('m/file', '');
SELECT * FROM migrator.pending('m/file');
SELECT * FROM migrator.pending('');
SELECT * FROM migrator.pending('stage:app');

-- Dates that are none are no dates.
CALL files.names('m/d', '20250230-a.sql', '20251301-b.sql', '20250101-ok.sql');
TABLE found;
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'names';
CALL files.names('m/d', '20250230-a.sql');
TABLE found;

-- Ignored names are told by validate().
CALL files.names('m/d', '1_a.up.sql', 'views.sql', 'README.md', 'notes/todo.txt', '2_b.down.sql', '.hidden.sql', 'x_1.up.sql', 'archive/old.sql');
TABLE found;
SELECT severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'names' ORDER BY file COLLATE "C";

-- Folders that may be environments: nothing of the top is applied without a word of them.
CALL files.names('m/d', '1_a.up.sql', 'common/2_b.up.sql');
SELECT * FROM migrator.apply('m/d');
CALL files.names('m/d', '1_a.up.sql', 'production/');
SELECT * FROM migrator.apply('m/d');
-- a folder that nobody knows, with files that would be migrations
CALL files.names('m/d', '1_a.up.sql', 'emea/2_b.up.sql');
SELECT * FROM migrator.apply('m/d');
CALL files.names('m/d', 'development/1_a.sql', 'staging/1_a.sql');
SELECT * FROM migrator.status('m/d');
-- and their JSON file
CALL files.names('m/d', '1_a.up.sql', 'environments.json');
SELECT * FROM migrator.apply('m/d');
SELECT count(*) FROM migrator.migrations WHERE service = 'default';

-- Hostile names: quotes, blanks, a newline, UTF-8, percent signs, SQL.
CALL files.make('m/d',
  '1_it''s a "name".up.sql', 'CREATE TABLE h1();',
  E'2_new\nline.up.sql', 'CREATE TABLE h2();',
  '3_größe – 表.up.sql', 'CREATE TABLE h3();',
  '4_%s%n%d.up.sql', 'CREATE TABLE h4();',
  '5_''); DROP TABLE migrator.migrations; --.up.sql', 'CREATE TABLE h5();',
  E'6_\\x\x01.up.sql', 'CREATE TABLE h6(); SELECT nosuch;');
SELECT version, name, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT migration_name, status FROM migrator.schema_migrations WHERE migration_name ~ '^[1-6]_' ORDER BY 1;
SELECT migrator.summary('m/d', 'default') -> 'pendingMigrations';
-- a name that is not valid UTF-8
CALL files.forget();
CALL files.names('m/d', '1_a.up.sql');
CALL files.run($$printf 'SELECT 1;' > "$(printf 'm/d/2_\377.up.sql')"$$);
SELECT * FROM migrator.pending('m/d');
CALL files.names('m/d', '1_a.up.sql');
CALL files.run($$printf 'SELECT 1;' > "$(printf 'm/d/x\377.sql')"$$);
SELECT version FROM migrator.pending('m/d');
SELECT severity, file, message FROM migrator.validate('m/d') WHERE check_name = 'names';
