-- Before migration 000001, in its transaction: note the size of the database, and tell whoever listens.
CREATE TABLE IF NOT EXISTS public.migration_sizes (version text, event text, at timestamptz, bytes bigint);
INSERT INTO public.migration_sizes
  SELECT version, 'before', clock_timestamp(), pg_database_size(current_database()) FROM migrator.current_run();
SELECT pg_notify('deployments', format('starting migration %s of %s', version, service)) FROM migrator.current_run();
