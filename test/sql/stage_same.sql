-- A directory and the same files staged are one source: record, checksums and flags do not notice which of them a run had.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- Every file below a directory, and the set made of them, by contents or by an archive.
CREATE FUNCTION files.below(directory text) RETURNS TABLE (path text, content bytea) LANGUAGE sql AS $$
  WITH RECURSIVE entry (path, isdir) AS (
    SELECT e, (pg_stat_file(directory || '/' || e)).isdir FROM pg_ls_dir(directory) AS e
    UNION ALL
    SELECT entry.path || '/' || e, (pg_stat_file(directory || '/' || entry.path || '/' || e)).isdir FROM entry,
      pg_ls_dir(directory || '/' || entry.path) AS e WHERE isdir)
  SELECT path, pg_read_binary_file(directory || '/' || path) FROM entry WHERE NOT isdir;
$$;
CREATE FUNCTION files.stage(name text, directory text) RETURNS integer LANGUAGE sql AS $$
  SELECT migrator.stage(name, array_agg(path), array_agg(content)) FROM files.below(directory);
$$;
CREATE FUNCTION files.stage_tar(name text, directory text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  CALL files.run(format('tar -C %s -czf %s .', files.quoted(directory), 'migrator_same.tar.gz'));
  RETURN migrator.stage_archive(name, pg_read_binary_file('migrator_same.tar.gz'));
END $$;
CREATE FUNCTION files.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- What stays of a run, without times and numbers.
CREATE VIEW files.record AS SELECT service, version, name, file, layout, state, environment, checksum, fingerprint, description,
  down_script, applied_by, statement_total, statement_done, done_digest, baseline, non_transactional, error_message FROM migrator.migrations;
CREATE VIEW files.logged AS SELECT service, version, name, event, environment, checksum, statement, line, error_message,
  error_sqlstate, note, applied_by, run_as FROM migrator.history;
CREATE VIEW files.ran AS SELECT kind, service, outcome, total, applied, failed, skipped FROM migrator.runs;

-- Every layout: all that can be asked is the same, before and after, and so is what a run leaves.
CREATE PROCEDURE files.compare(layout text, directory text) LANGUAGE plpgsql AS $$
DECLARE
  wanted text;
  given text;
  source text;
  looks text[] := '{}';
  question text;
BEGIN
  PERFORM files.stage('whole', directory), files.stage_tar('tar', directory);
  FOREACH source IN ARRAY ARRAY[directory, 'stage:whole', 'stage:tar'] LOOP
    CALL files.forget();
    given := '';
    FOREACH question IN ARRAY ARRAY['pending(%L)', 'status(%L)', 'validate(%L, verbose => true)', 'is_current(%L)',
      'apply(%L, dry_run => true)', 'apply(%L)', 'status(%L)', 'validate(%L, verbose => true)', 'apply(%L)', 'summary(%L)', 'assert_current(%L)'] LOOP
      EXECUTE format('SELECT %L || string_agg(q::text, E''\n'') FROM (SELECT to_jsonb(f) AS q FROM migrator.' || question || ' f) s', question, source)
        INTO question;
      given := given || coalesce(question, 'none') || E'\n';
    END LOOP;
    FOREACH question IN ARRAY ARRAY['record', 'logged', 'ran'] LOOP
      EXECUTE format('SELECT string_agg(r::text, E''\n'' ORDER BY r::text) FROM files.%I r', question) INTO question;
      given := given || coalesce(question, 'none') || E'\n';
    END LOOP;
    given := regexp_replace(replace(given, source, 'SOURCE'),
      '"(execution_time_ms|applied_at|executionTime|appliedAt|totalExecutionTime|lastAppliedAt|timestamp)": ("[^"]*"|[0-9.e-]+)', '', 'g');
    wanted := coalesce(wanted, given);
    looks := looks || CASE WHEN given = wanted THEN 'same' ELSE E'\n' || wanted || E'\n--- is not ---\n' || given END;
  END LOOP;
  RAISE WARNING '%: % migrations: %', layout, (SELECT count(*) FROM migrator.migrations WHERE state = 'applied'), looks;
END $$;
\set golang :dir '/fixtures/golang'
\set prisma :dir '/fixtures/prisma'
\set diesel :dir '/fixtures/diesel'
\set dated :dir '/fixtures/dated'
\set numbered :dir '/fixtures/numbered'
CALL files.compare('golang', :'golang');
CALL files.compare('prisma', :'prisma');
CALL files.compare('diesel', :'diesel');
CALL files.compare('dated', :'dated');
CALL files.compare('numbered', :'numbered');
CALL files.make('m/odd', '1_a.sql', E'\ufeff-- With BOM\r\nSELECT 1;\r\n', '2_b''s "file".sql', 'SELECT ''ä'';', '.hidden.sql', 'x',
  '.git/3_c.sql', 'x', 'sub/.4_d.sql', 'x', '5_ü.SQL', 'SELECT 5;', 'README', 'no sql', 'doc/notes.txt', 'no sql');
CALL files.compare('odd names', 'm/odd');
CALL files.make('m/prisma', '20240101000000_a/migration.sql', 'SELECT 1;', '20240102000000_B/migration.sql', 'SELECT 2;',
  'c/README.md', 'x', 'd/deep/migration.sql', 'x', 'migration_lock.toml', 'x');
CALL files.compare('folders', 'm/prisma');
-- what is in more than one layout, or in none, is refused alike
CALL files.make('m/mixed', '1_a.sql', 'SELECT 1;', '20240101000000_b/migration.sql', 'SELECT 2;', '20250101-c.sql', 'SELECT 3;');
CALL files.make('m/none', 'README', 'x', 'V1__a.sql', 'x');
SELECT directory, files.stage('set', directory), replace(files.refused(format('SELECT * FROM migrator.pending(%L)', directory)),
  directory, 'SOURCE') = replace(files.refused('SELECT * FROM migrator.pending(''stage:set'')'), 'stage:set', 'SOURCE') AS alike
  FROM (VALUES ('m/mixed'), ('m/none')) AS v (directory);

-- Half of it from one, the rest from the other: nobody notices.
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (i int);', '2_b.sql', E'CREATE TABLE b (i int);\r\n', '3_c.sql',
  'CREATE TABLE c (i int); SELECT ''ä'';', '4_d.sql', 'CREATE TABLE d (i int);');
