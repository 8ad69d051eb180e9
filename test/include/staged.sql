-- For the tests that run staged (test/staged.pl): files.staged(directory) stages a directory as a client would send it,
-- and returns the source that its files are then. Also part of specs: without psql's commands and curly brackets.
DO $$ BEGIN
  IF to_regnamespace('files') IS NULL THEN
    CREATE SCHEMA files;
  END IF;
END $$;
GRANT USAGE ON SCHEMA files TO PUBLIC;

-- A directory below the data directory is staged under its first name with all that is there: m/a/b is stage:m/a/b.
-- Any other one is staged under its last name, or the one before if that is "migrations". What the set holds already is
-- not sent again, so that a call in a read-only transaction, or in one that others wait for, writes nothing.
CREATE OR REPLACE FUNCTION files.staged(directory text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  given text := replace(directory, current_setting('data_directory') || '/', '');
  parts text[] := ARRAY[]::text[];
  part text;
  top text;
  paths text[];
  contents bytea[];
  is_staged jsonb;
BEGIN
  -- a set knows no other way to write a path
  FOREACH part IN ARRAY string_to_array(given, '/') LOOP
    IF part = '..' THEN
      parts := trim_array(parts, 1);
    ELSIF part NOT IN ('', '.') THEN
      parts := parts || part;
    END IF;
  END LOOP;
  IF given LIKE '/%' THEN
    top := given;
    parts := array_remove(parts, 'migrations');
    parts := parts[cardinality(parts):];
  ELSE
    top := parts[1];
  END IF;

  -- Links are followed. What has no size is not opened, for it could be a FIFO. A folder without anything in it gets a
  -- file that a listing passes over: without files there are no folders.
  WITH RECURSIVE entry AS (
    SELECT '' AS path, (pg_stat_file(top, true)).isdir, 0::bigint AS size, 0 AS depth
    UNION ALL
    SELECT e.path || '/' || name, s.isdir, s.size, e.depth + 1
      FROM entry e, pg_ls_dir(top || e.path) name, pg_stat_file(top || e.path || '/' || name, true) s
     WHERE e.isdir AND e.depth < 8
  )
  SELECT array_agg(substr(path, 2)), array_agg(content) INTO paths, contents
    FROM (SELECT path, CASE size WHEN 0 THEN '' ELSE pg_read_binary_file(top || path) END AS content
            FROM entry WHERE NOT isdir
          UNION ALL
          SELECT path || '/.folder', '' FROM entry
           WHERE isdir AND path <> '' AND NOT EXISTS (SELECT FROM pg_ls_dir(top || path))) file;

  -- not without the extension, nor where it would refuse
  IF to_regclass('migrator.staged') IS NULL THEN
  ELSIF EXISTS (SELECT FROM pg_extension WHERE extname = 'migrator' AND extversion = migrator.version()) THEN
    SELECT jsonb_object_agg(path, sha256) INTO is_staged FROM migrator.staged WHERE name = parts[1];
    IF paths IS NULL AND is_staged IS NOT NULL THEN
      PERFORM migrator.unstage(parts[1]);
    ELSIF is_staged IS DISTINCT FROM
          (SELECT jsonb_object_agg(path, encode(sha256(content), 'hex'))
             FROM unnest(paths, contents) u(path, content)) THEN
      PERFORM migrator.stage(parts[1], paths, contents);
    END IF;
  END IF;
  RETURN 'stage:' || array_to_string(parts, '/');
END $$;

-- At once, for sources that are not named: those that are registered.
CREATE OR REPLACE PROCEDURE files.stage(directory text) LANGUAGE sql AS $$
  SELECT files.staged(directory);
$$;

-- Which advisory locks are those of staged files? Every reader has them.
CREATE OR REPLACE FUNCTION files.keeps(classid oid, objid oid) RETURNS boolean LANGUAGE sql AS $$
  SELECT (classid::bigint << 32 | objid::bigint) IN
         (SELECT hashtextextended('migrator:stage:' || name, 0) FROM migrator.stages);
$$;
