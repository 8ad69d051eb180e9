-- What psql prints is readable in a terminal of 120 columns: names of 40 characters, versions of 14, long services.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT array_agg(word ORDER BY i, n) AS pairs FROM generate_series(1, 5) i, LATERAL (VALUES
  (1, '2024010112000' || i || '_the_name_that_has_just_forty_characters' || i || '/migration.sql'),
  (2, CASE i WHEN 3 THEN 'SELECT 1/0;' WHEN 4 THEN 'VACUUM;' ELSE 'SELECT 1;' END)) w(n, word) \gset
CALL files.make('m/d', VARIADIC :'pairs');
SELECT length(name) FROM migrator.pending('m/d') LIMIT 1;
SELECT migrator.register('user-management-and-billing-service', 'm/d', 'production');
CALL migrator.up(service => 'user-management-and-billing-service', on_error => 'continue') \g /dev/null
UPDATE migrator.migrations SET execution_time_ms = 123456789.123 WHERE version LIKE '%1';
UPDATE migrator.runs SET duration_ms = 123456789.123, total = 10000, applied = 10000;
CALL files.make('m/e', '20240101-the-name-that-has-just-forty-characters1.sql', 'SELECT 1;',
  '20240102-x.up.sql', 'SELECT 1;', '20240102-x.down.sql', 'SELECT 1/0;');
CALL migrator.up('m/e') \g /dev/null
SELECT count(*) FROM migrator.rollback('m/e');
CALL files.write('m/e/20240101-the-name-that-has-just-forty-characters1.sql', 'SELECT 2;');
CALL files.write('m/e/20230102-late.sql', 'SELECT 2;');

-- each line, header too: how many are wider than 120 columns
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv PRINT '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -c "$STATEMENT" 2>/dev/null'
\setenv WIDTH 'eval "$PRINT" | awk \'length > 120 { wide++ } NF { lines++ } END { print (lines > 2 ? "printed" : "nothing") ",", wide + 0, "lines are wider" }\''
\setenv PGDATESTYLE ISO
\setenv STATEMENT 'SELECT * FROM migrator.status_brief(service => \'user-management-and-billing-service\')'
\! eval "$WIDTH"
\setenv STATEMENT 'TABLE migrator.migrations_brief'
\! eval "$WIDTH"
\setenv STATEMENT 'TABLE migrator.runs_brief'
\! eval "$WIDTH"
\setenv STATEMENT 'TABLE migrator.history_brief'
\! eval "$WIDTH"
\setenv STATEMENT 'SELECT migration_name, applied_at, execution_time_ms, status FROM migrator.schema_migrations ORDER BY applied_at DESC LIMIT 10'
\! eval "$WIDTH"

-- what they show
\pset format aligned
SELECT migration, state, flags, applied_at ~ '^\d{4}-\d\d-\d\d \d\d:\d\d$' AS timed, ms >= 0 AS ms
  FROM migrator.status_brief(service => 'user-management-and-billing-service');
SELECT migration, state, flags FROM migrator.status_brief('m/e');
SELECT service, migration, state, applied_at IS NOT NULL AS applied, ms > 1000 AS ms FROM migrator.migrations_brief ORDER BY 1, 2;
SELECT run_id, kind, service, environment, outcome, done, ms > 1000 AS ms FROM migrator.runs_brief;
SELECT service, migration, event, ms >= 0 AS ms, error FROM migrator.history_brief;
SELECT migrator.brief_text('000001', 'a', 10), migrator.brief_text('20240101-a', 'a', 10), migrator.brief_text(NULL, 'a', 10),
  migrator.brief_text('1', NULL, 10), migrator.brief_text(NULL, NULL, 10), migrator.brief_text('000001', 'abcd', 10),
  migrator.brief_text('000001', 'abcde', 11), migrator.brief_text('000001', 'abc', 10);

-- the result of a CALL is one short line, however many migrations there were
\pset format unaligned
CALL files.run('mkdir -p m/many; i=100;
  while [ $i -lt 400 ]; do echo "SELECT 1;" >m/many/000${i}_the_name_that_has_just_forty_characters.sql; i=$((i + 1)); done');
\setenv STATEMENT 'CALL migrator.up(\'m/many\', \'many\')'
\! eval "$PRINT" | awk 'NF { lines++; if (length > most) most = length } END { print lines, "lines,", (most < 160 ? "less than 160 characters" : most) }'
CALL files.write('m/d/20240101120003_the_name_that_has_just_forty_characters3/migration.sql', 'SELECT 1;');
\setenv STATEMENT 'CALL migrator.up(service => \'*\')'
\! eval "$PRINT" | awk 'NF { lines++; if (length > most) most = length } END { print lines, "lines,", (most < 400 ? "less than 400 characters" : most) }'
-- and no view can be written
SELECT is_updatable, count(*) FROM information_schema.views WHERE table_schema = 'migrator' AND table_name LIKE '%brief' GROUP BY 1;
