-- Migrations that took long: the WARNING, slow(), and view migration_performance.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE PROCEDURE files.make_d(estimated text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/d', '1_a.up.sql', 'SELECT pg_sleep(0.02);', '1_a.down.sql', 'SELECT pg_sleep(0.02);', '2_b.up.sql', 'SELECT 1;',
    '2_b.down.sql', 'SELECT 1;');
  CALL files.write('m/d/dependencies.json', format('{"migrations": {"1": {"estimated_duration": "%s"}, "2": {}}}', estimated));
END $$;
CALL files.make_d('1 hour');
-- nothing is slow by default
SHOW migrator.slow_threshold;
CALL migrator.up('m/d') \g /dev/null
SELECT version FROM migrator.slow();
SELECT version, name, execution_time_ms >= 20 AS timed, applied_at IS NOT NULL AS applied, environment FROM migrator.slow('20 ms');
SELECT migration_id, slow FROM migrator.migration_performance ORDER BY 1;
SET migrator.slow_threshold = 20;
SHOW migrator.slow_threshold;
SELECT version FROM migrator.slow();
SELECT version FROM migrator.slow('0');
SELECT migration_id, slow FROM migrator.migration_performance ORDER BY 1;
SET migrator.slow_threshold = -1;
SELECT version FROM migrator.slow();
SELECT migration_id, slow FROM migrator.migration_performance ORDER BY 1;
SELECT version FROM migrator.slow('-1 ms');
SELECT version FROM migrator.slow('20 ms', 'nosuch');

-- other services
CALL migrator.up('m/d', 's') \g /dev/null
SELECT migrator.register('s', 'm/d');
SELECT service, version FROM migrator.slow('20 ms', '*');
-- taken back, put on record without a run: no time of it
CALL migrator.down('m/d', 's', target => '') \g /dev/null
SELECT migrator.baseline('m/d', 's', version => '2');
SELECT version FROM migrator.slow('0', 's');
-- whoever may execute it
CREATE ROLE regress_migrator_reader;
SET ROLE regress_migrator_reader;
SELECT count(*) FROM migrator.slow();
SELECT migrator.is_slow(30000), migrator.is_slow(NULL);
RESET ROLE;
GRANT EXECUTE ON FUNCTION migrator.slow TO regress_migrator_reader;
SET ROLE regress_migrator_reader;
SELECT count(*) FROM migrator.slow();
RESET ROLE;
DROP OWNED BY regress_migrator_reader;
DROP ROLE regress_migrator_reader;

-- the WARNING: of each way and in each mode; one, whatever was expected
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At -F " " 2>&1 | sed -E "$MASK" | grep -A1 ^WARNING'
\! echo "SET migrator.slow_threshold = 20; CALL migrator.down('m/d', target => '')" | eval "$SAY"
\! echo "SET migrator.slow_threshold = 20; CALL migrator.up('m/d', target => '1')" | eval "$SAY"
\! echo "SET migrator.slow_threshold = '0'; SELECT migrator.apply('m/d')" | eval "$SAY"
\! echo "CALL migrator.down('m/d', target => '')" | eval "$SAY"
CALL files.make_d('1 ms');
\! echo "SET migrator.slow_threshold = 20; SELECT migrator.apply('m/d', dry_run => true)" | eval "$SAY"
\! echo "SET migrator.slow_threshold = -1; SELECT migrator.apply('m/d', dry_run => true)" | eval "$SAY"
\! echo "SET migrator.slow_threshold = -1; CALL migrator.up('m/d')" | eval "$SAY"
