-- Files that a client sends: stage(), stage_missing(), unstage(), view staged; and what they are as a source.
-- Archives: test/t/201_stage_archive.pl. Rights: stage_rights.sql. The same as a directory: stage_same.sql.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- How a statement is refused, with detail and hint.
CREATE FUNCTION files.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ': ' || concat_ws(' / ', SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE FUNCTION files.sha(content text) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') $$;
-- What is staged, with its content; what is stored without a path; where anything was written.
CREATE VIEW files.held AS SELECT f.name, path, f.size, convert_from(content, 'UTF8') AS content FROM migrator.staged_files f
  LEFT JOIN migrator.staged_contents c USING (name, sha256) ORDER BY 1, 2;
CREATE VIEW files.left_over AS SELECT name, convert_from(content, 'UTF8') AS content, replaced_by IS NOT NULL AS marked
  FROM migrator.staged_contents c WHERE replaced_by IS NOT NULL
  OR NOT EXISTS (SELECT FROM migrator.staged_files f WHERE f.name = c.name AND f.sha256 = c.sha256) ORDER BY 1, 2;
CREATE VIEW files.written AS SELECT 'stages' AS what, name AS of, xmin::text AS xid, ctid::text AS place FROM migrator.stages
  UNION ALL SELECT 'files', name || ' ' || path || ' ' || staged_at, xmin::text, ctid::text FROM migrator.staged_files
  UNION ALL SELECT 'contents', name || ' ' || sha256, xmin::text, ctid::text FROM migrator.staged_contents;

-- One file after the other; the number of files in the set is returned.
SELECT migrator.stage('x', '1_a.sql', 'CREATE TABLE a (i int);');
SELECT migrator.stage('x', '2_b.sql', convert_to('CREATE TABLE b (i int);', 'UTF8'));
SELECT migrator.stage(name => 'x', path => '1_a.sql', content => 'CREATE TABLE a (j int);'::text);
SELECT migrator.stage('X', '1_a.sql', 'another set: case tells them apart');
TABLE files.held;
SELECT file FROM migrator.validate('stage:x') WHERE check_name = 'syntax' AND severity = 'error' UNION ALL SELECT file
  FROM migrator.validate('stage:X') WHERE check_name = 'syntax' AND severity = 'error';
SELECT name, path, size, sha256 = files.sha(CASE path WHEN '1_a.sql' THEN 'CREATE TABLE a (j int);' ELSE 'CREATE TABLE b (i int);' END)
  AS sha256, staged_at <= clock_timestamp() AS staged_at, staged_by FROM migrator.staged WHERE name = 'x' ORDER BY path;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'migrator' AND table_name = 'staged' ORDER BY ordinal_position;
SELECT name, pg_get_userbyid(owner) AS owner, file_count, total_size FROM migrator.stages ORDER BY 1;
SELECT migrator.unstage('X');
-- nothing to remove: a notice
SET client_min_messages = notice;
SELECT migrator.unstage('X');
SELECT migrator.unstage('never');
SET client_min_messages = warning;
-- arrays: the whole set
SELECT migrator.stage('x', ARRAY['3_c.sql', '1_a.sql'], ARRAY['SELECT 3'::bytea, 'SELECT 1']);
TABLE files.held;
SELECT migrator.stage(name => 'x', paths => '{1_a.sql}', contents => '{"SELECT 11"}', sha256s => ARRAY[files.sha('SELECT 11')]);
TABLE files.held;
-- the text form stores UTF-8, the other bytes as they are
SELECT migrator.stage('x', 'ä/1_ü.sql', 'ÄÖÜ€'), migrator.stage('x', 'bytes', '\x0001ff00'::bytea), migrator.stage('x', 'empty', ''),
  migrator.stage('x', 'empty too', ''::bytea);
SELECT path, f.size, content FROM migrator.staged_files f JOIN migrator.staged_contents USING (name, sha256) WHERE path <> '1_a.sql' ORDER BY 1;
-- arguments without a type lead to the text form; those that were meant for the others are refused
SELECT migrator.stage('x', 'unknown', 'a text');
SELECT path, files.refused(format('SELECT migrator.stage(''x'', %L, %L)', path, content))
  FROM (VALUES ('{1_a.sql,2_b.sql}', '{a,b}'), ('{1_a.sql}', 'SELECT 1'), ('{}', '{}'), ('1_a.sql', '\x53454c4543542031'),
  ('1_a.sql', '\x'), ('1_a.sql', '\xAb'),
  ('{1_a', '\x5g'), ('1_a}', 'x53')) AS v (path, content);
SELECT migrator.stage('x', '{1_a.sql}', '\x53454c4543542031'::bytea);
SELECT path, content FROM files.held WHERE path ~ '[{}]';
SELECT migrator.unstage('x');
-- what is left of it goes with the next change
SELECT migrator.unstage('x');
SELECT count(*) AS files, (SELECT count(*) FROM migrator.staged_contents) AS contents, (SELECT count(*) FROM migrator.stages) AS stages FROM migrator.staged;

-- Nulls.
SELECT call, files.refused('SELECT migrator.' || call) FROM (VALUES
  ($$stage(NULL, '1_a.sql', 'a'::text)$$), ($$stage('x', NULL, 'a'::text)$$), ($$stage('x', '1_a.sql', NULL::text)$$),
  ($$stage(NULL, '1_a.sql', 'a'::bytea)$$), ($$stage('x', NULL, 'a'::bytea)$$), ($$stage('x', '1_a.sql', NULL::bytea)$$),
  ($$stage(NULL, ARRAY['1_a.sql'], ARRAY['a'::bytea])$$), ($$stage('x', NULL::text[], ARRAY['a'::bytea])$$),
  ($$stage('x', ARRAY['1_a.sql', NULL], ARRAY['a'::bytea, 'b'])$$), ($$stage('x', ARRAY['1_a.sql'], ARRAY[NULL::bytea])$$),
    ($$stage('x', ARRAY['1_a.sql'], NULL::bytea[])$$),
  ($$stage('x', ARRAY['1_a.sql'], ARRAY['a'::bytea], ARRAY[NULL])$$), ($$stage(NULL, NULL, NULL)$$),
  ($$stage_archive(NULL, 'a')$$), ($$stage_archive('x', NULL)$$),
  ($$stage_missing(NULL, ARRAY['a'], ARRAY['b'])$$), ($$stage_missing('x', NULL, ARRAY['b'])$$), ($$stage_missing('x', ARRAY['a'], NULL)$$),
    ($$stage_missing('x', ARRAY[NULL], ARRAY[files.sha('')])$$), ($$stage_missing('x', ARRAY['a'], ARRAY[NULL])$$),
  ($$unstage(NULL)$$)) AS v (call);
-- Names.
SELECT name, files.refused(format($$SELECT migrator.stage(%L, '1_a.sql', 'SELECT 1'::text)$$, name)) AS stage
  FROM (VALUES (''), (' '), ('a b'), ('.a'), ('-a'), ('_a'), ('ä'), ('a/b'), ('a:b'), (E'a\nb'), ('a''b'), ('a"b'), ('a\b'), (repeat('a', 64))) AS v (name);
SELECT call, files.refused('SELECT * FROM migrator.' || call)
  FROM (VALUES ($$stage('a b', '1_a.sql', 'a'::bytea)$$), ($$stage('a b', ARRAY['1_a.sql'], ARRAY['a'::bytea])$$),
  ($$stage_archive('a b', 'a')$$), ($$stage_missing('a b', ARRAY['1_a.sql'], ARRAY[files.sha('')])$$), ($$unstage('a b')$$),
  ($$apply('stage:a b')$$), ($$status('stage:')$$), ($$status('stage:/1')$$), ($$pending('stage:' || repeat('a', 64))$$)) AS v (call);
SELECT migrator.stage('9', '1_a.sql', 'a'), migrator.stage('A.b_c-9', '1_a.sql', 'a'), migrator.stage(repeat('a', 63), '1_a.sql', 'a');
SELECT migrator.unstage('9'), migrator.unstage('A.b_c-9'), migrator.unstage(repeat('a', 63));

-- Paths. Refused in every form.
CREATE VIEW files.bad_paths AS SELECT * FROM (VALUES (''), ('/'), ('/etc/passwd'), ('..'), ('.'), ('../1_a.sql'), ('a/../1_a.sql'),
  ('a/..'), ('./1_a.sql'), ('a/./b'), ('a/.'), ('a//b'), ('a/'), ('//'), ('a' || repeat('/a', 511) || '/'), (repeat('a/', 511) || 'bb'),
  (repeat('ä', 128) || '/1.sql')) AS v (path);
SELECT CASE WHEN length(path) > 30 THEN left(path, 10) || '... ' || length(path) ELSE path END AS path,
  regexp_replace(files.refused(format($$SELECT migrator.stage('x', %L, 'SELECT 1'::text)$$, path)), '(.)(.)(\1\2){20,}', '\1\2...')
  AS refused FROM files.bad_paths;
SELECT count(*), count(DISTINCT refused[1]) AS same, array_agg(DISTINCT refused[1]::char(5))
  FROM (SELECT path, array_agg(DISTINCT files.refused(format(form, path))) AS refused FROM files.bad_paths,
  (VALUES ($$SELECT migrator.stage('x', %L, 'SELECT 1'::text)$$), ($$SELECT migrator.stage('x', %L, 'SELECT 1'::bytea)$$),
  ($$SELECT migrator.stage('x', ARRAY['0', %L], ARRAY['SELECT 1'::bytea, ''])$$),
  ($$SELECT migrator.stage_missing('x', ARRAY['0', %L], ARRAY[files.sha(''), files.sha('')])$$)) AS f (form) GROUP BY path) s WHERE cardinality(refused) = 1;
SELECT count(*) FROM migrator.staged;
-- odd, but names: kept as they are
SELECT migrator.stage('x', ARRAY['...', '..a', 'a..', '.a/.b', 'a b/c d.sql', '%', '_', '\', E'n\nl', E'\t', 'q''"q', '~', '-rf',
  '*', 'A', 'a', 'Ä', 'ä', repeat('f', 254), repeat('z/', 510) || 'bb'], array_fill(''::bytea, ARRAY[20]));
SELECT CASE WHEN length(path) > 30 THEN left(path, 10) || '... ' || length(path) ELSE path END AS path FROM migrator.staged ORDER BY staged.path COLLATE "C";
-- a path twice; case and normal forms are not the same path
SELECT migrator.stage('x', ARRAY['1_a.sql', '2_b.sql', '1_a.sql'], array_fill(''::bytea, ARRAY[3]));
SELECT migrator.stage('x', ARRAY['1_a.sql', '1_A.sql', U&'\00e4', U&'a\0308'], array_fill(''::bytea, ARRAY[4]));
-- a name for a file and a folder; others may stand between them in the order
SELECT files.refused(format($$SELECT migrator.stage('x', %L::text[], array_fill(''::bytea, ARRAY[cardinality(%L::text[])]))$$, paths, paths))
  FROM (VALUES ('{a,a/b}'), ('{a/b,a}'), ('{a,a-b,a.b,a/b}'), ('{a/b,a/b/c/d/e}'), ('{a/b/c/d/e,a/b/c/d}'), ('{a,a0,a-,b/a,A/a}')) AS v (paths);
SELECT migrator.stage('x', 'd/e', ''), migrator.stage('x', 'a%', ''), migrator.stage('x', 'b_/c', '');
SELECT path, files.refused(format($$SELECT migrator.stage('x', %L, ''::text)$$, path))
  FROM (VALUES ('a/b'), ('a/b/c'), ('d'), ('d/e/f'), ('d/e/f/g/h'), ('b'), ('B'), ('d/'), ('D'), ('d0'), ('d-'), ('d/ee'), ('bx'), ('ab/c')) AS v (path);
SELECT string_agg(path, ' ' ORDER BY path) FROM migrator.staged;
SELECT migrator.unstage('x');

-- Arrays of different lengths, of none, of two dimensions.
SELECT call, files.refused('SELECT migrator.' || call) FROM (VALUES
  ($$stage('x', ARRAY['a', 'b'], ARRAY['a'::bytea])$$), ($$stage('x', ARRAY['a'], ARRAY['a'::bytea, 'b'])$$),
    ($$stage('x', ARRAY['a'], '{}'::bytea[])$$), ($$stage('x', '{}'::text[], '{}'::bytea[])$$),
  ($$stage('x', ARRAY['a', 'b'], ARRAY['a'::bytea, 'b'], ARRAY[files.sha('a')])$$), ($$stage('x', ARRAY['a'], ARRAY['a'::bytea], '{}')$$),
    ($$stage('x', ARRAY['a'], ARRAY['a'::bytea], ARRAY[files.sha('a'), files.sha('b')])$$),
  ($$stage_missing('x', ARRAY['a'], ARRAY[files.sha('a'), files.sha('b')])$$), ($$stage_missing('x', '{}', '{}')$$),
    ($$stage_missing('x', ARRAY['a'], '{}')$$)) AS v (call);
SELECT migrator.stage('x', ARRAY[['a', 'b'], ['c', 'd']], ARRAY[['1'::bytea, '2'::bytea], ['3'::bytea, '4'::bytea]]);
SELECT path, content FROM files.held;

-- Checksums: no checksum at all, another one, in upper case; content that is in the set need not be sent.
SELECT files.refused(format($$SELECT migrator.stage('x', ARRAY['a'], ARRAY['1'::bytea], ARRAY[%L])$$, sha))
  FROM (VALUES (''), ('abc'), (repeat('g', 64)), (repeat('a', 63)), (repeat('a', 65)), (repeat('a', 64)), ('\x' || repeat('a', 62)),
  (upper(files.sha('1'))), (files.sha('1'))) AS v (sha);
SELECT migrator.stage('x', ARRAY['a', 'b'], ARRAY['1'::bytea, '2']);
SELECT migrator.stage('x', ARRAY['c', 'd', 'e', 'f'], ARRAY[NULL, 'new'::bytea, NULL, 'also new'],
  ARRAY[files.sha('1'), files.sha('new'), upper(files.sha('2')), files.sha('also new')]);
SELECT path, size, content FROM files.held;
SELECT migrator.stage('x', ARRAY['c', 'd'], NULL, ARRAY[files.sha('1'), files.sha('new')]);
SELECT path, size, content FROM files.held;
SELECT files.refused($$SELECT migrator.stage('x', ARRAY['c', 'd'], ARRAY[NULL, 'd'::bytea], ARRAY[files.sha('unknown'), files.sha('d')])$$);
-- what one file of the call brings is there for the others, whichever comes first
SELECT migrator.stage('y', ARRAY['a', 'b'], ARRAY['same'::bytea, NULL], ARRAY[files.sha('same'), files.sha('same')]);
SELECT migrator.stage('z', ARRAY['a', 'b'], ARRAY[NULL, 'same'::bytea], ARRAY[files.sha('same'), files.sha('same')]);
-- that of another set is not this one's
SELECT files.refused($$SELECT migrator.stage('x', ARRAY['a'], NULL, ARRAY[files.sha('same')])$$);
-- what has to be sent, in the order of the arguments; by content, whatever the paths
SELECT * FROM migrator.stage_missing('x', ARRAY['z', 'c', 'y', 'new path', 'z'],
  ARRAY[files.sha('z'), files.sha('1'), files.sha('y'), upper(files.sha('new')), files.sha('z')]);
SELECT * FROM migrator.stage_missing('never', ARRAY['c'], ARRAY[files.sha('1')]);
SELECT files.refused($$SELECT migrator.stage_missing('x', ARRAY['c'], ARRAY['1'])$$);
-- the conversation of a client that has sent most of it before
WITH files (path, content) AS (VALUES ('1_a.sql', '1'), ('2_b.sql', 'new'), ('3_c.sql', 'newer')),
  missing AS (SELECT migrator.stage_missing('x', array_agg(path), array_agg(files.sha(content))) AS path FROM files)
SELECT migrator.stage('x', array_agg(path), array_agg(CASE WHEN m.path IS NOT NULL THEN content::bytea END), array_agg(files.sha(content))),
  count(m.path) AS sent FROM files LEFT JOIN missing m USING (path);
SELECT path, content FROM files.held WHERE name = 'x';
SELECT migrator.unstage('x') AS x, migrator.unstage('y') AS y, migrator.unstage('z') AS z;

-- one file taken out of a set
SELECT migrator.stage('x', ARRAY['1_a.sql', '2_b.sql', '3_c.sql'], ARRAY['SELECT 1'::bytea, 'SELECT 2', 'SELECT 3']);
SELECT migrator.stage('x', array_agg(path), NULL, array_agg(sha256)) FROM migrator.staged WHERE name = 'x' AND path <> '2_b.sql';
SELECT path, content FROM files.held WHERE name = 'x';
SELECT migrator.unstage('x');

-- All or nothing: what is refused leaves the set as it was.
SELECT migrator.stage('x', ARRAY['1_a.sql', '2_b.sql', 'f/g'], ARRAY['SELECT 1'::bytea, 'SELECT 2', 'g']);
CREATE TEMP TABLE before AS TABLE files.written;
SELECT migrator.stage('x', ARRAY['3_c.sql', '../4_d.sql'], ARRAY['SELECT 3'::bytea, 'SELECT 4']);
SELECT migrator.stage('x', ARRAY['3_c.sql', '4_d.sql'], ARRAY['SELECT 3'::bytea, NULL], ARRAY[files.sha('SELECT 3'), files.sha('unknown')]);
SELECT migrator.stage('x', ARRAY['3_c.sql', '4_d.sql'], ARRAY['SELECT 3'::bytea, 'SELECT 4'], ARRAY[files.sha('SELECT 3'), files.sha('unknown')]);
SELECT migrator.stage('x', 'f', 'SELECT 3');
SELECT migrator.stage_archive('x', 'no archive');
(TABLE files.written EXCEPT TABLE before) UNION ALL (TABLE before EXCEPT TABLE files.written);
-- a transaction's end decides; others see nothing before
BEGIN;
SELECT migrator.stage('x', ARRAY['3_c.sql'], ARRAY['SELECT 3'::bytea]);
SAVEPOINT s;
SELECT migrator.stage('x', '4_d.sql', 'SELECT 4');
SELECT migrator.stage('x', '3_c.sql', 'SELECT 33');
SELECT path, content FROM files.held;
ROLLBACK TO s;
SELECT path, content FROM files.held;
SELECT version, file FROM migrator.pending('stage:x');
ROLLBACK;
(TABLE files.written EXCEPT TABLE before) UNION ALL (TABLE before EXCEPT TABLE files.written);
BEGIN;
SELECT migrator.unstage('x');
SELECT migrator.status('stage:x');
ROLLBACK;
BEGIN;
SELECT migrator.unstage('x');
SELECT migrator.stage('x', '1_a.sql', 'SELECT 1');
SELECT migrator.unstage('x');
ROLLBACK;
SELECT path, content FROM files.held;
(TABLE files.written EXCEPT TABLE before) UNION ALL (TABLE before EXCEPT TABLE files.written);
-- the same again writes nothing: neither the whole set, nor a file, nor by checksums, in another order
SELECT migrator.stage('x', ARRAY['2_b.sql', 'f/g', '1_a.sql'], ARRAY['SELECT 2'::bytea, 'g', 'SELECT 1']);
SELECT migrator.stage('x', '1_a.sql', 'SELECT 1');
SELECT migrator.stage('x', ARRAY['2_b.sql', 'f/g', '1_a.sql'], NULL, ARRAY[files.sha('SELECT 2'), files.sha('g'), files.sha('SELECT 1')]);
(TABLE files.written EXCEPT TABLE before) UNION ALL (TABLE before EXCEPT TABLE files.written);
-- one that changes: the others keep their time
SELECT migrator.stage('x', ARRAY['1_a.sql', '2_b.sql', 'f/g'], ARRAY['SELECT 1'::bytea, 'SELECT 22', 'g']);
SELECT split_part(of, ' ', 2) AS path FROM files.written JOIN before USING (what, of, xid, place) WHERE what = 'files' ORDER BY 1;
DROP TABLE before;

-- Contents: one of each; what no path has any more is marked, and gone with the next change, whichever it is.
SELECT migrator.unstage('x');
SELECT migrator.stage('x', ARRAY['a', 'b', 'c'], ARRAY['one'::bytea, 'one', 'two']);
SELECT count(*) FROM migrator.staged_contents;
SELECT migrator.stage('x', ARRAY['a', 'b'], ARRAY['one'::bytea, 'three']);
TABLE files.left_over;
SELECT migrator.stage('x', 'b', 'four');
TABLE files.left_over;
-- one that two paths have stays when one of them changes
SELECT migrator.stage('x', 'c', 'one');
TABLE files.left_over;
SELECT migrator.stage('x', 'c', 'five');
SELECT migrator.stage('x', 'a', 'six');
TABLE files.left_over;
-- taken back: no mark any more
SELECT migrator.stage('x', 'a', 'one');
SELECT migrator.stage('x', 'a', 'six');
TABLE files.left_over;
BEGIN;
SELECT migrator.stage('x', 'a', 'one');
SELECT migrator.stage('x', 'a', 'six');
SELECT migrator.stage('x', ARRAY['a'], ARRAY['one'::bytea]);
SELECT migrator.stage('x', ARRAY['b', 'c'], ARRAY['six'::bytea, 'five']);
SELECT migrator.stage('x', ARRAY['a', 'c'], ARRAY['one'::bytea, 'five']);
COMMIT;
TABLE files.left_over;
SELECT path, content FROM files.held;
SELECT file_count, total_size FROM migrator.stages;
-- marked ones have to be sent again
SELECT * FROM migrator.stage_missing('x', ARRAY['a', 'b'], ARRAY[files.sha('one'), files.sha('six')]);
SELECT migrator.unstage('x');
SELECT migrator.unstage('x');
SELECT count(*) AS files, (SELECT count(*) FROM migrator.staged_contents) AS contents, (SELECT count(*) FROM migrator.stages) AS stages FROM migrator.staged;

-- Limits: the number of files, and their size together; a set that is as large as that may be changed.
SET migrator.max_stage_files = 2;
SET migrator.max_stage_size = '1kB';
SELECT migrator.stage('x', ARRAY['a', 'b', 'c'], array_fill(''::bytea, ARRAY[3]));
SELECT migrator.stage_missing('x', ARRAY['a', 'b', 'c'], array_fill(files.sha(''), ARRAY[3]));
SELECT migrator.stage('x', ARRAY['a', 'b'], ARRAY[repeat('a', 1000)::bytea, repeat('b', 25)::bytea]);
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.stage('x', ARRAY['a', 'b'], ARRAY[repeat('a', 1000)::bytea, repeat('b', 24)::bytea]);
SELECT files.refused(format($$SELECT migrator.stage('x', %L, %L::text)$$, path, content))
  FROM (VALUES ('c', ''), ('b', repeat('c', 25)), ('b', repeat('c', 24)), ('a', repeat('a', 1001)), ('a', ''), ('b', repeat('c', 1025)),
  ('b', repeat('c', 1024))) AS v (path, content);
-- what is not sent counts, too, for each path
SELECT migrator.stage('x', ARRAY['a', 'b'], NULL, array_fill(files.sha(repeat('c', 1024)), ARRAY[2]));
SELECT path, size FROM migrator.staged;
SELECT file_count, total_size FROM migrator.stages;
RESET migrator.max_stage_size;
SELECT migrator.stage('x', ARRAY['a', 'b'], NULL, array_fill(files.sha(repeat('c', 1024)), ARRAY[2]));
SELECT file_count, total_size FROM migrator.stages;
RESET migrator.max_stage_files;
SELECT migrator.stage('x', 'c', '');
SET migrator.max_stage_files = 0;
SELECT value, left(files.refused(format('SET migrator.max_stage_size = %L', value)), 40) FROM unnest('{0,1GB}'::text[]) AS value;
SHOW migrator.max_stage_files;
SHOW migrator.max_stage_size;
-- a large one is stored as it is
SELECT migrator.stage('x', '1_a.sql', repeat('-- 0123456789abcde' || E'\n', 200000) || 'SELECT 1;');
SELECT version, outcome FROM migrator.apply('stage:x', dry_run => true);
SET migrator.max_file_size = '1MB';
SELECT version, outcome FROM migrator.apply('stage:x');
\echo :LAST_ERROR_SQLSTATE
RESET migrator.max_file_size;
SELECT migrator.unstage('x');

-- As a source, in everything that takes one.
SELECT migrator.stage('shop', ARRAY['2_b.sql', '1_a.sql', 'README.md'],
  ARRAY['CREATE TABLE b (i int); INSERT INTO b VALUES (1);'::bytea,
  E'\\xEFBBBF'::bytea || E'CREATE TABLE a (i int);\r\n\r\nINSERT INTO a VALUES (1);\r\n', 'read me']);
SELECT version, name, file, transactional FROM migrator.pending('stage:shop');
SELECT version, state, flags FROM migrator.status('stage:shop');
SELECT check_name, severity, file, line, message FROM migrator.validate('stage:shop', verbose => true) ORDER BY 1, 3;
SELECT migrator.is_current('stage:shop');
SELECT migrator.assert_current('stage:shop');
SELECT name, value, origin FROM migrator.settings('stage:shop') WHERE name IN ('service', 'source');
SELECT version, outcome FROM migrator.apply('stage:shop', dry_run => true);
SELECT version, outcome FROM migrator.apply('stage:shop', target => '1');
CALL migrator.up('stage:shop', result => '{}') \g /dev/null
SELECT version, state, file, layout, checksum = (SELECT sha256 FROM migrator.staged WHERE path = file) AS checksum FROM migrator.migrations ORDER BY 1;
SELECT version, state, flags FROM migrator.status('stage:shop');
SELECT kind, source, outcome, applied FROM migrator.runs ORDER BY run_id;
SELECT a.i, b.i FROM a, b;
SELECT s->>'applied' AS applied, s->>'pending' AS pending FROM migrator.summary('stage:shop') AS s;
SELECT migrator.is_current('stage:shop');
-- registered: the source need not be given
SELECT migrator.register('shop', 'stage:shop');
SELECT service, source FROM migrator.services;
SELECT migrator.baseline('stage:shop', 'shop');
SELECT migrator.stage('shop', '3_c.sql', 'CREATE TABLE c (i int)');
SELECT version, outcome FROM migrator.apply();
SELECT migrator.unregister('shop');
-- it fails where a directory would, with the place
SELECT migrator.stage('shop', '4_d.sql', E'SELECT 1;\n  SELECT 1/0;');
SELECT version FROM migrator.apply('stage:shop', 'shop');
SELECT migrator.stage('shop', '4_d.sql', E'SELECT 1;\n  SELEC 1/0;');
SELECT version FROM migrator.apply('stage:shop', 'shop');
-- a modified one, one that is gone
SELECT migrator.stage('shop', ARRAY['2_b.sql', '3_c.sql'], ARRAY['CREATE TABLE b (changed int)'::bytea, 'CREATE TABLE c (i int)']);
SELECT version, state, flags FROM migrator.status('stage:shop', 'shop');
SELECT version, outcome FROM migrator.apply('stage:shop', 'shop');
-- gone altogether: look again, after it was staged again
SELECT migrator.unstage('shop');
SELECT call, files.refused('SELECT * FROM migrator.' || call)
  FROM (VALUES ('apply'), ('pending'), ('status'), ('validate'), ('summary'), ('is_current'), ('baseline')) AS v (name),
  format('%s(''stage:shop'', ''shop'')', name) AS call;
CALL migrator.up('stage:shop', 'shop');
SELECT migrator.register('shop', 'stage:shop');

-- A content that is not what its checksum says, by whatever hand, does not run.
SELECT migrator.stage('bad', ARRAY['1_a.sql', '2_b.sql'], ARRAY['SELECT 1'::bytea, 'SELECT 2']);
UPDATE migrator.staged_contents SET content = 'SELECT 3' WHERE name = 'bad' AND content = 'SELECT 2';
SELECT version FROM migrator.apply('stage:bad', 'bad');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('stage:bad', 'bad');
SELECT check_name, severity, file, message FROM migrator.validate('stage:bad', 'bad') WHERE severity = 'error';
DELETE FROM migrator.staged_contents WHERE name = 'bad' AND content = 'SELECT 3';
SELECT version FROM migrator.apply('stage:bad', 'bad');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.stage('bad', '2_b.sql', 'SELECT 2');
SELECT version, outcome FROM migrator.apply('stage:bad', 'bad');
SELECT migrator.unstage('bad');

-- The layouts pass over names that begin with a dot; folders are one level deep; case is kept.
CALL files.forget();
SELECT migrator.stage('x', ARRAY['.1_a.sql', '1_A.sql', 'a/.hidden', '.git/2_b.sql', '3_c.sql', 'doc/notes.txt', '2_B.SQL'],
  array_fill('SELECT 1'::bytea, ARRAY[7]));
SELECT version, name, file FROM migrator.pending('stage:x');
SELECT migrator.stage('x', 'doc/4_d.sql', 'SELECT 1');
SELECT version, name, file FROM migrator.pending('stage:x');
SELECT migrator.stage('x', ARRAY['20240101000000_a/migration.sql', 'b/deeper/migration.sql', 'c/.migration.sql', '20240104000000_d/migration.sql'],
  array_fill('SELECT 1'::bytea, ARRAY[4]));
SELECT version, name, file FROM migrator.pending('stage:x');
SELECT migrator.stage('x', ARRAY['.1_a.sql', '.git/2_b.sql'], array_fill('SELECT 1'::bytea, ARRAY[2]));
SELECT version, name, file FROM migrator.pending('stage:x');
SELECT migrator.stage('x', ARRAY['V1_flyway.sql', 'README.md'], array_fill('SELECT 1'::bytea, ARRAY[2]));
SELECT version, name, file FROM migrator.pending('stage:x');

-- A folder of the set.
SELECT migrator.stage('x', ARRAY['crm/1_a.sql', 'crm/2_b.sql', 'crm-2/3_c.sql', 'deep/er/4_d.sql', 'Crm/5_e.sql', '6_f.sql', '.dot/7_g.sql'],
  array_fill('SELECT 1'::bytea, ARRAY[7]));
SELECT source, (SELECT string_agg(version || ' ' || file, ', ' ORDER BY version) FROM migrator.pending(source)) AS pending
  FROM (VALUES ('stage:x/crm'), ('stage:x/crm/'), ('stage:x/Crm'), ('stage:x/deep/er'), ('stage:x/crm-2'), ('stage:x/.dot')) AS v (source);
SELECT source, files.refused(format('SELECT migrator.status(%L)', source))
  FROM (VALUES ('stage:x'), ('stage:x/'), ('stage:x/deep'), ('stage:x/cr'), ('stage:x/crm/1_a.sql'), ('stage:x/nowhere'),
  ('stage:x//crm'), ('stage:x/crm//'), ('stage:x/./crm'), ('stage:x/crm/../Crm'), ('stage:x/CRM'), ('stage:x/c%'), ('stage:x/%'),
  ('stage:y/crm'), ('STAGE:x'), (' stage:x'), ('stage: x')) AS v (source);
SELECT version, outcome FROM migrator.apply('stage:x/crm', 'crm', target => '1');
SELECT source FROM migrator.runs;
SELECT version, file FROM migrator.pending('stage:x/crm', 'crm');
SELECT migrator.register('other', 'stage:x/deep/er');
SELECT version, outcome FROM migrator.apply(service => 'other');

-- A read-only transaction looks, and changes nothing.
BEGIN READ ONLY;
SELECT version FROM migrator.pending('stage:x/crm', 'crm');
SELECT * FROM migrator.stage_missing('x', ARRAY['a', 'b'], ARRAY[files.sha('SELECT 1'), files.sha('SELECT 2')]);
SELECT migrator.stage('x', '1_a.sql', 'SELECT 1');
ROLLBACK;
BEGIN READ ONLY;
SELECT migrator.stage('x', ARRAY['1_a.sql'], ARRAY['SELECT 1'::bytea]);
ROLLBACK;
BEGIN READ ONLY;
SELECT migrator.stage_archive('x', 'a');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT migrator.unstage('x');
ROLLBACK;

-- Scripts do not stage: they would pull their own files from under them. They may look.
SELECT migrator.stage('y', ARRAY['1_a.sql', '2_b.sql'], ARRAY['SELECT 1'::bytea, 'SELECT 1']);
SELECT files.refused(format($$SELECT migrator.stage('y', '2_b.sql', %L::text)$$, script)) AS staged,
  files.refused($$SELECT * FROM migrator.apply('stage:y', 'y')$$) AS ran
  FROM (VALUES ($$SELECT migrator.stage('y', '1_a.sql', '')$$), ($$SELECT migrator.stage('z', '1_a.sql', ''::bytea)$$),
  ($$SELECT migrator.stage('y', ARRAY['1_a.sql'], ARRAY[''::bytea])$$), ($$DO 'BEGIN PERFORM migrator.stage_archive(''y'', ''''); END'$$),
  ($$SELECT migrator.unstage('y')$$)) AS v (script);
SELECT migrator.stage('y', '2_b.sql', $$SELECT migrator.unstage('y')$$);
CALL migrator.up('stage:y', 'y');
\echo :LAST_ERROR_SQLSTATE
SELECT path, content FROM files.held WHERE name = 'y';
SELECT migrator.stage('y', '2_b.sql',
  $$CREATE TABLE looked AS SELECT * FROM migrator.stage_missing('y', ARRAY['a'], ARRAY[repeat('a', 64)]); $$ ||
    $$INSERT INTO looked SELECT path FROM migrator.staged WHERE name = 'y'; INSERT INTO looked SELECT version FROM migrator.status('stage:y', 'another')$$);
SELECT version, outcome FROM migrator.apply('stage:y', 'y');
SELECT string_agg(stage_missing, ', ' ORDER BY 1) FROM looked;

-- Contents of all kinds give the same, staged or in a directory: what validate() and a run say, with line and column.
CREATE TABLE kinds (kind text, script bytea);
INSERT INTO kinds VALUES ('empty', ''), ('only BOM', '\xefbbbf'), ('blank', convert_to(E' \r\n\t', 'UTF8')), ('comment', '-- nothing'),
  ('BOM', '\xefbbbf'::bytea || 'SELECT 1;'), ('BOM twice', '\xefbbbfefbbbf'::bytea || 'SELECT 1;'),
  ('CRLF', convert_to(E'SELECT 1;\r\n\r\nSELECT 2;\r\n', 'UTF8')), ('CR', convert_to(E'SELECT 1;\rSELECT 2', 'UTF8')),
  ('no newline at the end', convert_to(E'SELECT 1;\nSELECT 2', 'UTF8')),
  ('Latin 1', convert_to(E'SELECT 1;\nSELECT ''abä'';', 'LATIN1')), ('cut off', convert_to(E'SELECT 1;\n\n--   ', 'UTF8') || '\xc3'),
    ('overlong', '\x2d2dc0af'), ('surrogate', '\x2d2deda080'), ('NUL', convert_to(E'SELECT 1;\n SELECT', 'UTF8') || '\x002032'),
    ('NUL first', '\x00'), ('UTF-16', '\xfffe530045004c00'), ('binary', decode(repeat('00ff80', 100), 'hex')),
  ('UTF-8', convert_to('SELECT ''äöü€😀'';', 'UTF8')), ('error on line 3', '\xefbbbf'::bytea || convert_to(E'SELECT 1;\r\n\r\n  SELECT 1/0;', 'UTF8')),
    ('syntax', convert_to(E'SELECT 1;\nSELECT ''ä'', FRM;\nSELECT FROM WHERE;', 'UTF8')),
    ('psql command', convert_to(E'SELECT 1;\n\\d x\n', 'UTF8')), ('unterminated', convert_to(E'SELECT 1;\nSELECT ''abc', 'UTF8')),
    ('savepoint', 'SAVEPOINT a;'), ('COPY data', convert_to(E'CREATE TEMP TABLE c (i int) ON COMMIT DROP;\nCOPY c FROM stdin;\n1\n\\.\nSELECT * FROM c;\n',
    'UTF8'));
-- the answer of one source, as one text
CREATE FUNCTION files.answer(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text; context text; checked text;
BEGIN
  SELECT string_agg(to_jsonb(v)::text, E'\n' ORDER BY to_jsonb(v)::text COLLATE "C") INTO checked FROM migrator.validate(source, 'kinds', verbose => true) v;
  PERFORM migrator.apply(source, 'kinds');
  RAISE EXCEPTION 'it ran: %', (SELECT string_agg(concat_ws(' ', version, name, state, checksum, fingerprint, file, layout, description), E'\n')
    FROM migrator.migrations WHERE service = 'kinds');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
  RETURN replace(replace(concat_ws(E'\n', checked, SQLSTATE, SQLERRM, detail, hint, substring(context FROM '^migration.*?(?=\n|$)')),
    current_setting('data_directory') || '/', ''), source, 'SOURCE');
END $$;
CREATE TABLE answers (kind text, directory text, staged text);
DO $$
DECLARE
  kind kinds;
  from_directory text;
BEGIN
  FOR kind IN TABLE kinds LOOP
    CALL files.make('m/kinds');
    CALL files.write('m/kinds/1_a.sql', kind.script);
    CALL files.write('m/kinds/2_b.sql', 'SELECT 2;');
    from_directory := files.answer('m/kinds');
    PERFORM migrator.stage('kinds', ARRAY['1_a.sql', '2_b.sql'], ARRAY[kind.script, 'SELECT 2;']);
    INSERT INTO answers VALUES (kind.kind, from_directory, files.answer('stage:kinds'));
  END LOOP;
END $$;
SELECT kind, CASE WHEN directory = staged THEN 'same' ELSE 'directory: ' || directory || E'\nstaged: ' || staged END AS answer
  FROM answers ORDER BY kind COLLATE "C";
-- they are answers
SELECT count(*), count(DISTINCT staged) > 15 AS differ, count(*) FILTER (WHERE staged LIKE '%it ran%') AS ran FROM answers;
SELECT migrator.stage('kinds', '1_a.sql', (SELECT script FROM kinds WHERE kind = 'Latin 1'));
SELECT version FROM migrator.apply('stage:kinds', 'kinds');
\echo :LAST_ERROR_SQLSTATE
SELECT check_name, severity, file, line, message FROM migrator.validate('stage:kinds', 'kinds') WHERE severity = 'error';