SELECT files.stage('d', 'm/d');
SELECT s.path, s.sha256 = encode(sha256(content), 'hex') AS sha256 FROM migrator.staged s JOIN files.below('m/d') USING (path) WHERE name = 'd' ORDER BY path;
CALL files.forget();
SELECT version, outcome FROM migrator.apply('m/d', target => '2');
SELECT version, state, flags FROM migrator.status('stage:d');
SELECT version, outcome FROM migrator.apply('stage:d', target => '3');
CALL migrator.up('m/d', result => '{}') \g /dev/null
SELECT version, state, flags FROM migrator.status('m/d') INTERSECT SELECT version, state, flags FROM migrator.status('stage:d') ORDER BY 1;
SELECT version, checksum = (SELECT sha256 FROM migrator.staged WHERE name = 'd' AND path = file) AS checksum FROM migrator.migrations ORDER BY 1;
SELECT kind, source, outcome, applied FROM migrator.runs ORDER BY run_id;
SELECT version FROM migrator.apply('m/d') UNION ALL SELECT version FROM migrator.apply('stage:d');
SELECT check_name, message FROM migrator.validate('stage:d') WHERE severity NOT IN ('ok', 'info');
CREATE TABLE files.first AS TABLE files.record;
-- the reverse
CALL files.forget();
CALL migrator.up('stage:d', target => '1', result => '{}') \g /dev/null
SELECT version, outcome FROM migrator.apply('m/d', target => '2');
CALL migrator.up('stage:d', target => '3', result => '{}') \g /dev/null
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags FROM migrator.status('stage:d');
SELECT kind, source, outcome, applied FROM migrator.runs ORDER BY run_id;
(TABLE files.record EXCEPT TABLE files.first) UNION ALL (TABLE files.first EXCEPT TABLE files.record);
-- baseline of one, and go on with the other
CALL files.forget();
SELECT migrator.baseline('stage:d', version => '2');
SELECT version, outcome FROM migrator.apply('m/d', target => '3');
SELECT version, state, flags FROM migrator.status('stage:d');
CALL files.forget();
SELECT migrator.baseline('m/d', version => '2');
SELECT version, outcome FROM migrator.apply('stage:d', target => '3');
SELECT version, state, flags FROM migrator.status('m/d');
-- they are not, when a file differs: it shows, whichever it is
CALL files.write('m/d/3_c.sql', 'CREATE TABLE c (j int);');
SELECT version, state, flags FROM migrator.status('m/d') WHERE flags <> '{baseline}';
SELECT version, state, flags FROM migrator.status('stage:d') WHERE flags <> '{baseline}';
SELECT migrator.stage('d', '4_d.sql', 'CREATE TABLE d (j int);');
SELECT version, outcome FROM migrator.apply('stage:d');
SELECT version, state, flags FROM migrator.status('m/d') WHERE flags <> '{baseline}';
-- a staged set that has lost a file
SELECT migrator.stage('d', ARRAY['1_a.sql', '3_c.sql', '4_d.sql'], NULL,
  ARRAY(SELECT sha256 FROM migrator.staged WHERE name = 'd' AND path <> '2_b.sql' ORDER BY path));
