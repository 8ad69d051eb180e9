-- For the tests that run staged (test/staged.pl): files.staged(directory) stages a directory as a client would send it, and
-- returns the source that its files are then. Also run within a spec: without psql's commands and curly brackets.
DO $$ BEGIN
  IF to_regnamespace('files') IS NULL THEN
    CREATE SCHEMA files;
  END IF;
END $$;
GRANT USAGE ON SCHEMA files TO PUBLIC;

-- A directory below the data directory is staged under its first name with all that is there: m/a/b is stage:m/a/b. An
-- absolute one is staged under its last name. What the set holds already is not sent again, so that a call in a read-only
-- transaction, or in one that others wait for, writes nothing.
CREATE OR REPLACE FUNCTION files.staged(directory text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  top text := CASE WHEN directory LIKE '/%' THEN directory ELSE split_part(directory, '/', 1) END;
  set_name text := regexp_replace(top, '^.*/', '');
  paths text[];
  contents bytea[];
  is_staged jsonb;
BEGIN
  -- Links are followed. What has no size is not opened, for it could be a FIFO. A folder without anything in it gets a file
  -- that a directory's listing passes over: without files there are no folders.
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
  IF to_regclass('migrator.staged') IS NOT NULL THEN
    SELECT jsonb_object_agg(path, sha256) INTO is_staged FROM migrator.staged WHERE name = set_name;
    IF paths IS NULL AND is_staged IS NOT NULL THEN
      PERFORM migrator.unstage(set_name);
    ELSIF is_staged IS DISTINCT FROM
          (SELECT jsonb_object_agg(path, encode(sha256(content), 'hex')) FROM unnest(paths, contents) u(path, content)) THEN
      PERFORM migrator.stage(set_name, paths, contents);
    END IF;
  END IF;
  RETURN 'stage:' || set_name || CASE WHEN directory LIKE '/%' THEN '' ELSE substr(directory, length(top) + 1) END;
END $$;
