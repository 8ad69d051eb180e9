-- How new files are named in a layout that has no rule of its own: like the latest migration's.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.like_latest(version text, name text, up text, down text, folder text, words text) RETURNS text
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_like_latest';
SELECT up, down, files.like_latest(version, name, up, down, folder, 'add_e_mail') FROM (VALUES
  ('9', 'a', 'V9__a.sql', 'U9__a.sql', ''),
  ('0009', 'some_name', 'deploy/0009_some_name.sql', 'revert/0009_some_name.sql', ''),
  ('0009', 'a', '0009_a/up.sql', '0009_a/down.sql', ''),
  ('7', 'a-b', '7-a-b.sql', '', ''),
  ('7', 'b', 'common/7_b.do.sql', 'common/7_b.undo.sql', 'common'),
  ('7', 'b', 'common/7_b.sql', 'common/7_b.sql', 'common'),
  ('1', '1', '1_1.sql', '', ''),
  ('1.2', 'a', 'V1.2__a.sql', '', ''),
  ('7', '', '7.sql', '', ''),
  ('8', 'a', 'V08_b.sql', '', '')) v(version, name, up, down, folder);