SELECT version, state, flags FROM migrator.status('stage:d');

-- A failed run goes on with the other source, mended; one that stopped in the middle of a script, too.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (i int);', '2_b.sql', E'CREATE TABLE b (i int);\nCREATE INDEX CONCURRENTLY b_i ON b (i);\nSELECT 1/0;\n');
CALL migrator.up('m/d');
SELECT files.stage('d', 'm/d');
SELECT migrator.stage('d', '2_b.sql', E'CREATE TABLE b (i int);\nCREATE INDEX CONCURRENTLY b_i ON b (i);\nSELECT 1/1;\n');
CALL migrator.up('stage:d', result => '{}') \g /dev/null
SELECT version, state, flags, statement_done, statement_total FROM migrator.status('stage:d') JOIN migrator.migrations USING (version, state);
CALL files.forget();
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'CREATE TABLE b (i int);\nCREATE INDEX CONCURRENTLY b_i ON b (i);\nSELECT 1/1;\n');
SELECT migrator.stage('d', '2_b.sql', E'CREATE TABLE b (i int);\nCREATE INDEX CONCURRENTLY b_i ON b (i);\nSELECT 1/0;\n');
CALL migrator.up('stage:d');
CALL migrator.up('m/d', result => '{}') \g /dev/null
SELECT version, state, flags FROM migrator.status('m/d');

-- The source that a service is registered with: a directory and its files staged are the same place, another set is not.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (i int);', '2_b.sql', 'CREATE TABLE b (i int);', '3_c.sql', 'CREATE TABLE c (i int);');
CALL files.make('m/copy', '1_a.sql', 'CREATE TABLE a (i int);', '2_b.sql', 'CREATE TABLE b (i int);', '3_c.sql', 'CREATE TABLE c (i int);');
SELECT files.stage('same', 'm/d'), files.stage('again', 'm/d'),
  -- one applied migration of two, and a later one
  migrator.stage('part', ARRAY['2_b.sql', '9_i.sql'], ARRAY['CREATE TABLE b (i int);'::bytea, 'CREATE TABLE i (i int);']),
  migrator.stage('folders', ARRAY['d/1_a.sql', 'd/2_b.sql', 'd/3_c.sql'],
    ARRAY['CREATE TABLE a (i int);'::bytea, 'CREATE TABLE b (i int);', 'CREATE TABLE c (i int);']),
  -- nothing of it; only what is pending; other scripts under the same versions; one of the same file name
  migrator.stage('other', ARRAY['10_x.sql', '11_y.sql'], ARRAY['CREATE TABLE x (i int);'::bytea, 'CREATE TABLE y (i int);']),
  migrator.stage('pending', '3_c.sql', 'CREATE TABLE c (i int);'),
  migrator.stage('versions', ARRAY['1_x.sql', '2_y.sql'], ARRAY['CREATE TABLE x (i int);'::bytea, 'CREATE TABLE y (i int);']),
  migrator.stage('layout', ARRAY['1_a.up.sql', '2_b.up.sql', '3_c.up.sql'],
    ARRAY['CREATE TABLE a (i int);'::bytea, 'CREATE TABLE b (i int);', 'CREATE TABLE c (i int);']),
  migrator.stage('modified', ARRAY['1_a.sql', '4_d.sql'], ARRAY['CREATE TABLE x (i int);'::bytea, 'CREATE TABLE d (i int);']);
