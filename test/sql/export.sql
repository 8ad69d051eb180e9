-- export(): the record as SQL. Into another database it goes in a TAP test.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.up.sql', E'CREATE TABLE a();\n', '1_a.down.sql', E'DROP TABLE a; -- it''s \\ gone\n', '2_b.up.sql', 'SELECT 1/0;');
CALL migrator.up('m/d', 'it-is', environment => 'test');
CALL migrator.up('m/d', 'other', target => '1', options => '{"verbose": false, "force": true}') \gset
SELECT migrator.baseline('m/d', 'other2', '1');
CREATE TABLE files.lines AS SELECT row_number() OVER () AS n, line FROM migrator.export() line;
-- its shape, without what differs each time
SELECT regexp_replace(regexp_replace(regexp_replace(line, '\n.*', ''), '(client_encoding =) .*', '\1 E'),
                      'migrator [0-9.a-z]+ has on record, from database \w+', 'migrator V has on record, from database D') AS line
  FROM files.lines WHERE line NOT LIKE 'INSERT%' ORDER BY n;
SELECT DISTINCT substring(line, '^INSERT INTO (\S+)') FROM files.lines WHERE line LIKE 'INSERT%' ORDER BY 1;
SELECT count(*) = (SELECT count(*) FROM migrator.history WHERE service = 'it-is') AS history
  FROM migrator.export('it-is') line WHERE line LIKE 'INSERT INTO migrator.history%';
SELECT count(*) FROM migrator.export('nobody');
CREATE TABLE files.migrations AS SELECT * FROM migrator.migrations;
CREATE TABLE files.history AS SELECT * FROM migrator.history;
CREATE TABLE files.runs AS SELECT * FROM migrator.runs;
CREATE TABLE files.state AS SELECT * FROM migrator.service_state;
-- where there is a record it is refused
\set ECHO none
SET client_min_messages = error;
SELECT line FROM files.lines ORDER BY n \gexec
ROLLBACK;
\set ECHO all
TRUNCATE migrator.migrations, migrator.history, migrator.runs, migrator.service_state;
SET datestyle = 'German';
\set ECHO none
SET client_min_messages = warning;
\pset tuples_only
SELECT line FROM files.lines ORDER BY n \gexec
\pset tuples_only
\set ECHO all
RESET datestyle;
-- all is there again, with other numbers of runs where those were taken
SELECT count(*) FROM (TABLE files.migrations EXCEPT TABLE migrator.migrations) d;
SELECT count(*) FROM (SELECT to_jsonb(h) - 'id' FROM files.history h EXCEPT SELECT to_jsonb(h) - 'id' FROM migrator.history h) d;
SELECT count(*) FROM (SELECT to_jsonb(r) - 'progress_handle' FROM files.runs r EXCEPT SELECT to_jsonb(r) - 'progress_handle' FROM migrator.runs r) d;
SELECT count(*) FROM (TABLE files.state EXCEPT TABLE migrator.service_state) d;
SELECT version, state, error_message FROM migrator.migrations WHERE service = 'it-is' ORDER BY 1;
-- the next run has a number of its own, and the way back its script
CALL migrator.down('m/d', 'it-is', steps => 1, options => '{"verbose": false}') \gset
SELECT :'result'::jsonb->>'outcome' AS outcome, (:'result'::jsonb->>'run_id')::int > max(run_id) AS new FROM files.runs;
-- who may not read the tables exports nothing
CREATE ROLE regress_migrator_reader;
SET ROLE regress_migrator_reader;
SELECT migrator.export();
RESET ROLE;
GRANT EXECUTE ON FUNCTION migrator.export TO regress_migrator_reader;
SET ROLE regress_migrator_reader;
SELECT migrator.export();
RESET ROLE;
DROP OWNED BY regress_migrator_reader;
DROP ROLE regress_migrator_reader;
CALL files.forget();
-- nor does the name of the database run anything
SELECT current_database() AS database \gset
\set evil 'regression_migrator\n\\echo run'
CREATE DATABASE :"evil";
\c :"evil"
CREATE EXTENSION migrator;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE line ~ '^.echo') AS run FROM migrator.export() e, regexp_split_to_table(e, '\n') line;
\c :"database"
DROP DATABASE :"evil";
