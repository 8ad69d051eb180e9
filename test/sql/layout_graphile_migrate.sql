-- graphile-migrate's folder "committed": NNNNNN.sql, each with the hash of the one before it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;

-- a committed file
CREATE FUNCTION files.committed(previous text, hash text, body text) RETURNS text LANGUAGE sql AS $$
  SELECT format(E'--! Previous: %s\n--! Hash: %s\n\n%s\n', previous, hash, body)
$$;
\set h1 'sha1:c8deec20dca2be770ae3bfb610f1f3d576ba1ed3'
\set h2 'sha1:72afd985bf4ea9b5fd056e5a92bc05e8d2c8fc5b'
\set h3 'sha1:551c701773a93c7ae6ce8db74d3e49de5533fee7'
\set b1 'CREATE TABLE users(a text, b text, c text);\nINSERT INTO users VALUES (\':DATABASE_NAME\', \':WORD\', \':OTHER\'::text);'
\set b2 '--! no-transaction\nCREATE INDEX CONCURRENTLY ON users (a);'
\set b3 '--! split: 1-current.sql\nSELECT 3;\n--! Included x.sql\nSELECT 4;\n--! EndIncluded x.sql'
CALL files.make('m/d', '000001.sql', files.committed('-', :'h1', :'b1'), '000002-index.sql', files.committed(:'h1', :'h2', :'b2'),
  '000003.sql', files.committed(:'h2', :'h3', :'b3'));
TABLE files.wrong;
SELECT version, name, file, transactional FROM migrator.pending('m/d');
CALL migrator.up('m/d', variables => '{"WORD": "word"}', options => '{"verbose": false}') \gset
SELECT version, layout, non_transactional FROM migrator.migrations ORDER BY 1;
SELECT a = current_database() AS a, b, c FROM users;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome;
-- graphile-migrate makes new files
SELECT file FROM migrator.new_migration('m/d', 'more');
CALL files.forget();

-- A file that was edited, one that is missing between others, one from another chain, one that was not committed. Nothing runs.
CALL files.make('m/d', '000001.sql', files.committed('-', :'h1', 'DROP SCHEMA app;'), '000002-index.sql', files.committed(:'h1', :'h2', :'b2'));
TABLE files.wrong;
CALL migrator.up('m/d');
CALL files.make('m/d', '000001.sql', files.committed('-', :'h1', :'b1'), '000003.sql', files.committed(:'h2', :'h3', :'b3'));
TABLE files.wrong;
CALL files.make('m/d', '000002-index.sql', files.committed(:'h1', :'h2', :'b2'));
TABLE files.wrong;
CALL files.make('m/d', '000001.sql', E'--! Previous: -\n--! Hash: ' || :'h1' || E'\n' || :'b1', '000002.sql', E'--! Previous: -\n\nSELECT 1;',
  '000003.sql', E'--! Previous: -\r\n--! Hash: x\r\n\r\nSELECT 1;\r\n',
  '000004.sql', E'--! Previous: -\n--! Hash: x\n--! AllowInvalidHash\n\n--!include a.sql\n', '000005.sql', 'SELECT 5;');
TABLE files.wrong;
-- lifted for one file, whose name goes on in the chain
CALL files.make('m/d',
  '000001.sql', E'--! Previous: -\n--! Hash: ' || :'h1' || E'\n--! AllowInvalidHash\n--! Message: edited\n\nCREATE TABLE users(a text);\n --!include a.sql\n',
  '000002-index.sql', files.committed(:'h1', :'h2', :'b2'));
TABLE files.wrong;
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version FROM migrator.migrations ORDER BY 1;
CALL files.forget();
