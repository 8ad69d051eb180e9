-- What a run says: to the client as NOTICE, to the server's log, its details at migrator.log_level. Numbers that vary are masked.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', E'-- A.\nDO $$BEGIN RAISE NOTICE ''from the script''; END$$;', '2_b.sql', 'SELECT 2;', 'notes.txt', '', 'views.sql', '');
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/; s/identifier [0-9]+/identifier N/; s/Database "[^"]*"/Database "D"/; s/pid [0-9]+/pid N/'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At -F " " 2>&1 | sed -E "$MASK"'
-- a run, and one with nothing to do
\! echo "SELECT version, outcome FROM migrator.apply('m/d')" | eval "$SAY"
\! echo "SELECT version, outcome FROM migrator.apply('m/d')" | eval "$SAY"
-- a failure: raise, continue, dry run
CALL files.write('m/d/3_c.sql', E'SELECT 1;\nSELECT 1/0;');
CALL files.write('m/d/4_d.sql', 'SELECT 4;');
\! echo "SELECT version, outcome FROM migrator.apply('m/d')" | eval "$SAY"
\! echo "SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue', dry_run => true)" | eval "$SAY"
\! echo "SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue')" | eval "$SAY"
-- switched off
\! echo "SET migrator.enabled = off; SELECT outcome, message FROM migrator.apply('m/d')" | eval "$SAY"
-- the log's lines, sent to the client for once
\! echo "SET client_min_messages = log; SET migrator.log_level = log; SELECT version FROM migrator.apply('m/d', 'other', target => '1')" | eval "$SAY" | grep '^LOG:  migrator'
\! echo "SET client_min_messages = log; SET migrator.log_level = debug1; SELECT version FROM migrator.apply('m/d', 'third', target => '1')" | eval "$SAY" | grep -c '^LOG:  migrator'
-- more locks than the lock table has room for: told before it runs
SELECT 'SELECT 1/0; ' || string_agg(format('CREATE TABLE app.t%s(i int PRIMARY KEY, t text);', i), ' ') AS script FROM generate_series(1, 20000) i \gset
CALL files.make('m/d', '1_a.sql', :'script');
\! echo "SET log_min_messages = error; SELECT outcome FROM migrator.apply('m/d', 'many', dry_run => true)" | eval "$SAY" | sed -n -E '/^WARNING|^HINT|^ERROR/s/[0-9]{2,}/N/gp'
