-- After migration 000001, in its transaction: if the table is not there, all of it is undone.
INSERT INTO public.migration_sizes
  SELECT version, 'after', clock_timestamp(), pg_database_size(current_database()) FROM migrator.current_run();
DO $$
BEGIN
  IF to_regclass('user_service.users') IS NULL THEN
    RAISE EXCEPTION 'table user_service.users is not there after migration %', (SELECT version FROM migrator.current_run());
  END IF;
END $$;
