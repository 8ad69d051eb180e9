-- A name in an error is no line of its own, and nothing that a terminal obeys: sources, staged files, archives, services.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- What a statement is refused with: message and detail, whose control characters are shown as "^".
CREATE FUNCTION files.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL;
  message := replace(message, current_setting('data_directory') || '/', '');
  RETURN SQLSTATE || ': ' || regexp_replace(concat_ws(' / ', message, nullif(detail, '')), '[\x01-\x1f\x7f]', '^', 'g');
END $$;
-- A tar with one entry of that name; kind '0' is a file, '2' a link.
CREATE FUNCTION files.tar(name text, kind text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  header bytea := rpad(name, 100, '#')::bytea || '0000644#0000000#0000000#'::bytea
    || CASE kind WHEN '2' THEN '00000000000#' ELSE '00000000010#' END::bytea || '00000000000#        '::bytea
    || kind::bytea || rpad('elsewhere', 100, '#')::bytea || 'ustar#00'::bytea || rpad('', 247, '#')::bytea;
  total int := 0;
BEGIN
  -- "#" stands for the zero byte, which no text has
  FOR i IN 0 .. length(header) - 1 LOOP
    IF get_byte(header, i) = ascii('#') THEN
      header := set_byte(header, i, 0);
    END IF;
    total := total + get_byte(header, i);
  END LOOP;
  header := overlay(header placing (SELECT string_agg(((total >> 3 * i) & 7)::text, '' ORDER BY i DESC) FROM generate_series(0, 5) AS i)::bytea
    || '\x0020'::bytea from 149 for 8);
  RETURN header || decode(repeat('00', CASE kind WHEN '2' THEN 1024 ELSE 1536 END), 'hex');
END $$;
\set bad '''x'' || E''\\nERROR:  faked\\x1b[2J'''

-- sources
SELECT number, files.refused(call) FROM unnest(ARRAY[
  format($$SELECT * FROM migrator.apply('m/' || %L)$$, :bad),
  format($$SELECT * FROM migrator.apply('stage:' || %L)$$, :bad),
  format($$SELECT * FROM migrator.apply('m/d', service => %L)$$, :bad),
  format($$SELECT * FROM migrator.apply('m/d', environment => %L)$$, :bad),
  format($$SELECT * FROM migrator.apply('m/d', options => jsonb_build_object('ignore', '[' || %L))$$, :bad)]) WITH ORDINALITY AS v (call, number);
CALL files.write('m/' || :bad || '/notes.txt', 'x');
SELECT files.refused(format($$SELECT * FROM migrator.apply('m/' || %L)$$, :bad));
CALL files.write('m/' || :bad || '/1_a.sql', 'SELECT 1');
CALL files.write('m/' || :bad || '/2_b.up.sql', 'SELECT 1');
SELECT files.refused(format($$SELECT * FROM migrator.apply('m/' || %L)$$, :bad));
CALL files.write('m/' || :bad || '/emea/1_a.sql', 'SELECT 1');
SELECT files.refused(format($$SELECT * FROM migrator.apply('m/' || %L)$$, :bad));
CALL files.remove('m/' || :bad);
-- files that cannot be read
CALL files.names('m/d', '1_' || :bad || '.sql');
CALL files.run('ln -sfn /nowhere ' || files.quoted('m/d/1_' || :bad || '.sql'));
SELECT files.refused($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.run('ln -sfn /dev/null ' || files.quoted('m/d/1_' || :bad || '.sql'));
SELECT files.refused($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/1_' || :bad || 'z.sql', '\xff'::bytea);
CALL files.run('rm ' || files.quoted('m/d/1_' || :bad || '.sql'));
SELECT files.refused($$SELECT * FROM migrator.apply('m/d')$$);

-- staged files
SELECT number, files.refused(call) FROM unnest(ARRAY[
  format($$SELECT migrator.stage(%L, '1_a.sql', 'SELECT 1')$$, :bad),
  format($$SELECT migrator.stage('s', '../' || %L, 'SELECT 1')$$, :bad),
  format($$SELECT migrator.stage('s', %L, '\x00')$$, :bad),
  format($$SELECT migrator.stage('s', ARRAY[%L, %1$L], ARRAY['a', 'a']::bytea[])$$, :bad),
  format($$SELECT migrator.stage('s', ARRAY[%L, %1$L || '/x'], ARRAY['a', 'a']::bytea[])$$, :bad),
  format($$SELECT migrator.stage('s', ARRAY[%L], ARRAY[NULL]::bytea[])$$, :bad),
  format($$SELECT migrator.stage('s', ARRAY[%L], NULL, ARRAY[repeat('0', 64)])$$, :bad),
  format($$SELECT migrator.stage('s', ARRAY[%L], ARRAY['a']::bytea[], ARRAY[repeat('0', 64)])$$, :bad),
  format($$SELECT migrator.stage('s', ARRAY['1_a.sql'], ARRAY['a']::bytea[], ARRAY[%L])$$, :bad),
  format($$SELECT migrator.stage_archive('s', files.tar(%L, '2'))$$, :bad),
  format($$SELECT migrator.stage_archive('s', files.tar('../' || %L, '0'))$$, :bad)]) WITH ORDINALITY AS v (call, number);
SELECT migrator.stage('s', :bad, 'SELECT 1'::text);
SELECT number, files.refused(call) FROM unnest(ARRAY[
  format($$SELECT migrator.stage('s', %L || '/x', 'a'::text)$$, :bad),
  format($$SELECT * FROM migrator.apply('stage:s/' || %L)$$, 'y' || :bad),
  $$SELECT * FROM migrator.apply('stage:s')$$]) WITH ORDINALITY AS v (call, number);
SELECT migrator.stage('s', ARRAY['1_' || :bad || '.sql'], ARRAY['SELECT 1'::bytea]);
UPDATE migrator.staged_files SET size = 9;
SELECT files.refused($$SELECT * FROM migrator.apply('stage:s')$$);
SELECT migrator.unstage('s');
