-- After each run: the tests of pgTAP. A test that fails makes the run an error: apply() is undone, what up() committed stays.
DO $$
DECLARE
  line text;
  failed text;
BEGIN
  FOR line IN SELECT * FROM runtests('user_service_tests'::name) LOOP
    RAISE NOTICE '%', line;
    IF line ~ '^\s*not ok' THEN
      failed := concat_ws(E'\n', failed, btrim(line));
    END IF;
  END LOOP;
  IF failed IS NOT NULL THEN
    RAISE EXCEPTION 'tests failed after the run' USING DETAIL = failed;
  END IF;
END $$;