CREATE FUNCTION files.matrix(registered text) RETURNS TABLE (source text, apply text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM migrator.register('svc', registered);
  FOREACH source IN ARRAY ARRAY['m/d', 'm/copy', 'stage:same', 'stage:again', 'stage:folders/d', 'stage:part', 'stage:other',
    'stage:pending', 'stage:versions', 'stage:layout', 'stage:modified'] LOOP
    apply := files.refused(format('SELECT * FROM migrator.apply(%L, ''svc'', dry_run => true)', source));
    RETURN NEXT;
  END LOOP;
END $$;
-- nothing is applied yet: no matter
SELECT source, apply FROM files.matrix('m/d') WHERE apply <> 'accepted';
SELECT version, outcome FROM migrator.apply('m/d', 'svc', target => '2');
SELECT source, apply FROM files.matrix('m/d');
SELECT source, apply FROM files.matrix('stage:same');
SELECT source, apply FROM files.matrix('stage:again/') EXCEPT SELECT source, replace(apply, 'stage:same', 'stage:again/') FROM files.matrix('stage:same');
-- the source that is registered decides, not what became of it: its files may be gone
SELECT migrator.register('svc', 'stage:same'), migrator.unstage('same');
SELECT version, outcome FROM migrator.apply('m/d', 'svc', dry_run => true);
SELECT version, outcome FROM migrator.apply('stage:again', 'svc', dry_run => true);
SELECT version, outcome FROM migrator.apply('stage:other', 'svc', dry_run => true);
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('stage:other', 'svc');
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply('stage:other', 'svc', dry_run => true, options => '{"force": true}');
-- looking needs no such agreement
SELECT version, state, flags FROM migrator.status('stage:other', 'svc');
-- and what is run from the other source is one history
CALL migrator.up('stage:again', 'svc', result => '{}') \g /dev/null
SELECT version, state, flags FROM migrator.status('m/d', 'svc');
SELECT source, outcome, applied FROM migrator.runs WHERE outcome = 'applied' ORDER BY run_id;
-- the service is found by its source, as that of a directory
SELECT migrator.register('first', 'stage:again'), migrator.register('second', 'm/d');
SELECT service, count(*) FROM migrator.status('stage:again') GROUP BY 1;
SELECT service, count(*) FROM migrator.status('stage:again/') GROUP BY 1;
SELECT service, count(*) FROM migrator.status('m/../m/d') GROUP BY 1;
SELECT service, count(*) FROM migrator.status('stage:part') GROUP BY 1;
-- none is named, and the set has the name of a service that has another source: it would all be run again, for "default"
CALL files.forget();
SELECT migrator.register('shop', 'm/d'), migrator.register('same', 'm/d'), migrator.register('default', 'm/copy');
SELECT files.stage('shop', 'm/d'), files.stage('default', 'm/d'), files.stage('other-name', 'm/d');
SELECT version, outcome FROM migrator.apply('stage:shop');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('stage:shop');
SELECT call, files.refused('SELECT * FROM migrator.' || call)
  FROM (VALUES ('status(''stage:shop'')'), ('pending(''stage:shop'')'), ('is_current(''stage:shop/'')'), ('baseline(''stage:shop'')'),
  ('apply(''stage:shop/folder'')')) AS v (call);
SELECT version, outcome FROM migrator.apply('stage:shop', 'shop', target => '1');
SELECT service, version FROM migrator.pending('stage:shop', 'default');
-- also where it is registered with another set, where the set is another service's, where it is on record alone
SELECT migrator.register('shop', 'stage:other-name');
SELECT files.refused($$SELECT * FROM migrator.apply('stage:shop')$$);
SELECT service, version FROM migrator.pending('stage:other-name');
SELECT migrator.register('same', 'stage:shop');
CALL migrator.up('stage:shop');
SELECT migrator.unregister('shop'), migrator.unregister('same'), migrator.unregister('default');
CALL migrator.up('stage:shop');
SELECT service, count(*) FROM migrator.pending('stage:other-name') GROUP BY 1;
SELECT migrator.register('shop', 'stage:shop');
SELECT service, version FROM migrator.pending('stage:shop');
SELECT service, version FROM migrator.pending('stage:other-name');
SELECT service, version FROM migrator.pending('stage:default');
SELECT migrator.register('shop', 'stage:shop');
SELECT service, version FROM migrator.pending('stage:shop');
SELECT service, version FROM migrator.pending('stage:shop/');
CALL files.run('rm -f migrator_same.tar.gz');
