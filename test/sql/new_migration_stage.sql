-- new_migration() of staged files: names and text for the client.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT migrator.stage('app', '0001_users.up.sql', 'CREATE TABLE users ()');
SELECT * FROM migrator.new_migration('stage:app', 'add e-mail', up => 'ALTER TABLE users ADD email text');
SELECT count(*) FROM migrator.staged;
SELECT files.error($$SELECT migrator.new_migration('stage:nothing', 'x')$$);
